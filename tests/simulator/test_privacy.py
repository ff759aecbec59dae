"""Popups that wait, the privacy contract, scopes and what deleting an app forgets."""

from __future__ import annotations

from wxsim import FIRST_APPID, Request, Response, World


def wx(world: World, api: str, query: str = "", body: object = None, person: str = "ming") -> Response:
    """Call wx over the door itself."""
    url = f"/_wx/{FIRST_APPID}/{person}/{api}?{query}"
    return world.handle(Request.to("POST", url, body))


def test_a_popup_can_wait_for_the_person(world: World) -> None:
    """With ``ask`` a call is 202 until it is repeated with an answer; one question at a time."""
    world.change_person("ming", answers={"*": "ask"})
    asked = wx(world, "getPhoneNumber", "tap=1")
    assert (asked.status, asked.json()) == (202, {"ask": {"about": "privacy", "referrer": "getPhoneNumber"}})
    second = wx(world, "getPhoneNumber", "tap=1&answer=allow")
    assert second.json()["ask"]["about"] == "getPhoneNumber"
    assert "code" in wx(world, "getPhoneNumber", "tap=1&answer=allow").json()
    refused = wx(world, "getPhoneNumber", "tap=1&answer=refuse&about=getPhoneNumber")
    assert refused.json()["errMsg"] == "getPhoneNumber:fail user deny"


def test_a_page_may_handle_the_privacy_question(world: World) -> None:
    """With a handler the page is told, agrees by a real tap, and repeats the call."""
    asked = wx(world, "chooseAvatar", "tap=1&handler=1")
    assert asked.json() == {"ask": {"about": "privacy", "referrer": "chooseAvatar"}}
    assert wx(world, "agreePrivacyAuthorization").json()["errMsg"].endswith("TAP gesture.")
    wx(world, "disagreePrivacyAuthorization")
    assert wx(world, "chooseAvatar", "tap=1&handler=1").json()["errno"] == 104
    wx(world, "agreePrivacyAuthorization", "tap=1")
    assert wx(world, "chooseAvatar", "tap=1&handler=1").json()["errMsg"] == "chooseAvatar:ok"


def test_privacy_setting_follows_the_declarations(world: World) -> None:
    """Agreement is asked for once, and again five minutes after a new declaration."""
    phone, app = world.phone("ming"), world.app(FIRST_APPID)
    assert phone.getPrivacySetting()["needAuthorization"] is True
    assert phone.requirePrivacyAuthorize()["errMsg"] == "requirePrivacyAuthorize:ok"
    assert phone.openPrivacyContract()["errMsg"] == "openPrivacyContract:ok"
    assert phone.getPrivacySetting()["needAuthorization"] is False
    app.declared = {**app.declared, "scope.werun": world.clock.now()}
    assert phone.getPrivacySetting()["needAuthorization"] is False
    world.clock.advance(300)
    assert phone.getPrivacySetting()["needAuthorization"] is True
    app.declared = {}
    assert phone.getPrivacySetting()["needAuthorization"] is False


def test_old_libraries_are_not_intercepted(world: World) -> None:
    """Before 2.32.3 nobody asks for the contract."""
    world.change_person("ming", answers={"privacy": "refuse"}, devices={"d1": {"base_library": "2.32.2"}})
    assert world.phone("ming").chooseAvatar(tap=True)["errMsg"] == "chooseAvatar:ok"
    assert world.phone("ming").getPrivacySetting()["errno"] == 100


def test_settings_list_what_was_asked(world: World) -> None:
    """GetSetting lists scopes asked for and those that are always true."""
    phone = world.phone("ming")
    assert "scope.werun" not in phone.getSetting()["authSetting"]
    phone.authorize(scope="scope.werun")
    shown = phone.getSetting()["authSetting"]
    assert shown["scope.werun"] is shown["scope.address"] is shown["scope.userInfo"] is True
    assert phone.openSetting()["errMsg"].endswith("TAP gesture.")
    assert phone.authorize(scope="scope.nonsense")["errno"] == 110
    assert phone.authorize(scope="scope.address")["errMsg"] == "authorize:ok"


def test_deleting_the_mini_program_forgets_all(world: World) -> None:
    """Decisions, agreement and storage go with the mini program."""
    phone = world.phone("ming")
    phone.authorize(scope="scope.werun")
    phone.setStorage(key="token", data="x")
    body = {"appid": FIRST_APPID}
    assert world.handle(Request.to("POST", "/_sim/people/ming/delete-app", body)).status == 200
    assert phone.getPrivacySetting()["needAuthorization"] is True
    assert "scope.werun" not in phone.getSetting()["authSetting"]
    assert phone.getStorageSync(key="token")["data"] == ""
