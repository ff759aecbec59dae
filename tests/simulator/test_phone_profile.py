"""Profiles through the eras: real, anonymous, fill-in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from wxsim import FIRST_APPID, Clock, World, crypto

ANONYMOUS = "微信用户"


def then(day: str) -> float:
    """Return noon UTC of a day."""
    return datetime.fromisoformat(day + "T12:00:00").replace(tzinfo=UTC).timestamp()


def world_of(day: str, library: str = "3.17.0", **app: Any) -> World:  # noqa: ANN401 - fields of an app
    """Return a world that lives on a day with a base library."""
    world = World(clock=Clock(then(day), frozen=True))
    world.change_person("ming", devices={"d1": {"base_library": library}})
    for name, value in app.items():
        setattr(world.app(FIRST_APPID), name, value)
    return world


def opened(world: World, answer: dict[str, Any]) -> dict[str, Any]:
    """Open the encrypted half of an answer with the current session_key."""
    key = world.session_keys.keys[f"{FIRST_APPID}/ming"]
    return crypto.open_data(key.value, answer["iv"], answer["encryptedData"], FIRST_APPID)


def test_today_everybody_is_anonymous(world: World) -> None:
    """GetUserInfo gives the grey profile without asking, but the ids inside the ciphertext."""
    world.bind_open_platform("op1")
    world.change_person("ming", answers={"*": "ask", "privacy": "allow"})
    phone = world.phone("ming")
    phone.login()
    answer = phone.getUserInfo(withCredentials=True)
    assert answer["userInfo"]["nickName"] == ANONYMOUS
    assert answer["userInfo"]["is_demote"] is True
    data = opened(world, answer)
    assert data["openId"] == world.identities.openid(FIRST_APPID, "ming")
    assert data["unionId"] == world.identities.unionid("op1", "ming")
    assert data["watermark"] == {"timestamp": int(world.clock.now()), "appid": FIRST_APPID}


def test_raw_data_is_signed_byte_for_byte(world: World) -> None:
    """The signature is SHA-1 over rawData as sent and the key's text."""
    phone = world.phone("ming")
    phone.login()
    answer = phone.getUserInfo()
    key = world.session_keys.keys[f"{FIRST_APPID}/ming"].value
    assert answer["signature"] == crypto.raw_data_signature(key, answer["rawData"])
    assert "encryptedData" not in answer


def test_without_a_login_nothing_is_encrypted(world: World) -> None:
    """Without a living session_key there is neither ciphertext nor signature."""
    answer = world.phone("ming").getUserInfo(tap=True, withCredentials=True)
    assert answer["errMsg"] == "getUserInfo:ok"
    assert not {"encryptedData", "iv", "signature"} & set(answer)


@pytest.mark.parametrize(
    ("day", "library", "published", "nick"),
    [
        ("2021-03-10", "2.16.0", None, "小明"),
        ("2021-05-10", "2.17.0", None, ANONYMOUS),
        ("2021-05-10", "2.17.0", "2021-04-01", "小明"),
    ],
)
def test_user_info_by_date(day: str, library: str, published: str | None, nick: str) -> None:
    """Versions published after 2021-04-28 get anonymous data; older ones keep the real."""
    world = world_of(day, library, published_at=then(published) if published else None)
    world.phone("ming").login()
    answer = world.phone("ming").getUserInfo(tap=True)
    assert answer["userInfo"]["nickName"] == nick


@pytest.mark.parametrize(
    ("day", "library", "nick"),
    [
        ("2022-06-01", "2.24.0", "小明"),
        ("2022-12-01", "2.29.1", ANONYMOUS),
        ("2022-12-01", "2.27.0", "小明"),
    ],
)
def test_user_profile_by_date_and_library(day: str, library: str, nick: str) -> None:
    """GetUserProfile turned anonymous on 2022-11-08, but not on libraries before 2.27.1."""
    answer = world_of(day, library).phone("ming").getUserProfile(tap=True, desc="用于展示")
    assert answer["userInfo"]["nickName"] == nick


def test_gender_and_region_ended_in_2021() -> None:
    """Since 2021-10-20 gender is 0 and the region empty."""
    world = world_of("2021-09-01", "2.19.0")
    world.change_person("ming", profile={"nick_name": "小明", "gender": 1})
    before = world.phone("ming").getUserProfile(tap=True, desc="x")["userInfo"]
    assert (before["gender"], before["city"]) == (1, "Guangzhou")
    world.clock.set(then("2021-11-01"))
    after = world.phone("ming").getUserProfile(tap=True, desc="x")["userInfo"]
    assert (after["gender"], after["city"], after["nickName"]) == (0, "", "小明")


def test_user_profile_carries_no_ids() -> None:
    """The ciphertext of getUserProfile has neither openId nor unionId."""
    world = world_of("2022-06-01", "2.24.0")
    world.phone("ming").login()
    data = opened(world, world.phone("ming").getUserProfile(tap=True, desc="x"))
    assert not {"openId", "unionId"} & set(data)


@pytest.mark.parametrize(
    ("tap", "desc", "message"),
    [
        (False, "x", "getUserProfile:fail can only be invoked by user TAP gesture."),
        (True, "", "getUserProfile:fail desc length does not meet the requirements"),
        (True, "x" * 31, "getUserProfile:fail desc length does not meet the requirements"),
    ],
)
def test_user_profile_rules(*, tap: bool, desc: str, message: str) -> None:
    """GetUserProfile wants a tap and a description of 1 to 30 characters."""
    world = world_of("2022-06-01", "2.24.0")
    assert world.phone("ming").getUserProfile(tap=tap, desc=desc)["errMsg"] == message


def test_user_profile_asks_every_time() -> None:
    """A refusal of getUserProfile is not remembered."""
    world = world_of("2022-06-01", "2.24.0")
    world.change_person("ming", answers={"getUserProfile": "refuse"})
    phone = world.phone("ming")
    assert phone.getUserProfile(tap=True, desc="x")["errMsg"] == "getUserProfile:fail auth deny"
    world.change_person("ming", answers={})
    assert phone.getUserProfile(tap=True, desc="x")["errMsg"] == "getUserProfile:ok"


def test_user_info_needed_a_button_in_2019() -> None:
    """After 2018-04-30 the call fails until a button was tapped and granted once."""
    world = world_of("2019-06-01", "2.7.0")
    phone = world.phone("ming")
    assert phone.getUserInfo()["errMsg"].startswith("getUserInfo:fail")
    assert phone.authorize(scope="scope.userInfo")["errMsg"] == "authorize:fail auth deny"
    assert phone.getUserInfo(tap=True)["userInfo"]["nickName"] == "小明"
    assert phone.getUserInfo()["userInfo"]["nickName"] == "小明"
    assert phone.authorize(scope="scope.userInfo")["errMsg"] == "authorize:ok"


def test_user_info_popped_up_in_2018() -> None:
    """Before 2018-04-30 the call itself asked, once; a refusal stayed."""
    world = world_of("2018-01-01", "1.9.0")
    world.change_person("ming", answers={"scope.userInfo": "refuse"})
    phone = world.phone("ming")
    assert phone.getUserInfo() == {"errMsg": "getUserInfo:fail auth deny"}
    world.change_person("ming", answers={})
    assert phone.getUserInfo() == {"errMsg": "getUserInfo:fail auth deny"}
    assert phone.openSetting()["authSetting"]["scope.userInfo"] is True
    assert phone.getUserInfo()["userInfo"]["nickName"] == "小明"


def test_fill_in(world: World) -> None:
    """Avatar and nickname come from the person's hand: a temporary path, an edited name."""
    phone = world.phone("ming")
    assert phone.chooseAvatar()["errMsg"].endswith("user TAP gesture.")
    assert phone.chooseAvatar(tap=True)["avatarUrl"].startswith("wxfile://tmp")
    assert phone.nickname()["value"] == "小明"
    assert phone.nickname(value="明")["value"] == "明"
    world.change_person("ming", answers={"nickname": "refuse"}, devices={"d1": {"platform": "devtools"}})
    assert phone.nickname(value="明") == {"value": "", "pass": False, "timeout": False, "errMsg": "nickname:ok"}
    assert phone.chooseAvatar(tap=True)["avatarUrl"].startswith("http://tmp/")
