"""People over control: added, changed, numbered, in crowds."""

from __future__ import annotations

from wxsim import FIRST_APPID, Request, Response, World

SECOND = "wxde30000000000002"


def sim(world: World, method: str, path: str, body: object = None) -> Response:
    """Give an order."""
    return world.handle(Request.to(method, f"/_sim/{path}", body))


def test_the_first_app_and_people(world: World) -> None:
    """A new world has one app, ming with a number and hong without."""
    people = {person["name"]: person for person in sim(world, "GET", "people").json()["people"]}
    assert people["ming"]["phone"] == {"number": "13800138000", "country_code": "86"}
    assert people["hong"]["phone"] is None
    assert sim(world, "GET", f"apps/{FIRST_APPID}").json()["secret"] == "01" * 16


def test_people_show_their_ids(world: World) -> None:
    """A person is shown with openid and unionid in every app."""
    world.bind_open_platform("op1")
    sim(world, "POST", "apps", {"appid": SECOND})
    shown = sim(world, "GET", "people/ming").json()["apps"]
    assert shown[FIRST_APPID]["openid"] == world.exchange(world.phone("ming").login()["code"])["openid"]
    assert shown[FIRST_APPID]["unionid"]
    assert shown[SECOND]["unionid"] is None


def test_adding_and_changing_people(world: World) -> None:
    """POST adds somebody, or changes the fields given and no other."""
    sim(world, "POST", "people", {"name": "lan", "phone": "13900139000", "answers": {"*": "refuse"}})
    changed = sim(world, "POST", "people/lan", {"blocked": True}).json()
    assert changed["phone"]["number"] == "13900139000"
    assert changed["answers"] == {"*": "refuse"}
    assert changed["blocked"] is True
    assert sim(world, "DELETE", "people/lan").status == 200
    assert sim(world, "GET", "people/lan").status == 404


def test_a_number_can_be_resold(world: World) -> None:
    """Whoever had the number loses it."""
    sim(world, "POST", "people/hong", {"phone": "13800138000"})
    assert sim(world, "GET", "people/ming").json()["phone"] is None


def test_a_crowd(world: World) -> None:
    """``count`` adds many people at once."""
    made = sim(world, "POST", "people", {"name": "p", "count": 50}).json()
    assert made == {"first": "p1", "last": "p50", "count": 50}
    assert world.exchange(world.phone("p50").login()["code"])["openid"]


def test_devices_are_shown_without_their_contents(world: World) -> None:
    """A device is shown with platform, library and network, not with its storage."""
    world.phone("ming").setStorage(key="k", data="x")
    shown = sim(world, "POST", "people/ming", {"devices": {"d1": {"network": "weak"}}}).json()["devices"]["d1"]
    assert shown == {"name": "d1", "platform": "ios", "base_library": "", "network": "weak"}
    assert world.phone("ming").getStorageSync(key="k")["data"] == "x"
