"""User info that comes beside a login_code: opened before there is a session, and used up with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import MakeHouse
from menjin.errors import BindingRequired, OpenDataInvalid, Replaced, StaleSessionKey
from menjin.login.beside import Beside, ShownUserInfo
from menjin.login.results import UserInfo
from support.doors import APP, BOUND_APP, Colour, House, Storage
from support.sealing import APPID, KEY, OFFICIAL, OPENID, UNIONID, sealed_of
from support.stage import OPEN_APP, set_stage
from wxsim import FIRST_APPID


def show(house: House, person: str = "ming") -> tuple[str, ShownUserInfo]:
    """Return a fresh login_code, and the user info wx gives with it, in both forms."""
    code = house.code(person)
    made: dict[str, Any] = house.world.phone(person).getUserInfo(withCredentials=True)
    return code, ShownUserInfo((made["encryptedData"], made["iv"]), (made["rawData"], made["signature"]))


@pytest.mark.parametrize("forms", [("encrypted",), ("signed",), ("encrypted", "signed")])
def test_a_login_opens_its_own_user_info(make_house: MakeHouse, forms: tuple[str, ...]) -> None:
    """In either form or both, for an app that asks for a binding too; the session itself opens nothing there yet."""
    house = make_house(BOUND_APP)
    code, both = show(house)
    shown = ShownUserInfo(**{form: getattr(both, form) for form in forms})
    signed_in = house.door.sign_in(FIRST_APPID, code, beside=Beside(user_info=shown))
    assert signed_in.binding == "required"
    assert isinstance(signed_in.user_info.value, UserInfo)
    assert not {"openId", "unionId", "watermark"} & set(signed_in.user_info.data)
    assert house.heard.names() == ["signed_in", "data_opened"]
    for text in (repr(signed_in), repr(Beside(user_info=shown))):
        assert "nickName" not in text
        assert both.encrypted is not None
        assert both.encrypted[0] not in text
    with pytest.raises(BindingRequired):
        house.door.open_user_info(signed_in.session_token.reveal(), encrypted=both.encrypted)


def test_malformed_user_info_spends_no_code(house: House) -> None:
    """It is told before WeChat is asked; the same code logs in afterwards."""
    code, _ = show(house)
    with pytest.raises(OpenDataInvalid):
        house.door.sign_in(FIRST_APPID, code, beside=Beside(user_info=ShownUserInfo(("AAAA", "AAAA"))))
    assert house.door.sign_in(FIRST_APPID, code).user_info is None


def test_user_info_of_a_login_is_used_up(house: House) -> None:
    """No other login opens the ciphertext again, and no session: not even the one that came of it."""
    code, shown = show(house)
    signed_in = house.door.sign_in(FIRST_APPID, code, beside=Beside(user_info=shown))
    with pytest.raises(StaleSessionKey):
        house.door.sign_in(FIRST_APPID, house.code(), beside=Beside(user_info=shown))
    with pytest.raises(StaleSessionKey):
        house.door.open_user_info(signed_in.session_token.reveal(), encrypted=shown.encrypted)


def test_user_info_that_does_not_hold_makes_no_session_and_ends_none(make_house: MakeHouse) -> None:
    """Another's, with one session a person: the older session lives on. CONTROL: one's own takes its place."""
    house = make_house(replace(APP, devices="single"))
    before = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    _, others = show(house, "hong")
    code, own = show(house)
    with pytest.raises(StaleSessionKey):
        house.door.sign_in(FIRST_APPID, code, beside=Beside(user_info=others))
    assert len(house.door.list_sessions(before)[1]) == 1
    house.advance(1)
    house.door.sign_in(FIRST_APPID, house.code(), beside=Beside(user_info=own))
    with pytest.raises(Replaced):
        house.door.authenticate(before)


def test_a_unionid_in_it_is_noted(colour: Colour, storage: Storage, tmp_path: Path) -> None:
    """As with user data opened later, once the session stands; WeChat's own sample says one that the login did not."""
    stage = set_stage(colour, storage, tmp_path, (OPEN_APP,))
    stage.answers["code"] = {"openid": OPENID, "session_key": KEY}
    signed_in = stage.door.sign_in(APPID, "code", beside=Beside(user_info=ShownUserInfo(sealed_of(OFFICIAL).texts())))
    assert "unionId" not in signed_in.user_info.data
    assert signed_in.session.subject.unionid is None
    token = stage.sign_in()
    assert stage.door.authenticate(token).session.subject.unionid == UNIONID
    stage.door.close()
