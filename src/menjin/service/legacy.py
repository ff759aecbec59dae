"""`[legacy]`: the old protocols served by menjin itself, for back ends in any language.

    /legacy/{protocol}/{appid}/login   wafer and wafer2: the clients' setLoginUrl
    /legacy/{protocol}/{appid}/user    who the request is: {code: 0, data: wxUserInfo or null}, or a refusal

An skey is a session_token: `GET /v1/session` and the gateways take it as a bearer as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, Router

from menjin.adapters.sqlalchemy.database import Database
from menjin.aio import AsyncMenjin
from menjin.assembly import Parts
from menjin.integrations.legacy import LegacyStore, MemoryLegacyStore, SqlLegacyStore, Wafer, Wafer2, WeappSession
from menjin.integrations.legacy.asgi import Middleware
from menjin.integrations.legacy.sign_in import Surroundings
from menjin.service.settings import Settings

_KINDS: dict[str, Callable[..., Middleware]] = {"weapp-session": WeappSession, "wafer": Wafer, "wafer2": Wafer2}


@dataclass(frozen=True, slots=True)
class Legacy:
    """The mounted protocols; none, unless the configuration names some.

    Attributes:
        prepare: Brings the store's table about.
    """

    mounts: Sequence[Mount]
    prepare: Callable[[], Awaitable[None]]


def to_legacy(settings: Settings, parts: Parts, menjin: AsyncMenjin) -> Legacy:
    """Return what `[legacy] protocols` names, for every app."""
    if not settings.legacy.protocols:
        return Legacy((), _nothing)
    store, prepare = _open_store(parts)
    around = Surroundings(parts.clock, parts.pause, parts.randomness)
    given = {"menjin": menjin, "store": store, "around": around, "trusted_proxies": settings.gateway.to_proxies()}
    mounts = [
        Mount(
            f"/legacy/{protocol}/{section.appid}",
            app=_KINDS[protocol](_show_user, appid=section.appid, **given),
        )
        for protocol in dict.fromkeys(settings.legacy.protocols)
        for section in settings.apps
    ]
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
