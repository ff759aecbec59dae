"""What of a payload the page shows: secrets become marks, long texts their beginnings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from hops import Field

_SERVER = frozenset({"secret", "appsecret", "app_secret", "session_key", "access_token", "signature"})
_PHONE = frozenset({"session_token", "authorization", "bind_ticket"})
_PERSON = frozenset({"password"})
_DULL = frozenset({"errMsg", "request_id", "instance", "type", "cloudID", "grant_type"})
_KEEP = 40
_SHORT = 14
_MOST = 24


def fingerprint(secret: str) -> str:
    """Return a few characters that tell one secret from another and give nothing of it away."""
    return hashlib.sha256(secret.encode()).hexdigest()[:6]


def to_fields(payload: object, prefix: str = "") -> list[Field]:
    """Return a JSON document's values as they may be shown."""
    return list(_walk(payload, prefix))[:_MOST]


def read_body(body: bytes, content_type: str) -> object:
    """Return a body as JSON, or a word about its size and kind."""
    if not body:
        return {}
    if "json" in content_type or body[:1] in (b"{", b"["):
        try:
            return json.loads(body)
        except ValueError:
            pass
    return {"body": f"{content_type.split(';', maxsplit=1)[0] or 'data'}, {len(body)} B"}


def _walk(value: object, name: str) -> Iterator[Field]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _DULL:
                yield from _walk(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        yield Field(name or "[]", f"{len(value)} ×" if value else "[]")
        for index, inner in enumerate(value[:3]):
            if isinstance(inner, Mapping):
                yield from _walk(inner, f"{name}[{index}]")
    else:
        yield _show(name, value)


def _show(name: str, value: object) -> Field:
    last = name.rpartition(".")[2].lower()
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if last in _SERVER:
        return Field(name, f"#{fingerprint(text)}", "server")
    if last in _PHONE:
        return Field(name, f"#{fingerprint(text.removeprefix('Bearer '))}", "phone")
    if last in _PERSON:
        return Field(name, "•••", "person")
    return Field(name, text if len(text) <= _KEEP else f"{text[:_SHORT]}… ({len(text)})")
