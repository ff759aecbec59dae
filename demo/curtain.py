"""What the browser gets at once, while menjin is still being loaded: the bundle and the scene. All else waits.

The phone takes its time to load too; so the two go on beside each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILES = {
    "/": ("index.html", "text/html"),
    "/phone.js": ("phone.js", "text/javascript"),
    "/phone.css": ("phone.css", "text/css"),
}
_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Curtain:
    """Serves what the page begins with, and everything else once it is lifted.

    Args:
        scene: Told to the page when it opens: the app, this run's name, who may hold the phone.
        folder: The bundle's; by default where wxsim is installed.
    """

    def __init__(self, scene: Mapping[str, object], folder: Path | None = None) -> None:
        self._scene = scene
        self._folder = folder or find_bundle()
        self._stage: ASGIApp | None = None
        self._lifted = asyncio.Event()

    def lift(self, stage: ASGIApp) -> None:
        """Let everybody through."""
        self._stage = stage
        self._lifted.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._find(scope["path"]) if scope["method"] in {"GET", "HEAD"} else None
        if found is not None:
            await found(scope, receive, send)
            return
        await self._lifted.wait()
        if self._stage is not None:
            await self._stage(scope, receive, send)

    def _find(self, path: str) -> Response | None:
        if path == "/demo/scene":
            return JSONResponse(self._scene)
        if path not in _FILES:
            return None
        name, kind = _FILES[path]
        return Response((self._folder / name).read_bytes(), headers={"Cache-Control": "no-cache"}, media_type=kind)


def find_bundle() -> Path:
    """Return the folder of the bundle, without loading the simulator it belongs to.

    Raises:
        RuntimeError: wxsim is not installed.
    """
    spec = find_spec("wxsim")
    if spec is None or spec.origin is None:
        raise RuntimeError("wxsim is not installed")
    return Path(spec.origin).parent / "browser"


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


class Guard:
    """Lets only this machine's own pages in, and says so to the browser.

    A page from elsewhere could otherwise turn the demo's clock, by a name that leads to 127.0.0.1.

    Args:
        app: The app inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or refuse."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        if urlsplit(f"//{host}").hostname not in _HOSTS or (origin is not None and urlsplit(origin).netloc != host):
            await Response("not from here", 403)(scope, receive, send)
            return

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [
                    (b"content-security-policy", POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                ]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._app(scope, receive, with_policy)
