"""The language-neutral vectors, run by wxsim's own cryptography."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wxsim import crypto
from wxsim.errcodes import TEXTS, Refusal
from wxsim.server.door import refuse
from wxsim.world import World

VECTORS = Path(__file__).parents[2] / "vectors"


def cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of a vector file."""
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    return found


def by_id(case: dict[str, Any]) -> str:
    """Name a case in pytest's output."""
    return str(case.get("id", case.get("errcode")))


@pytest.mark.parametrize("case", cases("open_data"), ids=by_id)
def test_open_data(case: dict[str, Any]) -> None:
    """Open data opens, or is refused, as the vector says."""
    arguments = (case["session_key"], case["iv"], case["encrypted_data"], case.get("appid", ""))
    if case["outcome"] == "refused":
        with pytest.raises(ValueError, match=r"."):
            crypto.open_data(*arguments)
    else:
        assert crypto.open_data(*arguments) == case["payload"]


@pytest.mark.parametrize("case", [case for case in cases("open_data") if case["outcome"] == "opens"], ids=by_id)
def test_open_data_is_produced(case: dict[str, Any]) -> None:
    """Sealing the plaintext again gives the vector's ciphertext, byte for byte."""
    plain = crypto.unseal(case["session_key"], case["iv"], case["encrypted_data"])
    again = crypto.seal(case["session_key"], base64.b64decode(case["iv"]), plain)
    assert again == case["encrypted_data"]


@pytest.mark.parametrize("case", cases("raw_data_signature"), ids=by_id)
def test_raw_data_signature(case: dict[str, Any]) -> None:
    """The signature over rawData is the vector's."""
    signature = crypto.raw_data_signature(case["session_key"], case["raw_data"])
    assert signature == case["expect"]["signature"]


@pytest.mark.parametrize("case", cases("session_signature"), ids=by_id)
def test_session_signature(case: dict[str, Any]) -> None:
    """The user login-state signature is the vector's and not the decoded key's."""
    signature = crypto.session_signature(case["session_key"], case["message"].encode())
    assert signature == case["expect"]["signature"]
    assert signature != case["expect"].get("not")


@pytest.mark.parametrize("case", cases("encrypted_msg_hash"), ids=by_id)
def test_encrypted_msg_hash(case: dict[str, Any]) -> None:
    """The hash is of the base64 text and not of the bytes."""
    digest = crypto.encrypted_msg_hash(case["encrypted_data"])
    assert digest == case["expect"]["encrypted_msg_hash"]
    assert digest != case["expect"].get("not")


PUBLISHED = [
    case
    for case in cases("errcodes")
    if case["errcode"] in TEXTS and not case["errmsg"].startswith("(") and "<ip>" not in case["errmsg"]
]


def test_most_texts_are_published() -> None:
    """The comparison below is no empty one."""
    assert len(PUBLISHED) > 25


@pytest.mark.parametrize("case", PUBLISHED, ids=by_id)
def test_errcode_texts(case: dict[str, Any]) -> None:
    """Every text that WeChat publishes is the text wxsim gives."""
    assert TEXTS[case["errcode"]] == case["errmsg"]


@pytest.mark.parametrize("case", cases("rid"), ids=by_id)
def test_rid(case: dict[str, Any]) -> None:
    """A request id made at the vector's time begins as the vector's does."""
    text = case.get("rid") or case["rid_first_group"]
    response, rid = refuse(World(), "/cgi-bin/token", Refusal(-1), case["expect"]["unix_seconds"] + 0.5)
    assert rid[:8] == text[:8]
    assert msgspec.json.decode(response.body)["errmsg"] == f"system error rid: {rid}"
