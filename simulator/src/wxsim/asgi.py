"""The world as an ASGI app; here the faults of the wire are enacted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from wxsim.front import stamp
from wxsim.wire import Delivery, Request, Response, problem, read_query

if TYPE_CHECKING:
    from wxsim.world import World

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
MOST_BYTES = 32 * 1024 * 1024
# Who runs the errands of wx.request: ten at once for each of a few phones.
_MESSENGERS = ThreadPoolExecutor(max_workers=40, thread_name_prefix="wxsim-errand")


def create_app(world: World) -> App:
    """Return an ASGI application that serves ``world``."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            body = await _read(receive)
            if body is None:
                response = stamp(world, problem(413, "body_too_large", f"bodies end at {MOST_BYTES} bytes"))
            else:
                response = await _handle(world, _request(scope, body))
            await deliver(response, receive, send)

    return app


async def _handle(world: World, request: Request) -> Response:
    response = world.take(request)
    if response.errand is None:
        return response
    done = await asyncio.get_running_loop().run_in_executor(_MESSENGERS, response.errand.run)
    return world.finish(response.errand, done)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _read(receive: Receive) -> bytes | None:
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_BYTES:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _request(scope: Scope, body: bytes) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    client = scope.get("client")
    return Request(
        scope["method"],
        scope["path"],
        read_query(scope["query_string"].decode("latin-1")),
        headers,
        body,
        client[0] if client else "",
    )


async def deliver(response: Response, receive: Receive, send: Send) -> None:
    """Send a response as its delivery says."""
    plan = response.delivery
    if plan is None:
        await _send_whole(response, send)
    elif plan.how == "delay":
        await asyncio.sleep(plan.seconds)
        await _send_whole(response, send)
    elif plan.how == "drip":
        await _drip(response, plan, send)
    elif plan.how == "hang":
        await _until_gone(receive)
        _close(send)
    else:
        if plan.how == "cut":
            await _send_head(response, send)
            if plan.after:
                part = response.body[: plan.after]
                await send({"type": "http.response.body", "body": part, "more_body": True})
        _close(send)


async def _send_head(response: Response, send: Send) -> None:
    fields = [(name.encode(), value.encode()) for name, value in response.headers.items()]
    fields.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": fields})


async def _send_whole(response: Response, send: Send) -> None:
    await _send_head(response, send)
    await send({"type": "http.response.body", "body": response.body})


async def _drip(response: Response, plan: Delivery, send: Send) -> None:
    await _send_head(response, send)
    step = max(1, plan.after)
    for start in range(0, len(response.body), step):
        await asyncio.sleep(plan.seconds)
        part = response.body[start : start + step]
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _close(send: Send) -> None:
    """Close the connection under the server; ASGI itself has no word for it."""
    cycle = getattr(send, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        message = "this fault needs a server whose connections can be closed, such as uvicorn"
        raise RuntimeError(message)
    transport.close()
