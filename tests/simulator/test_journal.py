"""The journal, and how the world forgets."""

from __future__ import annotations

from typing import Any

from wxsim import FIRST_APPID, Request, Response, Settings, World


def sim(world: World, method: str, path: str, body: object = None) -> Response:
    """Give an order."""
    return world.handle(Request.to(method, f"/_sim/{path}", body))


def journal(world: World, query: str = "") -> list[dict[str, Any]]:
    """Read the journal."""
    entries: list[dict[str, Any]] = sim(world, "GET", f"journal?{query}").json()["entries"]
    return entries


def test_the_journal(world: World) -> None:
    """Who said what, with the answer and the time; newest last; never the reading itself."""
    code = world.phone("ming").login()["code"]
    world.clock.advance(5)
    world.exchange(code)
    sim(world, "POST", "clock", {"advance": 1})
    phone, server, control = journal(world)
    assert (phone["door"], phone["who"], phone["path"]) == ("phone", "ming", f"/_wx/{FIRST_APPID}/ming/login")
    assert phone["answer"]["code"] == code
    assert (server["door"], server["who"], server["at"]) == ("server", FIRST_APPID, 1_800_000_005.0)
    assert server["query"]["js_code"] == code
    assert (control["door"], control["body"], control["seq"]) == ("control", {"advance": 1}, 3)
    assert [entry["seq"] for entry in journal(world, "since=2")] == [3]
    assert [entry["seq"] for entry in journal(world, "door=server")] == [2]
    assert [entry["seq"] for entry in journal(world, "path=/_wx")] == [1]


def test_the_journal_is_a_ring() -> None:
    """Only the last entries stay, and long bodies are cut."""
    world = World(Settings(journal_size=3, client_calls_per_second=0))
    for _ in range(5):
        world.phone("ming").setStorage(key="k", data="x" * 20_000)
    assert [entry["seq"] for entry in journal(world)] == [3, 4, 5]
    assert len(journal(world)[0]["body"]) < 10_000


def test_dead_codes_are_forgotten(world: World) -> None:
    """Ten minutes after their end codes leave memory."""
    world.settings = Settings(exchange_calls_per_minute=0)
    for number in range(200):
        code = world.phone("ming").login()["code"]
        if number % 2:
            world.exchange(code)
    world.clock.advance(901)
    for _ in range(60):
        world.phone("ming").login()
    assert sim(world, "GET", "memory").json()["codes"]["login"] == 60


def test_a_storm_of_codes_is_bounded() -> None:
    """Beyond the limit the oldest used codes leave before their time, fresh ones never."""
    world = World(Settings(dead_codes_kept=10, exchange_calls_per_minute=0))
    fresh = world.phone("ming").login()["code"]
    for _ in range(50):
        world.exchange(world.phone("ming").login()["code"])
    world.phone("ming").login()
    assert len(world.codes.shelves["login"]) <= 12
    assert "openid" in world.exchange(fresh)
