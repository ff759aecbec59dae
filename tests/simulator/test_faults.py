"""Faults: each name, whom it strikes, and what it leaves behind."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from wxsim import FAULT_NAMES, FIRST_APPID, FIRST_SECRET, Fault, Request, Response, World

SNS = "/sns/jscode2session"


def exchange(world: World, person: str = "ming") -> Response:
    """Log in and exchange the code, raw."""
    query = {"appid": FIRST_APPID, "secret": FIRST_SECRET, "grant_type": "authorization_code"}
    code = world.phone(person).login()["code"]
    return world.handle(Request("GET", SNS, {**query, "js_code": code}))


def strike(world: World, **fault: Any) -> Response:  # noqa: ANN401 - a fault's fields
    """Put one fault on the exchange and let it strike."""
    world.fault(Fault(path="/sns/*", **fault))
    return exchange(world)


@pytest.mark.parametrize("name", FAULT_NAMES)
def test_every_fault_strikes_and_passes(world: World, name: str) -> None:
    """Every fault changes the answer or its delivery once, and then is over."""
    honest = exchange(world)
    struck = strike(world, name=name)
    changed = struck.delivery is not None or set(struck.body) != set(honest.body) or struck.status != 200
    assert changed, struck
    assert sorted(exchange(world).json()) == ["openid", "session_key"]
    entry = world.journal.find(path=SNS)[1]
    assert entry.fault == name


@pytest.mark.parametrize("name", FAULT_NAMES)
@pytest.mark.parametrize("effect", [True, False])
def test_effect_can_be_chosen(world: World, name: str, *, effect: bool) -> None:
    """Whether WeChat acts although the answer is spoilt can be said for every fault."""
    code = world.phone("ming").login()["code"]
    world.fault(msgspec.convert({"name": name, "path": "/sns/*", "effect": effect}, Fault))
    world.handle(
        Request(
            "GET",
            SNS,
            {"appid": FIRST_APPID, "secret": FIRST_SECRET, "js_code": code, "grant_type": "authorization_code"},
        )
    )
    assert ("errcode" in world.exchange(code)) is effect


def test_bodies(world: World) -> None:
    """Spoilt bodies are spoilt in the way their name says."""
    with pytest.raises(msgspec.DecodeError):
        strike(world, name="broken_json").json()
    with pytest.raises(UnicodeDecodeError):
        strike(world, name="gbk").body.decode()
    assert "说明" in strike(world, name="gbk").body.decode("gbk")
    assert strike(world, name="duplicate_keys").body.count(b'"openid"') == 2
    assert isinstance(strike(world, name="wrong_types").json()["openid"], list)
    assert isinstance(strike(world, name="list").json(), list)
    assert strike(world, name="null").json() is None
    assert strike(world, name="empty").body == b""
    html = strike(world, name="html")
    assert (html.status, html.headers["content-type"]) == (200, "text/html")
    assert strike(world, name="status", status=503).status == 503
    assert strike(world, name="errcode", errcode=45011).json()["errcode"] == 45011
