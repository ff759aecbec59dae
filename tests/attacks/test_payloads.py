"""Plaintexts that WeChat never wrote, sealed with the right key: each must be refused by what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from menjin.errors import StaleSessionKey
from menjin.wechat.open_data_kinds import OpenDataKind
from support.lenient_reader import read_leniently
from support.sealing import (
    APPID,
    KEY,
    NOW,
    OPENID,
    PHONE_INFO,
    SAMPLE_IV,
    UNIONID,
    USER_INFO,
    Sealed,
    load_cases,
    open_sealed,
    seal,
    seal_blocks,
    seal_payload,
    to_json,
)

STAMP: int = USER_INFO["watermark"]["timestamp"]
KINDS: tuple[OpenDataKind, ...] = get_args(OpenDataKind)
PROFILE = {name: value for name, value in USER_INFO.items() if name not in {"openId", "unionId"}}


def refused(sealed: Sealed, kind: OpenDataKind) -> bool:
    """Whether the library refuses; any error but StaleSessionKey fails the test."""
    try:
        open_sealed(sealed, kind)
    except StaleSessionKey:
        return True
    return False


def marked(**watermark: object) -> dict[str, object]:
    """Return the sample with another watermark."""
    return {**USER_INFO, "watermark": {**USER_INFO["watermark"], **watermark}}


TEXT = to_json(USER_INFO).decode()
PHONE_TEXT = to_json(PHONE_INFO).decode()
TWICE: dict[str, tuple[OpenDataKind, str]] = {
    "a name at the top": ("user_info", '{"openId":"oAAAAAAAAAAAAAAAAAAAAAAAAAAA",' + TEXT[1:]),
    "the same name escaped": ("user_info", '{"\\u006fpenId":"oAAAAAAAAAAAAAAAAAAAAAAAAAAA",' + TEXT[1:]),
    "the watermark": ("user_info", '{"watermark":{"appid":"x","timestamp":1},' + TEXT[1:]),
    "inside the watermark": ("user_info", TEXT.replace('"timestamp":', '"appid":"x","timestamp":')),
    "the same value twice": ("user_info", '{"nickName":"Band",' + TEXT[1:]),
    "a number": ("phone", '{"phoneNumber":"+8613900000000",' + PHONE_TEXT[1:]),
}


@pytest.mark.parametrize("case", TWICE)
def test_a_name_that_stands_twice_is_refused(case: str) -> None:
    """Whether the first or the last would count: neither does. CONTROL: the lenient reader takes the last."""
    kind, text = TWICE[case]
    assert refused(seal(text.encode()), kind)
    assert read_leniently(seal(text.encode())) is not None


def test_a_payload_of_one_kind_is_refused_at_every_other_door() -> None:
    """User info, numbers, groups and steps open at their own door or at none. CONTROL: a lenient one opens all."""
    for case in load_cases("open_data"):
        if case["outcome"] != "opens":
            continue
        payload = {**case["payload"], "watermark": USER_INFO["watermark"]}
        payload |= {"openId": OPENID} if "openId" in payload else {}
        sealed = seal_payload(payload)
        for kind in KINDS:
            of_its_kind = case["payload_kind"] == kind or (kind == "user_info" and "userprofile" in case["id"])
            assert refused(sealed, kind) != of_its_kind, case["id"]
        assert read_leniently(sealed) == payload


@pytest.mark.parametrize("foreign", ["openGId", "opengid", "open_single_roomid", "stepInfoList", "activityId"])
def test_a_key_of_another_kind_spoils_a_payload(foreign: str) -> None:
    """What names a key of another kind is refused; a key nobody knows yet is let through."""
    assert refused(seal_payload({**USER_INFO, foreign: "x"}), "user_info")
    assert refused(seal_payload({**PHONE_INFO, foreign: "x"}), "phone")
    assert refused(seal_payload({**USER_INFO, "phoneNumber": "13800138000"}), "user_info")
    assert refused(seal_payload({**PHONE_INFO, "nickName": "x"}), "phone")
    assert not refused(seal_payload({**USER_INFO, "newKey": [1, {"a": None}]}), "user_info")
    assert not refused(seal_payload({**PHONE_INFO, "newKey": "x"}), "phone")


@pytest.mark.parametrize(
    "appid", ["wx4f4bc4dec97d474c", "WX4F4BC4DEC97D474B", APPID + "\n", APPID + " ", "", None, 1, [APPID], {}]
)
def test_a_watermark_of_another_app_is_refused(appid: object) -> None:
    """watermark.appid is the session's app to the letter."""
    assert refused(seal_payload(marked(appid=appid)), "user_info")


@pytest.mark.parametrize("watermark", [None, [], "x", 1, {}, {"appid": APPID}, {"timestamp": STAMP}])
def test_a_watermark_that_is_none_is_refused(watermark: object) -> None:
    """Missing, of another type, or half: refused."""
    assert refused(seal_payload({**USER_INFO, "watermark": watermark}), "user_info")
    assert refused(seal_payload({name: v for name, v in USER_INFO.items() if name != "watermark"}), "user_info")


def test_a_timestamp_of_another_type_or_size_is_refused() -> None:
    """Whole seconds, as a number: neither a bool, a float, a text, milliseconds, nor 4,000 digits."""
    wrong = (True, False, float(STAMP), str(STAMP), None, [STAMP], STAMP * 1000, -STAMP, 0, 2**63)
    for timestamp in (*wrong, 10**400, -(10**4000)):
        assert refused(seal_payload(marked(timestamp=timestamp)), "user_info")
    second_one = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert open_sealed(seal_payload(marked(timestamp=1)), "user_info", now=second_one)
    with pytest.raises(StaleSessionKey):
        open_sealed(seal_payload(marked(timestamp=True)), "user_info", now=second_one)


@pytest.mark.parametrize(("off", "opens"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_the_timestamp_may_lie_five_minutes_off(off: int, opens: bool) -> None:  # noqa: FBT001 - a table's column
    """To the second, either way."""
    assert refused(seal_payload(marked(timestamp=STAMP + off)), "user_info") is not opens


def test_five_minutes_end_between_two_seconds() -> None:
    """A microsecond past five minutes is past."""
    sealed = seal_payload(USER_INFO)
    assert open_sealed(sealed, "user_info", now=NOW + timedelta(minutes=5))
    for now in (NOW + timedelta(minutes=5, microseconds=1), NOW - timedelta(minutes=5, microseconds=1)):
        with pytest.raises(StaleSessionKey):
            open_sealed(sealed, "user_info", now=now)


@pytest.mark.parametrize(
    "openid",
    ["o" + "B" * 27, OPENID.lower(), OPENID + "\n", OPENID + " ", " " + OPENID, "", None, 1, True, [OPENID], {}],
)
def test_the_openid_of_another_is_refused(openid: object) -> None:
    """openId, if there, is the session's to the letter. CONTROL: the lenient reader hands it over."""
    sealed = seal_payload({**USER_INFO, "openId": openid})
    assert refused(sealed, "user_info")
    assert read_leniently(sealed, appid=APPID) is not None


def test_a_unionid_counts_beside_the_openid_only() -> None:
    """UnionId without openId is refused; neither of them is fine, as in getUserProfile."""
    assert refused(seal_payload({**PROFILE, "unionId": UNIONID}), "user_info")
    assert not refused(seal_payload(PROFILE), "user_info")
    assert not refused(seal_payload({**PROFILE, "openId": OPENID}), "user_info")
    for unionid in (None, "", 1, "short", "o" * 65, UNIONID + "\n", ["x"]):
        assert refused(seal_payload({**USER_INFO, "unionId": unionid}), "user_info")


def test_steps_are_days_with_a_time_and_a_count() -> None:
    """Whole numbers that can be; a month of days, and no more than two."""
    day = {"timestamp": 1637596800, "step": 5000}
    mark = {"watermark": USER_INFO["watermark"]}
    assert not refused(seal_payload({"stepInfoList": [day] * 31, **mark}), "werun")
    assert not refused(seal_payload({"stepInfoList": [], **mark}), "werun")
    wrongs: list[object] = [None, "1", 1.0, True, -1, 10**400, [], 1 << 34]
    for wrong in wrongs:
        for name in day:
            assert refused(seal_payload({"stepInfoList": [day, {**day, name: wrong}], **mark}), "werun")
    lists: list[object] = [None, {}, [day] * 63, [[]], ["x"], [{"step": 1}]]
    for steps in lists:
        assert refused(seal_payload({"stepInfoList": steps, **mark}), "werun")


@pytest.mark.parametrize("name", ["nickName", "gender", "city", "province", "country", "avatarUrl"])
def test_every_documented_key_must_be_there_with_its_type(name: str) -> None:
    """Without one, or with another type, it is no user info."""
    assert refused(seal_payload({key: v for key, v in USER_INFO.items() if key != name}), "user_info")
    wrong: tuple[Any, ...] = ("1", 1.0, True, None, [1]) if name == "gender" else (1, True, None, ["x"], {})
    for value in wrong:
        assert refused(seal_payload({**USER_INFO, name: value}), "user_info")


def phone(written: object, pure: object, country: object) -> Sealed:
    """Seal a phone payload."""
    return seal_payload({**PHONE_INFO, "phoneNumber": written, "purePhoneNumber": pure, "countryCode": country})


@pytest.mark.parametrize(
    ("written", "pure", "country"),
    [
        ("13580006666", "13580006666", "86"),
        ("13580006666", "13580006666", 86),
        ("+8613580006666", "13580006666", "86"),
        ("8613580006666", "13580006666", 86),
        ("+85291234567", "91234567", "852"),
        ("+852 91234567", "91234567", 852),
        ("852-9123-4567", "91234567", "852"),
        ("+12025550123", "2025550123", "1"),
    ],
)
def test_every_known_form_of_a_phone_number_opens(written: str, pure: str, country: object) -> None:
    """CountryCode as text or number; foreign numbers with and without +, blank or hyphen."""
    assert not refused(phone(written, pure, country), "phone")


@pytest.mark.parametrize(
    ("written", "pure", "country"),
    [
        ("13580006667", "13580006666", "86"),
        ("+85213580006666", "13580006666", "86"),
        ("+13580006666", "13580006666", "86"),
        ("+8613580006666", "8613580006666", "86"),
        ("13580006666", "13580006666", "086"),
        ("13580006666", "13580006666", "+86"),
        ("13580006666", "13580006666", ""),
        ("13580006666", "13580006666", 0),
        ("13580006666", "13580006666", -86),
        ("13580006666", "13580006666", 86.0),
        ("13580006666", "13580006666", True),
        ("13580006666", "13580006666", None),
        ("13580006666", "13580006666", 86000),
        ("13580006666", "13580006666", "８６"),
        ("１３５８０００６６６６", "13580006666", "86"),
        ("١٣٥٨٠٠٠٦٦٦٦", "١٣٥٨٠٠٠٦٦٦٦", "86"),
        ("13580006666\n", "13580006666", "86"),
        ("13580006666", "13580006666\n", "86"),
        ("13580006666", "13580006666", "86\n"),
        ("++8613580006666", "13580006666", "86"),
        ("+86  13580006666", "13580006666", "86"),
        ("+8613580006666;ext=1", "13580006666", "86"),
        (13580006666, 13580006666, 86),
        ("13580006666", 13580006666, "86"),
        (None, "13580006666", "86"),
        (["13580006666"], "13580006666", "86"),
        ("135", "135", "86"),
        ("", "", "86"),
    ],
)
def test_a_phone_number_that_contradicts_itself_is_refused(written: object, pure: object, country: object) -> None:
    """The three keys must agree, each in its own type and in ASCII digits."""
    assert refused(phone(written, pure, country), "phone")


def test_no_phone_number_keeps_the_judge_busy() -> None:
    """Texts that make a careless pattern try for ever are refused at once, as are numbers of 4,000 digits."""
    for written in ("1" * 40 + "x", "1" * 40_000 + "x", "1 " * 20_000 + "x", "1" * 40_000):
        assert refused(phone(written, "13580006666", "86"), "phone")
    assert refused(phone("1" * 20_000, "1" * 20_000, "86"), "phone")
    assert refused(phone("13580006666", "13580006666", 10**4000), "phone")


def test_a_phone_payload_lacks_nothing() -> None:
    """Each of the three keys is needed. CONTROL: a lenient reader takes what is left."""
    for name in ("phoneNumber", "purePhoneNumber", "countryCode"):
        sealed = seal_payload({key: value for key, value in PHONE_INFO.items() if key != name})
        assert refused(sealed, "phone")
        assert read_leniently(sealed, appid=APPID) is not None


NOT_JSON = {
    "lone surrogate": TEXT.replace("Band", "\\ud800").encode(),
    "lone surrogate in a name": TEXT.replace("language", "\\udc00").encode(),
    "trailing object": (TEXT + "{}").encode(),
    "trailing NUL": (TEXT + "\x00").encode(),
    "trailing comma": (TEXT[:-1] + ",}").encode(),
    "BOM": b"\xef\xbb\xbf" + TEXT.encode(),
    "UTF-16": TEXT.encode("utf-16"),
    "GBK": TEXT.replace("Band", "微信").encode("gbk"),
    "overlong UTF-8": TEXT.encode().replace(b"Band", b"\xc0\xae"),
    "NaN": TEXT.replace('"gender":1', '"gender":NaN').encode(),
    "Infinity": TEXT.replace('"gender":1', '"gender":1,"x":-Infinity').encode(),
    "1e999": TEXT.replace('"gender":1', '"gender":1,"x":1e999').encode(),
    "control character": TEXT.replace("Band", "Ba\nnd").encode(),
    "list": f"[{TEXT}]".encode(),
    "text": b'"' + TEXT.encode().replace(b'"', b"'") + b'"',
    "null": b"null",
    "nothing": b"",
    "brackets": b"[" * 40_000,
    "nested": TEXT.replace('"gender":1', '"gender":1,"x":' + "[" * 9000 + "]" * 9000).encode(),
    "digits": TEXT.replace('"gender":1', '"gender":' + "1" * 5000).encode(),
}


@pytest.mark.parametrize("case", NOT_JSON)
def test_what_is_no_strict_json_is_refused(case: str) -> None:
    """One answer for every fault of the text."""
    assert refused(seal(NOT_JSON[case]), "user_info")


def test_control_a_lenient_reader_takes_texts_that_are_no_strict_json() -> None:
    """CONTROL: bad UTF-8, lone surrogates, NaN and control characters do not stop the lenient reader."""
    for case in ("lone surrogate", "GBK", "overlong UTF-8", "NaN", "1e999", "control character"):
        assert read_leniently(seal(NOT_JSON[case]), appid=APPID) is not None


def paddings() -> list[bytes]:
    """Return the sample with every padding that is not PKCS#7, its text unharmed."""
    text = to_json(USER_INFO)
    text = text.replace(b'"Band"', b'"' + b"B" * (16 + (-len(text) - 5) % 16) + b'"')  # 5 bytes are left to pad
    count = 16 - len(text) % 16
    wrong = [bytes([byte]) * (count - 1) + bytes([count]) for byte in range(256) if byte != count]
    blanks = text + b" " * count
    return [text + tail for tail in wrong] + [blanks + bytes(15) + b"\x10", blanks + b"\x20" * 32, blanks + bytes(16)]


def test_every_byte_of_the_padding_counts() -> None:
    """1 to 16, each byte the same: anything else is refused. CONTROL: by the last byte alone, all but two pass."""
    for padded in paddings():
        assert refused(seal_blocks(padded), "user_info")
    passed = [read_leniently(seal_blocks(padded), appid=APPID) for padded in paddings()]
    assert sum(payload is not None for payload in passed) > 250


def test_another_key_opens_nothing() -> None:
    """Neither a wrong key, nor one that is no key."""
    sealed = seal_payload(USER_INFO)
    assert open_sealed(sealed, "user_info", key=KEY) == USER_INFO
    for key in ("HyVFkGl5F5OQWJZZaNzBBg==", "", "AA==", "é", "not base64", KEY + "\n", KEY * 2):
        with pytest.raises(StaleSessionKey):
            open_sealed(sealed, "user_info", key=key)
    assert sealed.iv == SAMPLE_IV
