"""`[legacy]`: the old protocols served by menjin itself, for back ends in any language.

    /legacy/{protocol}/{appid}/login   wafer and wafer2: the clients' setLoginUrl
    /legacy/{protocol}/{appid}/user    who the request is: {code: 0, data: wxUserInfo or null}, or a refusal

An skey is a session_token: `GET /v1/session` and the gateways take it as a bearer as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from menjin.adapters.sqlalchemy.database import Database
from menjin.aio import AsyncMenjin
from menjin.assembly import Parts
from menjin.integrations.legacy import LegacyStore, MemoryLegacyStore, SqlLegacyStore, Wafer, Wafer2, WeappSession
from menjin.integrations.legacy.asgi import Middleware
from menjin.integrations.legacy.sign_in import Surroundings
from menjin.service.settings import Settings

_KINDS: dict[str, Callable[..., Middleware]] = {"weapp-session": WeappSession, "wafer": Wafer, "wafer2": Wafer2}
_NOWHERE = Router((), redirect_slashes=False)


@dataclass(frozen=True, slots=True)
class Legacy:
    """The mounted protocols; none, unless the configuration names some.

    Attributes:
        prepare: Brings the store's table about.
    """

    mounts: Sequence[Mount]
    prepare: Callable[[], Awaitable[None]]


class ByApp:
    """Finds an app's middleware at once: with a route each, a flood would cost more the more apps there are."""

    def __init__(self, doors: Mapping[str, ASGIApp]) -> None:
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        await self._doors.get(scope["path_params"]["appid"], _NOWHERE)(scope, receive, send)


def to_legacy(settings: Settings, parts: Parts, menjin: AsyncMenjin) -> Legacy:
    """Return what `[legacy] protocols` names, for every app."""
    if not settings.legacy.protocols:
        return Legacy((), _nothing)
    store, prepare = _open_store(parts)
    around = Surroundings(parts.clock, parts.pause, parts.randomness)
    given = {"menjin": menjin, "store": store, "around": around, "trusted_proxies": settings.gateway.to_proxies()}
    mounts = []
    for protocol in dict.fromkeys(settings.legacy.protocols):
        kind = _KINDS[protocol]
        doors = {section.appid: kind(_show_user, appid=section.appid, **given) for section in settings.apps}
        mounts.append(Mount(f"/legacy/{protocol}/{{appid}}", app=ByApp(doors)))
    return Legacy(mounts, prepare)


def _open_store(parts: Parts) -> tuple[LegacyStore, Callable[[], Awaitable[None]]]:
    if isinstance(parts.stores.transactions, Database):
        store = SqlLegacyStore(parts.stores.transactions)
        return store, store.prepare
    return MemoryLegacyStore(), _nothing


async def _user(request: Request) -> Response:
    headers = {"Cache-Control": "no-store"}
    return JSONResponse({"code": 0, "data": request.state.wx_user_info}, headers=headers)


_show_user = Router([Route("/user", _user)], redirect_slashes=False)


async def _nothing() -> None:
    """Do nothing."""
