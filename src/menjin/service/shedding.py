"""Sign-in requests that are refused by their address, before the router, the body or a database is troubled.

In a flood most requests end here, so that what is left of the processor goes to the others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from menjin.aio import AsyncMenjin
from menjin.errors import MenjinError
from menjin.limits.addresses import TrustedProxies, find_client

PATH = "/v1/sessions"


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
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST":
            request = Request(scope)
            try:
                await self._menjin.turn_away(read_address(request, self._trusted))
            except MenjinError as error:
                await (await self._refuse(request, error))(scope, receive, send)
                return
        await self._app(scope, receive, send)


def read_address(request: Request, trusted: TrustedProxies) -> str | None:
    """Return where a request comes from, as far as that can be trusted."""
    peer = request.client.host if request.client is not None else None
    found = find_client(peer, request.headers.getlist("x-forwarded-for"), trusted)
    return str(found) if found is not None else None
