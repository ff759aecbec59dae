"""What whoever drives a phone may say along with a call: its device, its popups, its settings page."""

from __future__ import annotations

from wxsim import FIRST_APPID, Request, Response, World


def wx(world: World, api: str, query: str = "", body: object = None) -> Response:
    """Call wx over the door itself."""
    return world.handle(Request.to("POST", f"/_wx/{FIRST_APPID}/ming/{api}?{query}", body))


def test_a_call_says_which_phone_it_comes_from(world: World) -> None:
    """Platform and base library come with a call and stay with the device."""
    assert wx(world, "getSystemInfoSync", "platform=android&base_library=2.32.2").json() == {
        "SDKVersion": "2.32.2",
        "platform": "android",
        "language": "zh_CN",
        "version": "8.0.50",
        "errMsg": "getSystemInfoSync:ok",
    }
    assert wx(world, "getSystemInfoSync").json()["SDKVersion"] == "2.32.2"
    assert wx(world, "getSystemInfoSync", "device=d2").json()["platform"] == "ios"


def test_nonsense_along_with_a_call_is_refused(world: World) -> None:
    """A platform there is not, a version that is none, a settings page that is none: 400, and nothing changes."""
    for query in ("platform=symbian", "base_library=new", "base_library=3.x", "setting=[1]", "setting={%22a%22:1}"):
        refused = wx(world, "login", query)
        assert (refused.status, refused.json()["code"]) == (400, "bad_query")
    assert world.person("ming").devices["d1"].platform == "ios"


def test_whoever_drives_the_phone_may_answer_every_popup(world: World) -> None:
    """With ``ask=1`` every popup waits, but for those that a scripted answer is for."""
    assert wx(world, "authorize", "", {"scope": "scope.camera"}).json()["errMsg"] == "authorize:ok"
    asked = wx(world, "authorize", "ask=1", {"scope": "scope.record"})
    assert (asked.status, asked.json()["ask"]["about"]) == (202, "scope.record")
    world.change_person("ming", answers={"scope.record": "refuse"})
    assert wx(world, "authorize", "ask=1", {"scope": "scope.record"}).json()["errMsg"] == "authorize:fail auth deny"


def test_the_settings_page_is_left_as_the_person_leaves_it(world: World) -> None:
    """The page waits, shows the scopes asked for so far, and takes them back with the call; others it ignores."""
    wx(world, "authorize", "", {"scope": "scope.camera"})
    world.change_person("ming", answers={"scope.record": "refuse"})
    wx(world, "authorize", "", {"scope": "scope.record"})
    shown = {"scope.camera": True, "scope.record": False}
    page = wx(world, "openSetting", "tap=1&ask=1")
    assert page.json() == {"ask": {"about": "openSetting", "referrer": "openSetting", "authSetting": shown}}
    left = "setting={%22scope.record%22:true,%22scope.werun%22:true}"
    answer = wx(world, "openSetting", f"tap=1&ask=1&answer=allow&about=openSetting&{left}").json()
    assert answer["authSetting"]["scope.record"] is True
    assert "scope.werun" not in answer["authSetting"]
    assert wx(world, "authorize", "", {"scope": "scope.record"}).json()["errMsg"] == "authorize:ok"


def test_the_settings_page_can_be_answered_as_a_whole(world: World) -> None:
    """Scopes whose answer is left to the driver all get the one that comes with the call; scripted ones their own."""
    for scope in ("scope.camera", "scope.record", "scope.werun"):
        wx(world, "authorize", "", {"scope": scope})
    world.change_person("ming", answers={"scope.camera": "ask", "scope.record": "ask", "scope.werun": "refuse"})
    assert wx(world, "openSetting", "tap=1").json()["ask"]["about"] == "openSetting"
    answer = wx(world, "openSetting", "tap=1&answer=refuse").json()["authSetting"]
    assert [answer[f"scope.{name}"] for name in ("camera", "record", "werun")] == [False, False, False]
    again = wx(world, "openSetting", "tap=1&answer=allow").json()["authSetting"]
    assert [again[f"scope.{name}"] for name in ("camera", "record", "werun")] == [True, True, False]
