"""A phone number by phone_code, through the library in both colours."""

from __future__ import annotations

import pytest

from menjin.errors import AppMisconfigured, LoginCodeAsPhoneCode, PhoneCodeInvalid, SessionInvalid, WeChatBusy
from support.doors import House
from wxsim import FIRST_APPID, Fault

PHONE = "/wxa/business/getuserphonenumber"
TOKEN = "/cgi-bin/stable_token"


def sign_in(house: House, person: str = "ming") -> str:
    """Return a session_token of a person."""
    token: str = house.door.sign_in(FIRST_APPID, house.code(person)).session_token.reveal()
    return token


def tap(house: House, person: str = "ming") -> str:
    """Return the phone_code of a person's tap."""
    code: str = house.world.phone(person).getPhoneNumber(tap=True)["code"]
    return code


def calls(house: House, path: str) -> int:
    """Return how often WeChat was asked at a path."""
    return sum(entry.path == path for entry in house.world.journal.entries)


def test_a_phone_code_gives_the_number(house: House) -> None:
    """The number comes on WeChat's word, as E.164; one access_token serves several calls."""
    token = sign_in(house)
    assert house.door.phone_by_code(token, tap(house)).phone_number == "+8613800138000"
    assert house.door.phone_by_code(token, tap(house)).national_number == "13800138000"
    assert calls(house, TOKEN) == 1


def test_a_phone_code_is_good_once_and_for_one_person(house: House) -> None:
    """A used, made-up, expired or another person's phone_code is phone_code_invalid."""
    ming, hong = sign_in(house), sign_in(house, "hong")
    used = tap(house)
    house.door.phone_by_code(ming, used)
    for token, code in ((ming, used), (ming, "f" * 64), (hong, tap(house)), (ming, ""), (ming, "é")):
        with pytest.raises(PhoneCodeInvalid):
            house.door.phone_by_code(token, code)
    late = tap(house)
    house.advance(301)
    with pytest.raises(PhoneCodeInvalid):
        house.door.phone_by_code(ming, late)


def test_a_login_code_in_its_place_is_named(house: House) -> None:
    """wx.login's code sent as phone_code is named as such, and stays good for a login."""
    token, code = sign_in(house), house.code()
    with pytest.raises(LoginCodeAsPhoneCode):
        house.door.phone_by_code(token, code)
    house.door.sign_in(FIRST_APPID, code)


def test_without_a_session_the_phone_code_is_not_spent(house: House) -> None:
    """A dead session is told before WeChat is asked; the same code works with a live one."""
    code = tap(house)
    with pytest.raises(SessionInvalid):
        house.door.phone_by_code("mjs_" + "A" * 43, code)
    assert calls(house, PHONE) == 0
    house.door.phone_by_code(sign_in(house), code)


def test_a_refused_access_token_is_renewed_once(house: House) -> None:
    """A token replaced elsewhere costs one renewal and one repetition; the person notices nothing."""
    token = sign_in(house)
    house.door.phone_by_code(token, tap(house))
    app = house.world.app(FIRST_APPID)
    body = {"grant_type": "client_credential", "appid": app.appid, "secret": app.secret, "force_refresh": True}
    house.world.post(TOKEN, body)
    assert house.door.phone_by_code(token, tap(house)).country_code == "86"
    assert calls(house, TOKEN) == 3


def test_an_access_token_refused_for_ever_is_one_clear_error(house: House) -> None:
    """40001 for ever: one renewal, one repetition, then an operator's matter; never a loop."""
    token = sign_in(house)
    for path in (PHONE, "/cgi-bin/get_api_domain_ip"):
        house.world.fault(Fault(name="errcode", path=path, errcode=40001, times=None))
    with pytest.raises(AppMisconfigured):
        house.door.phone_by_code(token, tap(house))
    assert calls(house, PHONE) == 2
    assert calls(house, TOKEN) == 2


def test_the_access_token_is_renewed_before_its_end(house: House) -> None:
    """Four minutes before its end another is fetched beside the requests; WeChat gives it in the last five."""
    token = sign_in(house)
    house.door.phone_by_code(token, tap(house))
    house.advance(7200 - 241)
    house.door.phone_by_code(token, tap(house))
    assert calls(house, TOKEN) == 1
    house.advance(2)
    for _ in range(3):
        house.door.phone_by_code(token, tap(house))
    assert calls(house, TOKEN) == 2


def test_a_busy_wechat_does_not_spend_the_phone_code(house: House) -> None:
    """An explicit -1 is repeated inside the deadline, then told; the code still works."""
    token, code = sign_in(house), tap(house)
    house.world.fault(Fault(name="errcode", path=PHONE, errcode=-1, times=3))
    with pytest.raises(WeChatBusy):
        house.door.phone_by_code(token, code)
    house.door.phone_by_code(token, code)
