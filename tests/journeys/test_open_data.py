"""Encrypted data through the library: keys that rotate, keys that are spent, ciphertexts used twice."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from conftest import MakeHouse
from menjin.errors import OpenDataInvalid, StaleSessionKey
from menjin.login.results import UserInfo, WeRun
from support.doors import House
from wxsim import FIRST_APPID, Fault

RESET = "/wxa/resetusersessionkey"


def sign_in(house: House, person: str = "ming") -> str:
    """Return a session_token."""
    token: str = house.door.sign_in(FIRST_APPID, house.code(person)).session_token.reveal()
    return token


def tap(house: House, person: str = "ming") -> tuple[str, str]:
    """Return encrypted_data and iv of a phone tap."""
    event = house.world.phone(person).getPhoneNumber(tap=True)
    return event["encryptedData"], event["iv"]


def profile(house: House, person: str = "ming") -> dict[str, Any]:
    """Return the answer of wx.getUserInfo."""
    found: dict[str, Any] = house.world.phone(person).getUserInfo(withCredentials=True)
    return found


def garbage(number: int) -> tuple[str, str]:
    """Return a well-formed ciphertext that opens with no key, a different one for each number."""
    block = hashlib.sha256(number.to_bytes(4, "big")).digest()
    return base64.b64encode(block).decode(), base64.b64encode(bytes(16)).decode()


def spoil(house: House, token: str, numbers: range) -> None:
    """Send ciphertexts that do not open."""
    for number in numbers:
        with pytest.raises(StaleSessionKey):
            house.door.open_phone(token, *garbage(number))


def calls(house: House, path: str) -> int:
    """Return how often WeChat was asked at a path."""
    return sum(entry.path == path for entry in house.world.journal.entries)


def test_user_info_in_both_forms(house: House) -> None:
    """Encrypted, signed, or both: the same profile, typed, and no ids in it."""
    token, made = sign_in(house), profile(house)
    encrypted, signed = (made["encryptedData"], made["iv"]), (made["rawData"], made["signature"])
    for forms in ({"encrypted": encrypted}, {"signed": signed}, {"encrypted": encrypted, "signed": signed}):
        opened = house.door.open_data(token, "user_info", **forms)
        assert opened.data["nickName"] == "微信用户"
        assert isinstance(opened.value, UserInfo)
        assert opened.value.nick_name == "微信用户"
        assert not {"openId", "unionId", "watermark", "session_key"} & set(opened.data)


def test_a_signature_of_another_text_is_refused(house: House) -> None:
    """Changed raw data, another's, or a wrong signature: one answer."""
    token, made = sign_in(house), profile(house)
    for raw, signature in ((made["rawData"] + " ", made["signature"]), (made["rawData"], "0" * 40)):
        with pytest.raises(StaleSessionKey):
            house.door.open_data(token, "user_info", signed=(raw, signature))


def test_a_ciphertext_made_just_before_a_login_still_opens(house: House) -> None:
    """The key before the current one opens for ten minutes, then no more."""
    token = sign_in(house)
    house.advance(301)
    old, later = tap(house), tap(house)
    house.advance(1)
    sign_in(house)
    assert house.door.open_phone(token, *old).national_number == "13800138000"
    house.advance(600)
    with pytest.raises(StaleSessionKey):
        house.door.open_phone(token, *later)


def test_another_persons_ciphertext_does_not_open(house: House) -> None:
    """Hong's session does not open what was encrypted for Ming."""
    sign_in(house)
    with pytest.raises(StaleSessionKey):
        house.door.open_phone(sign_in(house, "hong"), *tap(house))


def test_a_ciphertext_is_opened_once_per_person(house: House) -> None:
    """The same session gets the same answer for ten minutes; another session, iv, kind or time is refused."""
    token, other = sign_in(house), sign_in(house)
    data, iv = tap(house)
    first = house.door.open_phone(token, data, iv)
    assert house.door.open_phone(token, data, iv) == first
    with pytest.raises(StaleSessionKey):
        house.door.open_phone(other, data, iv)
    with pytest.raises(StaleSessionKey):
        house.door.open_phone(token, data, "A" * 22 + "==")
    with pytest.raises(StaleSessionKey):
        house.door.open_data(token, "user_info", encrypted=(data, iv))
    house.advance(600)
    with pytest.raises(StaleSessionKey):
        house.door.open_phone(token, data, iv)


def test_repeating_a_bad_ciphertext_spends_nothing(house: House) -> None:
    """A client that retries blindly does not spend its key."""
    token = sign_in(house)
    for _ in range(20):
        spoil(house, token, range(1))
    assert house.door.open_phone(token, *tap(house))
    assert calls(house, RESET) == 0


def test_a_malformed_one_is_told_and_spends_nothing(house: House) -> None:
    """Before the key is used the fault is the caller's, and told."""
    token = sign_in(house)
    data, iv = tap(house)
    for bad in ((data[:-4], iv), (data, iv[:-4]), ("", iv), (data + "\n", iv), ("é" * 24, iv), (data, "")):
        for _ in range(2):
            with pytest.raises(OpenDataInvalid):
                house.door.open_phone(token, *bad)
    assert house.door.open_phone(token, data, iv)


def test_after_five_failures_the_key_is_replaced_at_once(house: House) -> None:
    """The fifth failure has WeChat replace the key; what is tapped afterwards opens."""
    token = sign_in(house)
    before = tap(house)
    spoil(house, token, range(4))
    assert calls(house, RESET) == 0
    spoil(house, token, range(4, 5))
    assert calls(house, RESET) == 1
    with pytest.raises(StaleSessionKey):
        house.door.open_phone(token, *before)
    assert house.door.open_phone(token, *tap(house))


def test_a_new_key_is_asked_for_once_a_minute(house: House) -> None:
    """Spending key after key brings no budget without end: five attempts a minute, whatever is logged in between."""
    token = sign_in(house)
    spoil(house, token, range(40))
    assert calls(house, RESET) == 1
    house.advance(61)
    spoil(house, token, range(40, 80))
    assert calls(house, RESET) == 2


def test_a_spent_key_stays_spent_over_logins(make_house: MakeHouse) -> None:
    """Where it cannot be replaced, a new login that is handed the same key again opens nothing with it."""
    house = make_house()
    house.world.fault(Fault(name="errcode", path=RESET, errcode=-1, times=None))
    token = sign_in(house)
    good = tap(house)
    spoil(house, token, range(5))
    token = sign_in(house)
    with pytest.raises(StaleSessionKey):
        house.door.open_phone(token, *good)


def test_successes_spend_nothing(house: House) -> None:
    """Any number of good ciphertexts opens, between some bad ones."""
    token = sign_in(house)
    for number in range(4):
        spoil(house, token, range(number, number + 1))
        for _ in range(3):
            assert house.door.open_phone(token, *tap(house))


def test_steps(house: House) -> None:
    """WeRun data is typed; at another kind's door it does not open."""
    token = sign_in(house)
    answer = house.world.phone("ming").call("getWeRunData", {}, tap=True)
    if not answer["errMsg"].endswith(":ok"):
        pytest.skip(f"wxsim has no steps: {answer['errMsg']}")
    opened = house.door.open_data(token, "werun", encrypted=(answer["encryptedData"], answer["iv"]))
    assert isinstance(opened.value, WeRun)


def test_different_ones_at_once_all_open(house: House) -> None:
    """Twelve taps in tasks or threads at once: each opens, and the budget is as whole as before."""
    token = sign_in(house)
    spoil(house, token, range(4))
    answers = house.door.at_once("open_phone", [(token, *tap(house)) for _ in range(12)])
    assert [answer.national_number for answer in answers] == ["13800138000"] * 12
    assert calls(house, RESET) == 0


def test_signed_data_at_once_all_verifies(house: House) -> None:
    """Eight signatures at once, with one attempt left: all hold."""
    token, made = sign_in(house), profile(house)
    spoil(house, token, range(4))
    signed = (made["rawData"], made["signature"])
    answers = house.door.at_once("open_data", [(token, "user_info")] * 8, signed=signed)
    assert [answer.data["nickName"] for answer in answers] == ["微信用户"] * 8


def test_one_at_once_of_several_sessions_opens_once(house: House) -> None:
    """The same session has the same answer however often it asks at once; of several sessions one is answered."""
    tokens, data = [sign_in(house) for _ in range(6)], tap(house)
    answers = house.door.at_once("open_phone", [(token, *data) for token in tokens])
    assert sum(not isinstance(answer, StaleSessionKey) for answer in answers) == 1
    again = house.door.at_once("open_phone", [(tokens[0], *tap(house))] * 8)
    assert again == [again[0]] * 8
    assert again[0].national_number == "13800138000"
