"""The phone side: login, buttons, consent, privacy, storage, networks."""

from __future__ import annotations

from typing import Any

import pytest

from wxsim import FIRST_APPID, Request, Response, Settings, World, crypto


def wx(world: World, api: str, query: str = "", body: object = None, person: str = "ming") -> Response:
    """Call wx over the door itself."""
    url = f"/_wx/{FIRST_APPID}/{person}/{api}?{query}"
    return world.handle(Request.to("POST", url, body))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"/_wx/{FIRST_APPID}/nobody/login", "unknown_person"),
        ("/_wx/wx0000000000000000/ming/login", "unknown_app"),
        (f"/_wx/{FIRST_APPID}/ming/fly", "unknown_api"),
        (f"/_wx/{FIRST_APPID}/ming", "unknown_path"),
    ],
)
def test_unknown_names(world: World, path: str, code: str) -> None:
    """Whoever or whatever is unknown is a 404 that names it."""
    response = world.handle(Request("POST", path))
    assert (response.status, response.json()["code"]) == (404, code)


def test_bad_calls(world: World) -> None:
    """A GET is 405, options that are no object 400."""
    assert world.handle(Request("GET", f"/_wx/{FIRST_APPID}/ming/login")).status == 405
    assert wx(world, "login", body=[]).status == 400


def test_steps(world: World) -> None:
    """GetWeRunData seals 31 days, the last one today's midnight in Beijing."""
    phone = world.phone("ming")
    key = world.exchange(phone.login()["code"])["session_key"]
    answer = phone.getWeRunData()
    data = crypto.open_data(key, answer["iv"], answer["encryptedData"], FIRST_APPID)
    days = data["stepInfoList"]
    assert isinstance(days, list)
    assert len(days) == 31
    assert (days[-1]["timestamp"] + 8 * 3600) % 86_400 == 0
    assert 0 <= world.clock.now() - days[-1]["timestamp"] < 86_400


def test_networks(world: World) -> None:
    """Without a network a login fails with an errno; storage works on."""
    for network, errno in (("none", 108), ("weak", 5)):
        world.change_person("ming", devices={"d1": {"network": network}})
        assert world.phone("ming").login()["errno"] == errno
        assert world.phone("ming").setStorage(key="k", data=1)["errMsg"] == "setStorage:ok"


@pytest.mark.parametrize(
    ("options", "settings", "cached"),
    [
        ({}, Settings(), True),
        ({}, Settings(cache_manager_default_caches=False), False),
        ({"extra": {"apiList": ["login"]}}, Settings(cache_manager_default_caches=False), True),
        ({"extra": {"apiList": ["getSetting"]}}, Settings(), False),
    ],
)
def test_a_cached_login(world: World, options: dict[str, Any], settings: Settings, *, cached: bool) -> None:
    """A cache manager serves a used code into a weak network, marked fromCache."""
    world.settings = settings
    phone = world.phone("ming")
    phone.createCacheManager(**options)
    code = phone.login()["code"]
    world.change_person("ming", devices={"d1": {"network": "weak"}})
    answer = phone.login()
    assert answer.get("fromCache", False) is cached
    if cached:
        assert answer["code"] == code
        world.clock.advance(7 * 86_400)
        assert phone.login()["errno"] == 5
    phone.call("CacheManager.stop", {})
    assert "fromCache" not in phone.login()


def test_frequency(world: World) -> None:
    """The fifth login of a second is warned about, or fails where so set."""
    answers = [wx(world, "login") for _ in range(5)]
    assert [("x-wxsim-warning" in answer.headers) for answer in answers] == [False] * 4 + [True]
    world.settings = Settings(client_frequency="fail")
    assert wx(world, "login").json() == {"errMsg": "login:fail meet server frequency limit", "errno": 1003}
    world.clock.advance(1)
    assert "code" in wx(world, "login").json()


def test_login_can_be_blocked(world: World) -> None:
    """A person whose login is blocked fails with errno 1402101."""
    world.change_person("ming", login_blocked=True)
    assert world.phone("ming").login()["errno"] == 1402101


def test_account_info(world: World) -> None:
    """The version is told in a release only."""
    info = world.phone("ming").getAccountInfoSync()["miniProgram"]
    assert info == {"appId": FIRST_APPID, "envVersion": "release", "version": "1.0.0"}
    world.app(FIRST_APPID).env = "trial"
    assert world.phone("ming").getAccountInfoSync()["miniProgram"]["version"] == ""
    assert world.phone("ming").getSystemInfoSync()["SDKVersion"] == "3.17.0"


def test_random_values(world: World) -> None:
    """Random bytes of the length asked for, up to a megabyte."""
    phone = world.phone("ming")
    assert phone.getUserCryptoManager()["errMsg"] == "getUserCryptoManager:ok"
    assert len(phone.getRandomValues(length=6)["randomValues"]) == 8
    assert phone.getRandomValues(length=0)["errno"] == 101


def test_plugin_login_needs_a_plugin(world: World) -> None:
    """PluginLogin fails where no plugin is used."""
    assert world.phone("ming").pluginLogin()["errMsg"].startswith("pluginLogin:fail")


def test_encrypt_key_expire_time_is_a_setting() -> None:
    """Nobody knows the unit of expireTime."""
    world = World(Settings(encrypt_key_expire_time="seconds_left"))
    assert world.phone("ming").getLatestUserKey()["expireTime"] in {3599, 3600}


def test_private_names_are_no_calls(world: World) -> None:
    """A phone answers no private attribute, so that tools can look at it."""
    with pytest.raises(AttributeError):
        _ = world.phone("ming")._nothing
