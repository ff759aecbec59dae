"""The ASGI app, spoken to without a server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from wxsim import Fault, World, create_app
from wxsim.asgi import MOST_BYTES


def talk(world: World, *messages: dict[str, Any], kind: str = "http") -> list[dict[str, Any]]:
    """Speak ASGI with the app and return what it sent."""
    sent: list[dict[str, Any]] = []
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI
        sent.append(message)

    scope = {"type": kind, "method": "GET", "path": "/", "query_string": b"", "headers": []}
    asyncio.run(_run(world, scope, receive, send))
    return sent


async def _run(world: World, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    await create_app(world)(scope, receive, send)


def test_asgi(world: World) -> None:
    """The ASGI app serves requests, keeps the lifespan and bounds bodies."""
    sent = talk(world, {"type": "http.request", "body": b"", "more_body": False})
    assert sent[0]["status"] == 200
    started, stopped = talk(world, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}, kind="lifespan")
    assert started["type"] == "lifespan.startup.complete"
    assert stopped["type"] == "lifespan.shutdown.complete"
    most = {"type": "http.request", "body": b"x" * MOST_BYTES, "more_body": False}
    assert talk(world, most)[0]["status"] == 200
    big = {"type": "http.request", "body": b"x" * (MOST_BYTES + 1), "more_body": True}
    refused = talk(world, big)[0]
    assert refused["status"] == 413
    assert (b"x-wxsim", b"simulator, not WeChat") in refused["headers"]


def test_asgi_without_a_transport_says_so(world: World) -> None:
    """A server that cannot close connections makes a loud error of a reset."""
    world.faults.add(Fault(name="reset"))
    scope = {"type": "http", "method": "GET", "path": "/sns/x", "query_string": b"", "headers": []}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI
        del message

    with pytest.raises(RuntimeError, match="uvicorn"):
        asyncio.run(_run(world, scope, receive, send))
