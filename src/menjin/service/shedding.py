"""Sign-in requests that are refused by their address, before the router, the JSON or a database is troubled.

In a flood most requests end here, so that what is left of the processor goes to the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from menjin.aio import AsyncMenjin
from menjin.errors import MenjinError
from menjin.limits.addresses import TrustedProxies, read_address
from menjin.service.bodies import LARGEST_BODY

_PATH = "/v1/sessions"
_BODY_SECONDS = 1.0


class Shedding:
    """Stands before the router.

    Args:
        app: The app inside.
        menjin: Knows who tries too often.
        trusted: The proxies in front.
        refuse: Makes the answer of an error.
    """

    def __init__(
        self,
        app: ASGIApp,
        menjin: AsyncMenjin,
        trusted: TrustedProxies,
        refuse: Callable[[Request, MenjinError], Awaitable[Response]],
    ) -> None:
        self._app = app
        self._menjin = menjin
        self._trusted = trusted
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        if is_sign_in(scope):
            request = Request(scope)
            try:
                await self._menjin.turn_away(read_address(scope, self._trusted))
            except MenjinError as error:
                response = await self._refuse(request, error)
                if not await _let_pass(receive):
                    response.headers["Connection"] = "close"
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_sign_in(scope: Scope) -> bool:
    """Whether a request is POST /v1/sessions, under whatever prefix the app is mounted."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    path: str = scope["path"]
    return path == _PATH or path == scope.get("root_path", "") + _PATH


async def _let_pass(receive: Receive) -> bool:
    """Take the body off the connection, which goes on after it; False if it is not whole in a moment, or too long.

    uvicorn times an idle connection from the end of its answer; what arrives after that would stop its clock.
    """
    left = LARGEST_BODY
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while left >= 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body", False):
                    return left >= 0
    except TimeoutError:
        pass
    return False
