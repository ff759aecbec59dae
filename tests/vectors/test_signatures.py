"""The other vectors through the library. CONTROL in each: what a wrong reading would give differs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import unquote

import pytest

from menjin.errors import StaleSessionKey
from menjin.values import Secret
from menjin.wechat.errcodes import read_rid
from menjin.wechat.raw_data import open_raw_data
from menjin.wechat.signature import hash_encrypted_data, sign_raw_data, sign_session, verify_raw_data
from support.sealing import load_cases


def params(name: str) -> list[Any]:
    """Return the cases of a file as parameters."""
    return [pytest.param(case, id=case["id"]) for case in load_cases(name)]


@pytest.mark.parametrize("case", params("raw_data_signature"))
def test_raw_data(case: dict[str, Any]) -> None:
    """The signature is over the bytes as received and the key's text; user info so signed opens."""
    key, signature = Secret(case["session_key"]), case["expect"]["signature"]
    raw_data = unquote(case["url_encoded"]) if "url_encoded" in case else case["raw_data"]
    assert sign_raw_data(raw_data, key) == signature
    assert verify_raw_data(raw_data, signature, key)
    assert open_raw_data(raw_data, signature, key) == json.loads(case["raw_data"])
    for wrong in (signature[::-1], "", signature.upper(), signature + " "):
        assert not verify_raw_data(raw_data, wrong, key)


@pytest.mark.parametrize("case", [one for one in params("raw_data_signature") if "not" in one.values[0]["expect"]])
def test_control_raw_data_serialised_anew(case: dict[str, Any]) -> None:
    """CONTROL: who writes the JSON anew gets the other value, and is refused."""
    anew = json.dumps(json.loads(case["raw_data"]), separators=(",", ":"))
    signature = sign_raw_data(anew, Secret(case["session_key"]))
    assert signature == case["expect"]["not"] != case["expect"]["signature"]
    with pytest.raises(StaleSessionKey):
        open_raw_data(case["raw_data"], signature, Secret(case["session_key"]))


@pytest.mark.parametrize("case", params("session_signature"))
def test_session_signature(case: dict[str, Any]) -> None:
    """HMAC-SHA-256 keyed with the key's text; keyed with its bytes it differs."""
    message, key = case["message"].encode(), case["session_key"]
    assert sign_session(Secret(key), message) == case["expect"]["signature"]
    decoded = hmac.new(base64.b64decode(key), message, hashlib.sha256).hexdigest()
    assert decoded == case["expect"].get("not", decoded) != case["expect"]["signature"]


@pytest.mark.parametrize("case", params("encrypted_msg_hash"))
def test_encrypted_msg_hash(case: dict[str, Any]) -> None:
    """SHA-256 over the base64 text; over its bytes it differs."""
    assert hash_encrypted_data(case["encrypted_data"]) == case["expect"]["encrypted_msg_hash"]
    decoded = hashlib.sha256(base64.b64decode(case["encrypted_data"])).hexdigest()
    assert decoded == case["expect"]["not"] != case["expect"]["encrypted_msg_hash"]


@pytest.mark.parametrize("case", params("rid"))
def test_rid(case: dict[str, Any]) -> None:
    """A rid is found behind either separator, and its first group is the time of the call."""
    for errmsg in (f"invalid code, rid: {case['rid']}", f"quota limit hint: [x] rid: {case['rid']}"):
        found = read_rid(errmsg)
        assert found == case["rid"]
        assert found is not None
        assert int(found.split("-")[0], 16) == case["expect"]["unix_seconds"]
    for errmsg in ("ok", "", "rid: 617682E0-09059ac5-34a8e2ea", "rid: 617682e0-09059ac5", "rid 617682e0"):
        assert read_rid(errmsg) is None
