"""What the page asks its own server: WeChat's phone side, what the page shows and what its buttons do.

menjin has no debug route: what is shown here is read in this process.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import wxsim
from hops import Hop, Hops
from sides import Sides
from troubles import Troubles
from watching import WatchedWorld

_NETWORK = frozenset({"request", "uploadFile", "downloadFile"})
_BEAT = 15
_MOST_SECONDS = 100 * 86_400


class Stage:
    """The routes of the page.

    Args:
        world: The simulated WeChat.
        hops: What is shown.
        sides: Likewise.
        troubles: What the buttons do.
        hosts: Where the names of the mini program's servers lead in this demo: origin to URL.
    """

    def __init__(
        self,
        world: WatchedWorld,
        hops: Hops,
        sides: Sides,
        troubles: Troubles,
        *,
        hosts: Mapping[str, str],
    ) -> None:
        self._world = world
        self._hops = hops
        self._sides = sides
        self._troubles = troubles
        self._hosts = hosts
        self._closing = asyncio.Event()

    def app(self) -> Starlette:
        """Return the ASGI app."""
        routes = [
            Route("/_wx/{appid}/{person}/{api}", self.wx, methods=["POST"]),
            Route("/_net/{url:path}", self.picture),
            Route("/demo/events", self.events),
            Route("/demo/state", self.state),
            Route("/demo/people/{name}", self.person),
            Route("/demo/clock", self.turn_clock, methods=["POST"]),
            Route("/demo/troubles/{name}", self.trouble, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    def close(self) -> None:
        """Let the pages that follow go, so that the server can end."""
        self._closing.set()

    async def wx(self, request: Request) -> Response:
        """One call of wx, answered by the simulated WeChat."""
        body = await request.body()
        if request.path_params["api"] in _NETWORK:
            body = self._lead(body)
        answer = await self._ask_world(request.url.path, dict(request.query_params), body)
        return Response(answer.body, answer.status, answer.headers)

    async def picture(self, request: Request) -> Response:
        """A picture of the mini program from one of its own domains."""
        options = {"url": f"https://{request.path_params['url']}", "responseType": "base64"}
        path = f"/_wx/{wxsim.FIRST_APPID}/an/downloadFile"
        answer = await self._ask_world(path, {}, self._lead(msgspec.json.encode(options)))
        found = answer.json()
        kind = {name.lower(): value for name, value in found.get("header", {}).items()}.get("content-type", "")
        if not kind.startswith("image/"):
            return Response(status_code=404)
        return Response(base64.b64decode(found["dataBase64"]), int(found["statusCode"]), media_type=kind)

    async def _ask_world(self, path: str, query: dict[str, str], body: bytes) -> wxsim.Response:
        """Ask in a thread: a request of the mini program leads back to this process."""
        asked = wxsim.Request("POST", path, query, body=body)
        return await asyncio.to_thread(self._world.handle, asked)

    def _lead(self, body: bytes) -> bytes:
        """Put the address at which a server listens here in place of its public name."""
        options = msgspec.json.decode(body, type=dict[str, Any])
        parts = urlsplit(str(options.get("url", "")))
        target = self._hosts.get(f"{parts.scheme}://{parts.netloc}")
        if target is not None:
            to = urlsplit(target)
            options["url"] = urlunsplit((to.scheme, to.netloc, parts.path, parts.query, ""))
        return msgspec.json.encode(options)

    async def events(self, request: Request) -> Response:
        """The hops as they happen, as server-sent events."""
        last = request.headers.get("last-event-id", "")
        after = int(last) if last.isdigit() else 0
        return StreamingResponse(
            self._stream(after), headers={"Cache-Control": "no-store"}, media_type="text/event-stream"
        )

    async def _stream(self, after: int) -> AsyncIterator[str]:
        async with self._hops.follow() as queue:
            yield ": hello\n\n"
            for hop in self._hops.latest(after):
                after = hop.number
                yield _to_event(hop)
            while not self._closing.is_set():
                coming = await _next(queue, self._closing)
                if coming is None:
                    yield ": still here\n\n"
                elif coming.number > after:
                    yield _to_event(coming)

    async def state(self, request: Request) -> Response:
        """What the four sides remember of whoever holds the phone."""
        return JSONResponse(await asyncio.to_thread(self._sides.read, request.query_params.get("person", "an")))

    async def person(self, request: Request) -> Response:
        """What a person's own phone shows of that person."""
        person = self._world.people.get(request.path_params["name"])
        if person is None:
            return JSONResponse({"error": "nobody of that name"}, 404)
        return JSONResponse(
            {"nickname": person.profile.nick_name, "phone": person.phone.number if person.phone else ""}
        )

    async def turn_clock(self, request: Request) -> Response:
        """Put the one clock of the demo forward."""
        seconds = float((await request.json())["seconds"])
        if not 0 <= seconds <= _MOST_SECONDS:
            return JSONResponse({"error": "from 0 to 100 days"}, 400)
        return JSONResponse({"now": self._world.clock.advance(seconds)})

    async def trouble(self, request: Request) -> Response:
        """Let something go wrong; answer with the story of it."""
        make = self._troubles.table.get(request.path_params["name"])
        if make is None:
            return JSONResponse({"error": "no such trouble"}, 404)
        wish = await request.json()
        story = await make(str(wish.get("person", "an")), str(wish.get("device", "d1")))
        return JSONResponse({"zh": story.zh, "en": story.en, "next": story.next, "is_on": story.is_on})


async def _next(queue: asyncio.Queue[Hop], closing: asyncio.Event) -> Hop | None:
    """Return the next hop; None after a while without one, or when the server ends."""
    waits = [asyncio.ensure_future(queue.get()), asyncio.ensure_future(closing.wait())]
    try:
        await asyncio.wait(waits, timeout=_BEAT, return_when=asyncio.FIRST_COMPLETED)
        found = waits[0].result() if waits[0].done() else None
        return found if isinstance(found, Hop) else None
    finally:
        for wait in waits:
            wait.cancel()


def _to_event(hop: Hop) -> str:
    return f"id: {hop.number}\nevent: hop\ndata: {hop.to_json()}\n\n"
