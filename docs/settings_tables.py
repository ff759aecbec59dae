"""The tables of operations/settings.md: every key of menjin.toml with the default and bounds its model has.

What a key means is written in settings_meanings.py; a key without a meaning, or the reverse, ends the build.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from settings_meanings import MEANINGS, SECTIONS

from menjin.service.limit_settings import RateSection
from menjin.service.settings import Settings

_KINDS = {bool: "`true`, `false`", int: "whole number", float: "number", str: "text", SecretStr: "text", Path: "path"}


def print_settings() -> str:
    """Return a heading, a sentence and a table for every section."""
    sections = list(_find_sections(Settings, ""))
    found = [name.strip("[]") for name, _ in sections]
    if found != list(SECTIONS):
        raise SystemExit(f"settings_meanings.py tells of {list(SECTIONS)}, the models have {found}")
    return "\n\n".join(_print_section(name, model) for name, model in sections)


def _find_sections(model: type[BaseModel], above: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the sections below a model, as TOML heads them, each before those within it."""
    for name, field in model.model_fields.items():
        section = _find_section(field)
        if section is not None:
            path = f"{above}{name}"
            yield (f"[[{path}]]" if get_origin(field.annotation) is list else f"[{path}]"), section
            yield from _find_sections(section, f"{path}.")


def _find_section(field: FieldInfo) -> type[BaseModel] | None:
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not RateSection:
            return kind
    return None


def _print_section(name: str, model: type[BaseModel]) -> str:
    path = name.strip("[]")
    keys = {key: field for key, field in model.model_fields.items() if _find_section(field) is None}
    meanings = MEANINGS.get(path, {})
    if set(keys) != set(meanings):
        raise SystemExit(f"[{path}]: settings_meanings.py has not the keys of the model: {set(keys) ^ set(meanings)}")
    head = f"### `{name}`\n\n{SECTIONS[path]}"
    if not keys:
        return head
    rows = [
        f"| `{key}` | {_print_default(field)} | {_print_kind(field)} | {meanings[key]} |" for key, field in keys.items()
    ]
    return "\n".join([head, "", "| key | default | may be | meaning |", "|---|---|---|---|", *rows])


def _print_default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    return "none" if default is None else f"`{_to_toml(default)}`"


def _to_toml(value: object) -> str:
    if isinstance(value, RateSection):
        return f"{{most = {value.most}, seconds = {value.seconds}}}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_to_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, SecretStr):
        return json.dumps(value.get_secret_value())
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)


def _print_kind(field: FieldInfo) -> str:
    kind = field.annotation
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    bounds = _print_bounds(field.metadata)
    return bounds if bounds and kind in (int, float) else _print_type(kind)


def _print_type(kind: Any) -> str:  # noqa: ANN401 - whatever a field is annotated with
    if get_origin(kind) is Annotated:
        return _print_type(get_args(kind)[0])
    if get_origin(kind) is Literal:
        return ", ".join(f"`{json.dumps(one)}`" for one in get_args(kind))
    if get_origin(kind) is list:
        return f"list of {_print_type(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return f"table of {_print_type(get_args(kind)[1])}"
    return "`{most, seconds}`" if kind is RateSection else _KINDS[kind]


def _print_bounds(metadata: list[Any]) -> str:
    words = []
    for one in metadata:
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
            if (limit := getattr(one, name, None)) is not None:
                words.append(f"{sign} {limit:,}")
    return ", ".join(words)
