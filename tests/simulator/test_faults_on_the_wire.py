"""Faults over a real connection."""

from __future__ import annotations

import http.client
from urllib.parse import urlencode, urlsplit

import msgspec
import pytest

from wxsim import FIRST_APPID, FIRST_SECRET, Fault, World, serve

SNS = "/sns/jscode2session"


def ask(url: str, world: World) -> tuple[int, bytes]:
    """Exchange a fresh code over a real connection and read all of the answer."""
    code = world.phone("ming").login()["code"]
    query = {"appid": FIRST_APPID, "secret": FIRST_SECRET, "grant_type": "authorization_code"}
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=0.5)
    try:
        connection.request("GET", f"{SNS}?{urlencode({**query, 'js_code': code})}")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_wire() -> None:
    """Over HTTP an answer is delayed, dripped, cut, reset or never comes."""
    world = World()
    with serve(world) as served:
        for fault in (Fault(name="delay", seconds=0.01), Fault(name="drip", seconds=0.0, after=10)):
            world.fault(fault)
            assert b"openid" in ask(served.url, world)[1]
        world.fault(Fault(name="cut", path="/sns/*", after=7))
        with pytest.raises(http.client.IncompleteRead) as cut:
            ask(served.url, world)
        assert len(cut.value.partial) == 7
        for name in ("reset", "lost"):
            world.fault(msgspec.convert({"name": name, "path": "/sns/*", "seconds": 0.0}, Fault))
            with pytest.raises(ConnectionError):
                ask(served.url, world)
        world.fault(Fault(name="hang", path="/sns/*"))
        with pytest.raises(TimeoutError):
            ask(served.url, world)
        assert ask(served.url, world)[0] == 200
