"""How fast the simulator is, beside a bare server: ``python -m wxsim.bench``.

A login is two requests: a code on the phone, its exchange by the server.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import msgspec
import uvicorn

from wxsim.serving import LOOPBACK, listen
from wxsim.settings import Settings
from wxsim.state import FIRST_APPID, FIRST_SECRET
from wxsim.wire import Request
from wxsim.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from wxsim.asgi import Receive, Scope, Send

EXCHANGE = {"appid": FIRST_APPID, "secret": FIRST_SECRET, "grant_type": "authorization_code"}
PEOPLE = 1000
Talk = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Rates(msgspec.Struct, frozen=True):
    """What was measured, all a second on this machine at this moment.

    Attributes:
        in_process: logins through ``World.handle``.
        over_http: logins over HTTP, keep-alive.
        bare_requests: requests to a uvicorn server that answers two bytes.
    """

    in_process: float
    over_http: float
    bare_requests: float


def in_process(logins: int = 20_000) -> float:
    """Return logins a second through ``World.handle``, on one core."""
    world = World(Settings(exchange_calls_per_minute=0))
    begun = time.perf_counter()
    for _ in range(logins):
        made = world.handle(Request("POST", f"/_wx/{FIRST_APPID}/ming/login"))
        world.handle(Request("GET", "/sns/jscode2session", {**EXCHANGE, "js_code": made.json()["code"]}))
    return logins / (time.perf_counter() - begun)


def over_http(logins: int = 4000, connections: int = 20) -> float:
    """Return logins a second against ``wxsim serve`` in a process of its own."""
    return _against(["-m", "wxsim", "serve", "--port", "0", "--seed", "1"], _prepare, _login, logins, connections)


def bare(requests: int = 8000, connections: int = 20) -> float:
    """Return requests a second against a uvicorn server that does nothing."""
    return _against(["-m", "wxsim.bench", "bare"], _nothing, _request, requests, connections)


def measure() -> Rates:
    """Measure all three, one after another."""
    return Rates(in_process(), over_http(), bare())


def _against(
    arguments: list[str],
    prepare: Callable[[Talk], Awaitable[None]],
    step: Callable[[Talk, int], Awaitable[None]],
    steps: int,
    connections: int,
) -> float:
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - this module's own arguments
        try:
            line = server.stdout.readline() if server.stdout else ""
            port = int(line.split("/")[2].rsplit(":", 1)[1])
            return asyncio.run(_drive(port, prepare, step, steps, connections))
        finally:
            server.terminate()


async def _drive(
    port: int,
    prepare: Callable[[Talk], Awaitable[None]],
    step: Callable[[Talk, int], Awaitable[None]],
    steps: int,
    connections: int,
) -> float:
    talks = [await asyncio.open_connection(LOOPBACK, port) for _ in range(connections)]
    await prepare(talks[0])
    begun = time.perf_counter()

    async def work(first: int) -> None:
        for number in range(first, steps, connections):
            await step(talks[first], number)

    await asyncio.gather(*(work(first) for first in range(connections)))
    rate = steps / (time.perf_counter() - begun)
    for _, writer in talks:
        writer.close()
        await writer.wait_closed()
    return rate


async def _say(talk: Talk, method: str, target: str, body: bytes = b"") -> bytes:
    reader, writer = talk
    head = f"{method} {target} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return await reader.readexactly(length)


async def _prepare(talk: Talk) -> None:
    crowd = msgspec.json.encode({"name": "p", "count": PEOPLE})
    await _say(talk, "POST", "/_sim/settings", b'{"exchange_calls_per_minute": 0}')
    await _say(talk, "POST", "/_sim/people", crowd)


async def _login(talk: Talk, number: int) -> None:
    target = f"/_wx/{FIRST_APPID}/p{number % PEOPLE + 1}/login"
    code = msgspec.json.decode(await _say(talk, "POST", target))["code"]
    query = "&".join(f"{name}={value}" for name, value in EXCHANGE.items())
    await _say(talk, "GET", f"/sns/jscode2session?{query}&js_code={code}")


async def _nothing(talk: Talk) -> None:
    await _request(talk, 0)


async def _request(talk: Talk, number: int) -> None:
    await _say(talk, "GET", f"/{number}")


async def _bare_app(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    head = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    await send(head)
    await send({"type": "http.response.body", "body": b"{}"})


def _serve_bare() -> None:
    bound = listen()
    sys.stdout.write(f"bare http://{LOOPBACK}:{bound.getsockname()[1]}/\n")
    sys.stdout.flush()
    config = uvicorn.Config(_bare_app, log_level="critical", access_log=False, lifespan="off")
    uvicorn.Server(config).run([bound])


def main() -> None:
    """Print the rates, or serve the bare server they are compared with."""
    if sys.argv[1:] == ["bare"]:
        _serve_bare()
        return
    rates = measure()
    sys.stdout.write(
        f"in process  {rates.in_process:10,.0f} logins/s\n"
        f"over HTTP   {rates.over_http:10,.0f} logins/s = {rates.over_http * 2:,.0f} requests/s\n"
        f"bare server {rates.bare_requests:10,.0f} requests/s"
        f" (wxsim over bare: {rates.over_http * 2 / rates.bare_requests:.2f})\n"
    )


if __name__ == "__main__":
    main()
