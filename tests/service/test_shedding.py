"""A request that its address forbids is refused before anybody looks into it."""

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


WHOLE = {"type": "http.request", "body": b"{", "more_body": False}
PART = {**WHOLE, "more_body": True}


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


async def ask(app: ASGIApp, address: str, *messages: dict[str, Any], root: str = "") -> tuple[int, dict[bytes, bytes]]:
    """Send a request whose body arrives in these messages, one that is no JSON; return status and headers."""
    sent: list[MutableMapping[str, Any]] = []
    arriving = iter(messages or (WHOLE,))

    async def receive() -> MutableMapping[str, Any]:
        message = next(arriving, None)
        if message is None:
            await asyncio.Event().wait()
        return dict(message or {})

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": f"{root}/v1/sessions",
        "root_path": root,
        "query_string": b"",
        "scheme": "http",
        "server": ("menjin", 80),
        "client": ("127.0.0.1", 1234),
        "headers": [(b"host", b"menjin"), (b"x-forwarded-for", address.encode())],
    }
    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])


def test_a_closed_address_is_refused_unread(house: House) -> None:
    """After thirty bad codes: 429 with Retry-After and an id, whatever it sends; what another sends is looked into."""

    async def story() -> None:
        app = create_app(AsyncMenjin(house.parts), trusted_proxies=PROXIES)
        await use_up(app, FLOODING)
        for root in ("", "/login"):
            status, headers = await ask(app, FLOODING, root=root)
            assert status == 429
            assert int(headers[b"retry-after"]) > 0
            assert headers[b"x-request-id"]
            assert b"connection" not in headers
        assert (await ask(app, OTHER))[0] == 422

    asyncio.run(story())


def test_a_refused_body_that_does_not_end_costs_its_connection(house: House) -> None:
    """It is given a second; uvicorn would not time a connection on which something arrives after its answer."""

    async def story() -> None:
        app = create_app(AsyncMenjin(house.parts), trusted_proxies=PROXIES)
        await use_up(app, FLOODING)
        async with asyncio.timeout(3):
            for messages in ((PART,), (PART, {**PART, "body": b" " * 70_000})):
                status, headers = await ask(app, FLOODING, *messages)
                assert (status, headers[b"connection"]) == (429, b"close")

    asyncio.run(story())


def test_control_without_it_the_body_is_read(house: House) -> None:
    """CONTROL: the same routes alone look into what a closed address sends."""

    async def story() -> None:
        app = to_asgi(Routes(AsyncMenjin(house.parts), PROXIES).routes())
        await use_up(app, FLOODING)
        assert (await ask(app, FLOODING))[0] == 422

    asyncio.run(story())


def test_a_bug_in_it_is_answered_like_any_other(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """500 with an id, and neither answer nor log repeats what the error says."""

    class Broken(AsyncMenjin):
        async def turn_away(self, address: str | None) -> None:
            message = f"a secret value of {address}"
            raise RuntimeError(message)

    async def story() -> None:
        app = create_app(Broken(house.parts), trusted_proxies=PROXIES)
        status, headers = await ask(app, FLOODING)
        assert (status, headers[b"content-type"]) == (500, b"application/problem+json")
        assert "RuntimeError" in caplog.text
        assert "secret" not in caplog.text

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
