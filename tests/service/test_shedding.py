"""A request that its address forbids is answered before it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp

from menjin.aio import AsyncMenjin
from menjin.limits.addresses import parse_proxies
from menjin.service.app import create_app, to_asgi
from menjin.service.routes import Routes
from support.doors import House, open_house
from wxsim import FIRST_APPID

PROXIES = parse_proxies(["127.0.0.1/32"])
FLOODING, OTHER = "203.0.113.9", "203.0.113.10"


class BodyReadError(Exception):
    """Somebody asked for the body."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house whose parts the tests serve."""
    found = open_house("async", "memory", tmp_path)
    yield found
    found.door.close()


async def use_up(app: ASGIApp, address: str) -> None:
    """Send as many bad codes as an address may."""
    transport = httpx2.ASGITransport(app, client=("127.0.0.1", 1234))
    async with httpx2.AsyncClient(transport=transport, base_url="http://menjin") as client:
        for number in range(30):
            body = {"appid": FIRST_APPID, "login_code": f"0{number:031d}"}
            answer = await client.post("/v1/sessions", json=body, headers={"X-Forwarded-For": address})
            assert answer.status_code == 400


async def ask(app: ASGIApp, address: str, path: str = "/v1/sessions") -> tuple[int, dict[bytes, bytes]]:
    """Send a request whose body cannot be read; return status and headers."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        raise BodyReadError

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "server": ("menjin", 80),
        "client": ("127.0.0.1", 1234),
        "headers": [(b"host", b"menjin"), (b"x-forwarded-for", address.encode())],
    }
    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])


def test_a_closed_address_is_answered_unread(house: House) -> None:
    """After thirty bad codes: 429 with Retry-After and an id, the body never asked for; another address is read."""

    async def story() -> None:
        app = create_app(AsyncMenjin(house.parts), trusted_proxies=PROXIES)
        await use_up(app, FLOODING)
        status, headers = await ask(app, FLOODING)
        assert status == 429
        assert int(headers[b"retry-after"]) > 0
        assert headers[b"x-request-id"]
        assert (await ask(app, OTHER))[0] == 500  # whoever reads it, fails

    asyncio.run(story())


def test_control_without_it_the_body_is_read(house: House) -> None:
    """CONTROL: the same routes alone read what a closed address sends."""

    async def story() -> None:
        app = to_asgi(Routes(AsyncMenjin(house.parts), PROXIES).routes())
        await use_up(app, FLOODING)
        assert (await ask(app, FLOODING))[0] == 500

    asyncio.run(story())


def test_requests_refused_unread_count_as_requests(house: House) -> None:
    """They count towards the address's 600 a minute, as those do that are read, and that limit speaks first."""

    async def story() -> None:
        app = create_app(AsyncMenjin(house.parts), trusted_proxies=PROXIES)
        await use_up(app, FLOODING)
        house.advance(30)
        assert {(await ask(app, FLOODING))[0] for _ in range(570)} == {429}
        house.advance(32)
        await use_up(app, FLOODING)
        _, headers = await ask(app, FLOODING)
        assert int(headers[b"retry-after"]) <= 30  # the bad codes alone: a minute

    asyncio.run(story())
