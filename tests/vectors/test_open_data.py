"""vectors/open_data.json through the library: by mechanics, and by kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from menjin.errors import OpenDataInvalid, StaleSessionKey
from menjin.strict_json import read_object
from menjin.values import AppId, OpenId, Secret
from menjin.wechat import opendata
from menjin.wechat.open_data_kinds import OpenDataKind
from menjin.wechat.opendata import Expected, open_ciphertext, parse_ciphertext
from support.sealing import load_cases

CASES = load_cases("open_data")
BEFORE_THE_KEY = {"iv_length", "ciphertext_length"}


def cases(outcome: str) -> list[Any]:
    """Return the cases of an outcome as parameters."""
    return [pytest.param(case, id=case["id"]) for case in CASES if case["outcome"] == outcome]


def expected(case: dict[str, Any], kind: Any, **changes: Any) -> Expected:  # noqa: ANN401 - a vector's values
    """Return what a case's payload must be held against: its own app, person and time."""
    payload = case.get("payload", {})
    stamp = payload.get("watermark", {}).get("timestamp", 1477314187)
    openid = payload.get("openId", "oGZUI0egBJY1zhBYw2KhdUfwVJJE")
    values = {"appid": case.get("appid", "wx4f4bc4dec97d474b"), "openid": openid, "now": stamp, **changes}
    now = datetime.fromtimestamp(values["now"], UTC)
    return Expected(kind, AppId(values["appid"]), OpenId(values["openid"]), now)


@pytest.mark.parametrize("case", cases("opens"))
def test_the_plaintext_is_the_payload(case: dict[str, Any]) -> None:
    """By mechanics alone (key, iv, padding, UTF-8, JSON) every opening case gives its payload."""
    ciphertext = parse_ciphertext(case["encrypted_data"], case["iv"])
    plaintext = opendata._unpad(opendata._decrypt(ciphertext, Secret(case["session_key"])))
    assert read_object(plaintext) == case["payload"]


@pytest.mark.parametrize("kind", get_args(OpenDataKind))
@pytest.mark.parametrize("case", cases("opens"))
def test_a_payload_opens_at_the_door_of_its_kind_only(case: dict[str, Any], kind: Any) -> None:  # noqa: ANN401 - a literal
    """With the clock at the watermark it opens as its own kind; as another, for another app, or late: refused."""
    ciphertext, key = parse_ciphertext(case["encrypted_data"], case["iv"]), Secret(case["session_key"])
    if case["payload_kind"] != kind:
        with pytest.raises(StaleSessionKey):
            open_ciphertext(ciphertext, key, expected(case, kind))
        return
    assert open_ciphertext(ciphertext, key, expected(case, kind)) == case["payload"]
    stamp = case["payload"]["watermark"]["timestamp"]
    for change in ({"appid": "wx0000000000000000"}, {"now": stamp + 301}, {"now": stamp - 301}):
        with pytest.raises(StaleSessionKey):
            open_ciphertext(ciphertext, key, expected(case, kind, **change))


@pytest.mark.parametrize("kind", get_args(OpenDataKind))
@pytest.mark.parametrize("case", cases("refused"))
def test_a_refused_case_is_refused_on_the_right_side_of_the_key(case: dict[str, Any], kind: Any) -> None:  # noqa: ANN401 - a literal
    """Faults of form are told before the key is used; all others, a bad key included, are StaleSessionKey."""
    key = Secret(case["session_key"])
    if case["stage"] in BEFORE_THE_KEY:
        with pytest.raises(OpenDataInvalid):
            parse_ciphertext(case["encrypted_data"], case["iv"])
        return
    ciphertext = parse_ciphertext(case["encrypted_data"], case["iv"])
    with pytest.raises(StaleSessionKey):
        open_ciphertext(ciphertext, key, expected(case, kind))


def test_the_cases_reach_every_stage() -> None:
    """CONTROL: there are cases of each outcome, kind and stage, so that none of the tests above is empty."""
    stages = {case["stage"] for case in CASES if case["outcome"] == "refused"}
    assert stages >= {"key_length", "unpad", "json_or_utf8", "watermark_appid"} | BEFORE_THE_KEY
    assert {case["payload_kind"] for case in CASES if case["outcome"] == "opens"} >= {
        "user_info",
        "phone",
        "share_info",
        "werun",
        None,
    }
