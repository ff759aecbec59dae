"""Control: people, apps, clock, settings, journal, a fresh start."""

from __future__ import annotations

from typing import Any

import pytest

from wxsim import FIRST_APPID, Clock, Request, Response, Settings, World


def sim(world: World, method: str, path: str, body: object = None) -> Response:
    """Give an order."""
    return world.handle(Request.to(method, f"/_sim/{path}", body))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "people", {}, 400),
        ("POST", "people", {"name": "a/b"}, 400),
        ("POST", "people", {"name": "a", "height": 1}, 400),
        ("POST", "people", {"name": "a", "blocked": "yes"}, 400),
        ("POST", "people", {"name": "a", "phone": 1}, 400),
        ("POST", "people", {"name": "a", "count": 0}, 400),
        ("POST", "people", {"name": "a", "devices": {"d1": 1}}, 400),
        ("POST", "people/ming/fly", {}, 404),
        ("POST", "apps", {"appid": "x"}, 400),
        ("POST", "payments", {"appid": "x", "person": "ming"}, 404),
        ("POST", "session-keys", {"appid": FIRST_APPID, "person": "ming", "do": "sing"}, 400),
        ("POST", "clock", {"advance": -1}, 400),
        ("POST", "settings", {"exchange_precedence": ["code"]}, 400),
        ("POST", "settings", {"access_token_length": 4}, 400),
        ("POST", "settings", {"weather": "fine"}, 400),
        ("POST", "faults", {"name": "rain"}, 400),
        ("DELETE", "faults/x", None, 400),
        ("GET", "journal?since=x", None, 400),
        ("GET", "nonsense", None, 404),
        ("DELETE", "people", None, 404),
        ("DELETE", "apps", None, 404),
    ],
)
def test_wrong_orders(world: World, method: str, path: str, body: object, status: int) -> None:
    """A wrong order is a problem that says why, and changes nothing."""
    response = sim(world, method, path, body)
    assert response.status == status
    assert response.json()["detail"]
    assert set(world.people) == {"ming", "hong"}
    assert world.settings == Settings()


def test_the_clock(world: World) -> None:
    """The clock is read, put forward, set, frozen and let run."""
    assert sim(world, "GET", "clock").json() == {"now": 1_800_000_000.0, "frozen": True}
    assert sim(world, "POST", "clock", {"advance": 10.5}).json()["now"] == 1_800_000_010.5
    assert sim(world, "POST", "clock", {"set": 1_800_000_020}).json()["now"] == 1_800_000_020
    assert sim(world, "POST", "clock", {"frozen": False}).json()["frozen"] is False
    assert sim(world, "POST", "clock", {"frozen": True}).json()["frozen"] is True


def test_a_running_clock_keeps_its_lead() -> None:
    """A running clock goes on from where it was put."""
    clock = Clock()
    before = clock.now()
    assert clock.advance(1000) >= before + 1000
    assert clock.now() >= before + 1000


def test_reset(world: World) -> None:
    """A reset empties the world, keeps the clock and takes settings and seed."""
    code = world.phone("ming").login()["code"]
    world.clock.advance(10)
    sim(world, "POST", "people", {"name": "lan"})
    answer = sim(world, "POST", "reset", {"settings": {"login_code_ttl": 5}}).json()
    assert answer == {"seed": 1, "now": 1_800_000_010.0}
    assert set(world.people) == {"ming", "hong"}
    assert world.settings.login_code_ttl == 5
    assert world.exchange(code)["errcode"] == 40029
    assert world.phone("ming").login()["code"] == code
    assert sim(world, "POST", "reset", {"seed": 7}).json()["seed"] == 7
    assert world.phone("ming").login()["code"] != code


def test_settings_are_shown_and_changed(world: World) -> None:
    """Every setting can be read; a change leaves the others alone."""
    shown = sim(world, "GET", "settings").json()
    assert shown["session_key_policy"] == "min_interval"
    changed = sim(world, "POST", "settings", {"session_key_policy": "always"}).json()
    assert changed == {**shown, "session_key_policy": "always"}


def journal(world: World, query: str = "") -> list[dict[str, Any]]:
    """Read the journal."""
    entries: list[dict[str, Any]] = sim(world, "GET", f"journal?{query}").json()["entries"]
    return entries


def test_the_page(world: World) -> None:
    """The page at / says what this is."""
    page = world.handle(Request("GET", "/"))
    assert "模拟器" in page.body.decode()
    assert "simulator" in page.body.decode()
    assert sim(world, "GET", "").json()["routes"]


def test_removing_an_app(world: World) -> None:
    """An app that is removed is unknown to the server API and to the phone."""
    assert sim(world, "DELETE", f"apps/{FIRST_APPID}").status == 200
    assert sim(world, "GET", "apps").json() == {"apps": []}
    answer = world.handle(Request("POST", f"/_wx/{FIRST_APPID}/ming/login"))
    assert answer.json()["code"] == "unknown_app"


def test_an_expired_key(world: World) -> None:
    """Control can let a session_key die at once."""
    world.phone("ming").login()
    sim(world, "POST", "session-keys", {"appid": FIRST_APPID, "person": "ming", "do": "expire"})
    answer = world.phone("ming").checkSession()
    assert answer["errMsg"] == "checkSession:fail session time out, need relogin"
