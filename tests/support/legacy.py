"""A house of the library with the legacy middlewares in front of a small app, all in process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import wxsim
from menjin import App, AppId, Apps, AsyncMenjin, Database, FunctionHttp, Parts, open_async_engine
from menjin.errors import StoreUnavailable
from menjin.integrations.legacy import Entry, LegacyStore, MemoryLegacyStore, SqlLegacyStore
from menjin.integrations.legacy.asgi import AsgiApp
from menjin.integrations.legacy.sign_in import Surroundings
from menjin.wechat.ports import HttpRequest, HttpResponse
from support.clock import CountedRandomness, FakeClock, NoPause
from support.doors import APP, Storage, answer_from, make_stores

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "legacy.json").read_text("utf-8"))
MAGIC = VECTORS["magic"]
REPLIES = {case["id"]: case for case in VECTORS["replies"]}
EXCHANGE = "/sns/jscode2session"
Headers = Sequence[tuple[str, str]]


class HeldHttp:
    """WeChat behind a gate: a request arrives, and is answered when the gate is open."""

    works_without_loop = True

    def __init__(self, world: wxsim.World) -> None:
        self._inner = FunctionHttp(answer_from(world))
        self.gate = asyncio.Event()
        self.reached = asyncio.Event()
        self.gate.set()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Return the answer, once the gate is open."""
        self.reached.set()
        await self.gate.wait()
        return await self._inner.send(request)


class GatePause:
    """Waits for the gate, then gives other tasks, and the threads of a database, a moment."""

    works_without_loop = False

    def __init__(self, gate: asyncio.Event) -> None:
        self._gate = gate

    async def pause(self, length: timedelta) -> None:
        """Return soon after the gate opened."""
        await self._gate.wait()
        await asyncio.sleep(length.total_seconds() / 20)


async def show(request: Request) -> JSONResponse:
    """Answer what the middleware found out: the app behind."""
    principal = request.state.principal
    session_id = principal.session.session_id if principal is not None else None
    return JSONResponse({"wx": request.state.wx_user_info, "session_id": session_id})


def make_app() -> AsgiApp:
    """Return the app behind."""
    return Starlette(routes=[Route("/{path:path}", show)])


@dataclass
class Legacy:
    """What a test holds."""

    world: wxsim.World
    clock: FakeClock
    menjin: AsyncMenjin
    store: LegacyStore
    http: HeldHttp
    appid: str = wxsim.FIRST_APPID

    def mount(self, kind: Callable[..., AsgiApp], **options: Any) -> AsgiApp:  # noqa: ANN401 - a middleware's arguments
        """Return the app with a middleware of `kind` in front."""
        around = Surroundings(self.clock, GatePause(self.http.gate), CountedRandomness())
        given = {"menjin": self.menjin, "appid": self.appid, "store": self.store, "around": around}
        return kind(make_app(), **(given | options))

    def code(self, person: str = "ming") -> str:
        """Return a fresh login_code."""
        found: str = self.world.phone(person, self.appid).login()["code"]
        return found

    def profile(self, person: str = "ming") -> dict[str, Any]:
        """Return what wx.getUserInfo gives after a tap."""
        return self.world.phone(person, self.appid).getUserInfo(tap=True)

    def calls(self) -> int:
        """Return how often a code went to WeChat."""
        return sum(entry.path == EXCHANGE for entry in self.world.journal.entries)

    def session_keys(self) -> list[str]:
        """Return every session_key WeChat gave."""
        answers = (json.loads(entry.answer) for entry in self.world.journal.entries if entry.path == EXCHANGE)
        return [answer["session_key"] for answer in answers if "session_key" in answer]

    def advance(self, seconds: float) -> None:
        """Turn both clocks."""
        self.clock.advance(seconds=seconds)
        self.world.clock.advance(seconds)


class DownStore(MemoryLegacyStore):
    """A store that cannot be asked."""

    async def find(self, name: str, now: datetime) -> Entry | None:  # noqa: ARG002 - the port's
        """Fail."""
        raise StoreUnavailable

    async def claim(self, name: str, entry: Entry, now: datetime) -> Entry | None:  # noqa: ARG002 - the port's
        """Fail."""
        raise StoreUnavailable


@asynccontextmanager
async def open_legacy(storage: Storage, folder: Path, *apps: App) -> AsyncIterator[Legacy]:
    """Open a house with an event loop."""
    clock = FakeClock()
    world = wxsim.World(clock=wxsim.Clock(clock.now().timestamp(), frozen=True))
    world.app(wxsim.FIRST_APPID).published_at = 0.0  # an old mini program still gets real nicknames
    http = HeldHttp(world)
    parts = Parts(
        apps=Apps(apps or (APP,)),
        http=http,
        stores=make_stores(storage, "async", folder),
        pause=NoPause(),
        clock=clock,
        randomness=CountedRandomness(),
    )
    async with AsyncMenjin(parts) as menjin:
        if storage == "memory":
            yield Legacy(world, clock, menjin, MemoryLegacyStore(), http)
            return
        database = Database(open_async_engine(f"sqlite:///{folder / 'legacy.db'}"))
        store = SqlLegacyStore(database)
        await store.prepare()
        try:
            yield Legacy(world, clock, menjin, store, http)
        finally:
            await database.close()


@dataclass(frozen=True)
class Answer:
    """A reply as it came over the wire."""

    status: int
    content: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:  # noqa: ANN401 - a JSON document
        """Return the body, read."""
        return json.loads(self.content)

    def is_vector(self, name: str) -> bool:
        """Whether status and bytes are those of a vector."""
        case = REPLIES[name]
        body = json.dumps(case["body"], ensure_ascii=False, separators=(",", ":")).encode()
        return self.status == case["status"] and self.content == body


async def call(app: AsgiApp, path: str, headers: Headers | Mapping[str, str] = ()) -> Answer:
    """Send a GET to an app in process."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        listed = list(headers.items() if isinstance(headers, Mapping) else headers)
        response = await client.get(path, headers=listed)
        return Answer(response.status_code, response.content, dict(response.headers))


OTHER_APP = replace(APP, appid=AppId(wxsim.FIRST_APPID[:-1] + "f"))
