"""No value that holds a secret shows it: repr, str, format, pickle, JSON, error text."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import json
import pickle
import pkgutil
import types
import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import menjin
from menjin import AesGcmVault, Secret, new_vault_key
from menjin.errors import HeldBack, TransportError, WeChatError

CANARY = "canary-5f3a9c"
# Fields that hold a secret or personal data as plain text, because the wire wants it so.
PLAIN_SECRETS = {
    "HttpRequest": ("query", "body"),
    "HttpResponse": ("body",),
    "Ciphertext": ("data", "iv"),
    "NewToken": ("token_hash",),
}
SHOWN_ON_PURPOSE = {"Secret"}


def modules() -> Iterator[types.ModuleType]:
    """Yield every module of menjin."""
    for found in pkgutil.walk_packages(menjin.__path__, "menjin."):
        yield importlib.import_module(found.name)


def dataclasses_of_menjin() -> dict[str, type[Any]]:
    """Return every dataclass menjin defines."""
    return {
        name: thing
        for module in modules()
        for name, thing in vars(module).items()
        if isinstance(thing, type) and dataclasses.is_dataclass(thing) and thing.__module__ == module.__name__
    }


DATACLASSES = dataclasses_of_menjin()


def fill(kind: type[Any]) -> Any:  # noqa: ANN401 - an instance of `kind`
    """Return an instance whose Secret fields, and those known to be plain secrets, are canaries."""
    hints = typing.get_type_hints(kind)
    made = object.__new__(kind)
    for part in dataclasses.fields(kind):
        object.__setattr__(made, part.name, sample(kind, part.name, hints[part.name]))
    return made


def sample(kind: type[Any], name: str, hint: object) -> object:
    """Return a value for a field."""
    if name in PLAIN_SECRETS.get(kind.__name__, ()):
        return ((CANARY, CANARY),) if name == "query" else CANARY.encode()
    if hint is Secret or Secret in typing.get_args(hint):
        return Secret(CANARY)
    nested = next((part for part in (hint, *typing.get_args(hint)) if dataclasses.is_dataclass(part)), None)
    if isinstance(nested, type):
        return fill(nested)
    plain: dict[object, object] = {datetime: datetime(2026, 1, 1, tzinfo=UTC), timedelta: timedelta(1), int: 1}
    return plain.get(hint, "x")


@pytest.mark.parametrize("kind", list(DATACLASSES.values()))
def test_no_dataclass_shows_what_is_secret_in_it(kind: type[Any]) -> None:
    """repr, str and format of any of menjin's values, filled with canaries, show none."""
    made = fill(kind)
    for text in (repr(made), str(made), f"{made}", f"{made!r:>20}"):
        assert CANARY not in text


def test_control_the_values_did_hold_canaries() -> None:
    """Control: the secrets that matter are among those values, and a careless value would have shown its own."""
    holding = {kind.__name__ for kind in DATACLASSES.values() if CANARY in reveal(fill(kind))}
    assert holding >= {"App", "IssuedSession", "SignedIn", "LoginExchange", "HeldKey", "HttpRequest", "HttpResponse"}

    @dataclasses.dataclass
    class Careless:
        app_secret: str

    assert CANARY in repr(Careless(CANARY))


def reveal(value: object) -> str:
    """Return everything a value holds, secrets in clear."""
    if isinstance(value, Secret):
        return value.reveal()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return "".join(reveal(getattr(value, part.name)) for part in dataclasses.fields(value))
    return repr(value)


def test_every_field_named_like_a_secret_is_one() -> None:
    """A field called app_secret, session_key, session_token or password is a Secret, never plain text."""
    telling = {"app_secret", "session_key", "session_token", "password", "access_token"}
    plain = [
        f"{name}.{part.name}"
        for name, kind in DATACLASSES.items()
        for part in dataclasses.fields(kind)
        if part.name in telling and typing.get_type_hints(kind)[part.name] is not Secret
    ]
    assert not plain


def test_a_secret_is_hidden_in_every_way_out() -> None:
    """repr, str, format, containers, JSON, pickle and copies through it: none shows the text."""
    secret = Secret(CANARY)
    for text in (repr(secret), str(secret), f"{secret}", f"{secret!s:>40}", f"{[secret]}", f"{ {'a': secret} }"):
        assert CANARY not in text
    for attempt in (pickle.dumps, json.dumps, copy.deepcopy):
        with pytest.raises(TypeError) as caught:
            attempt(secret)
        assert CANARY not in str(caught.value)
    assert "_text" not in repr(secret)
    assert not hasattr(secret, "__dict__")
    assert secret.reveal() == CANARY


def test_the_vault_shows_no_key() -> None:
    """Neither the vault nor what it seals shows a key."""
    key = new_vault_key()
    vault = AesGcmVault("k1", {"k1": key})
    assert key.reveal() not in repr(vault) + repr(vars(vault)) + vault.seal(CANARY.encode(), "place")
    assert CANARY not in vault.seal(CANARY.encode(), "place")


def test_errors_carry_wechats_number_and_never_its_text() -> None:
    """WeChat's errmsg may repeat what was sent: it is in no str() or repr() of the error."""
    for kind in WeChatError.__subclasses__():
        more = {"retry_after": timedelta(1)} if kind.__name__ == "QuotaExceeded" else {}
        error = kind(40029, f"invalid code {CANARY}", "6515357b-15f0e52f-024d7479", **more)
        assert CANARY not in f"{error} {error!r} {error.args}"
        assert "40029" in str(error)
    held_back = HeldBack(retry_after=timedelta(1))
    others = [kind() for kind in TransportError.__subclasses__() if kind is not HeldBack]
    assert all(CANARY not in f"{error} {error!r}" for error in (held_back, *others))
