"""The calls with an access_token that no deed uses yet, against wxsim."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from menjin.apps import App
from menjin.assembly import assemble
from menjin.bridge import drive
from menjin.errors import WeChatError
from menjin.values import OpenId, Secret
from menjin.wechat.authorised import AuthorisedWeChat
from support.doors import APP, House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """One house: these calls are the same in either colour and on any store."""
    found = open_house("sync", "memory", tmp_path)
    yield found
    found.door.close()


@pytest.fixture
def wechat(house: House) -> AuthorisedWeChat:
    """The typed calls, wired to wxsim."""
    return assemble(house.parts).wechat


def exchange(house: House, person: str = "ming") -> tuple[OpenId, Secret]:
    """Log a person in at WeChat; return openid and session_key."""
    found = house.world.exchange(house.code(person))
    return OpenId(found["openid"]), Secret(found["session_key"])


def test_the_current_session_key_is_told_from_others(house: House, wechat: AuthorisedWeChat) -> None:
    """Checksession says yes to the current key of this person, and no to a replaced one and to another's."""
    openid, key = exchange(house)
    assert drive(wechat.is_current_session_key(APP, openid, key))
    _, other = exchange(house, "hong")
    assert not drive(wechat.is_current_session_key(APP, openid, other))
    house.advance(301)
    _, newer = exchange(house)
    assert newer != key
    assert not drive(wechat.is_current_session_key(APP, openid, key))


def test_a_reset_replaces_the_key(house: House, wechat: AuthorisedWeChat) -> None:
    """The old key is dead at once and the new one is current; a dead key cannot ask for a reset."""
    openid, key = exchange(house)
    new = drive(wechat.reset_session_key(APP, openid, key))
    assert new is not None
    assert new != key
    assert drive(wechat.is_current_session_key(APP, openid, new))
    assert drive(wechat.reset_session_key(APP, openid, key)) is None


def test_wechat_vouches_for_its_own_ciphertext_only(house: House, wechat: AuthorisedWeChat) -> None:
    """A phone ciphertext WeChat made is genuine, with its time; a changed or made-up one is not."""
    exchange(house)
    made = house.world.phone("ming").getPhoneNumber(tap=True)["encryptedData"]
    word = drive(wechat.check_encrypted_data(APP, made))
    assert word.is_genuine
    assert word.created_at == house.clock.now().replace(microsecond=0)
    swapped = made[:-4] + ("AAA=" if not made.endswith("AAA=") else "BBB=")
    assert not drive(wechat.check_encrypted_data(APP, swapped)).is_genuine


def test_a_wrong_secret_is_an_operators_matter(house: House, wechat: AuthorisedWeChat) -> None:
    """With a wrong app_secret there is no access_token, and the errcode says so."""
    openid, key = exchange(house)
    with pytest.raises(WeChatError) as caught:
        drive(wechat.is_current_session_key(App(APP.appid, Secret("f" * 32)), openid, key))
    assert caught.value.errcode == 40125
