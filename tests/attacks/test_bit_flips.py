"""Every single bit of WeChat's own sample, flipped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from menjin.errors import StaleSessionKey
from menjin.wechat.open_data_kinds import OpenDataKind, meets_schema
from support.lenient_reader import read_leniently
from support.sealing import (
    APPID,
    OFFICIAL,
    OPENID,
    PHONE_INFO,
    UNIONID,
    Sealed,
    flips,
    open_sealed,
    seal_payload,
    sealed_of,
)

SAMPLE = sealed_of(OFFICIAL)


def accepted(sealed: Sealed, kind: OpenDataKind) -> list[Mapping[str, Any]]:
    """Return what the library accepts of all flips; any error but StaleSessionKey fails the test."""
    found = []
    for changed in flips(sealed):
        try:
            found.append(open_sealed(changed, kind))
        except StaleSessionKey:
            continue
    return found


def test_wechats_own_sample_opens_to_band() -> None:
    """The published ciphertext opens, and nothing of it is lost."""
    assert open_sealed(SAMPLE, "user_info")["nickName"] == "Band"
    assert open_sealed(SAMPLE, "user_info") == OFFICIAL["payload"]


def test_every_flip_of_the_sample_is_refused_or_without_effect() -> None:
    """Of 3,328 flips none changes openId, unionId or watermark.appid, and none breaks the schema unseen."""
    assert sum(1 for _ in flips(SAMPLE)) == 8 * (16 + 400)
    for payload in accepted(SAMPLE, "user_info"):
        assert payload["openId"] == OPENID
        assert payload["unionId"] == UNIONID
        assert payload["watermark"]["appid"] == APPID
        assert meets_schema("user_info", payload)


def test_no_flip_makes_the_sample_a_phone_number() -> None:
    """At the phone door every flip of the user info sample is refused."""
    assert accepted(SAMPLE, "phone") == []


def test_every_flip_of_a_phone_ciphertext_is_refused_or_without_effect() -> None:
    """No flip of a phone ciphertext, in WeChat's order of keys, yields another number, country or app."""
    for payload in accepted(seal_payload(PHONE_INFO), "phone"):
        assert {**payload, "watermark": None} == {**PHONE_INFO, "watermark": None}
        assert payload["watermark"]["appid"] == APPID


def test_control_a_lenient_reader_takes_another_persons_openid() -> None:
    """CONTROL: flips of the iv change openId for a lenient reader, with the watermark intact; so do other flips."""
    read = [payload for changed in flips(SAMPLE) if (payload := read_leniently(changed, appid=APPID))]
    assert any(payload.get("openId", OPENID) != OPENID for payload in read)
    assert any(payload.get("unionId") != UNIONID for payload in read)
    assert len(read) > 1000
