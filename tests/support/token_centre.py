"""One process's access_token centre for the soaks: real stores, real HTTP, either colour, and ways to be hurt.

The points at which a holder can be hurt: `acquired` (the lease is durable, nothing sent), `going` (told that it may
go, not gone), `answered` (WeChat has answered, nothing saved), `saved`.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from menjin import (
    AesGcmVault,
    AiohttpHttp,
    App,
    AppId,
    Apps,
    BlockingHttp,
    Database,
    Secret,
    TaskPause,
    ThreadPause,
    TokenFigures,
    open_async_engine,
    open_engine,
)
from menjin.access_tokens.flow import AccessTokens
from menjin.access_tokens.means import Means
from menjin.access_tokens.model import Record
from menjin.access_tokens.ports import NoObserver, TokenObserver
from menjin.access_tokens.store import TokenStore
from menjin.adapters.once import TaskOnce, ThreadOnce
from menjin.adapters.redis.access_tokens import RedisTokens
from menjin.adapters.redis.clients import open_async_redis, open_redis
from menjin.adapters.sqlalchemy.access_tokens import SqlTokens
from menjin.apps import TokenMode
from menjin.clock import SystemClock, SystemRandomness, SystemStopwatch
from menjin.wechat.ports import Departure, HttpPort, HttpRequest, HttpResponse
from menjin.wechat.token_calls import TokenCalls
from support.doors import APP, Colour

KEY = {"k1": Secret("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")}
OTHER_APPID = AppId("wxde30000000000002")


def scale_figures(**seconds: float) -> TokenFigures:
    """Return the soak's figures: a token lasts 6 s and 2 s beside the next; changes in seconds, budgets in calls."""
    given: dict[str, float] = {
        "margin": 1.8,
        "jitter": 0.0,
        "second_look": 0.9,
        "overlap": 2.0,
        "lease": 0.6,
        "skew": 0.0,
        "deadline": 0.3,
        "look_every": 0.25,
        "poll_every": 0.02,
        "force_spacing": 3.0,
        "back_off": 0.05,
        "back_off_ceiling": 0.5,
        "store_down_every": 1.0,
        "per_minute": 1000,
        "per_day": 100_000,
        "forced_per_day": 100_000,
        **seconds,
    }
    counts = {"per_minute", "per_day", "forced_per_day"}
    figures: dict[str, Any] = {
        name: int(value) if name in counts else timedelta(seconds=value) for name, value in given.items()
    }
    return TokenFigures(**figures)


@dataclass
class Harm:
    """Hurts this process where a file says so, once: `kill:answered`, `stop:going`, and so on."""

    path: Path

    def reach(self, point: str) -> None:
        """Be hurt if it is this point's turn and nobody else was first."""
        try:
            kind, _, where = self.path.read_text("utf-8").partition(":")
            if where != point:
                return
            claimed = self.path.with_suffix(f".{kind}.{os.getpid()}")
            self.path.rename(claimed)
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL if kind == "kill" else signal.SIGSTOP)


class HurtStore:
    """Passes on, and reaches `acquired` and `saved`."""

    def __init__(self, inner: TokenStore, harm: Harm) -> None:
        self._inner = inner
        self._harm = harm

    async def load(self, appid: AppId) -> Record | None:
        """Load."""
        return await self._inner.load(appid)

    async def swap(self, appid: AppId, seen: str | None, record: Record) -> bool:
        """Swap."""
        taken = await self._inner.swap(appid, seen, record)
        if taken:
            self._harm.reach("acquired" if record.lease is not None else "saved")
        return taken


class _HurtDeparture:
    def __init__(self, inner: Departure, harm: Harm) -> None:
        self._inner = inner
        self._harm = harm

    def may_go(self) -> bool:
        found = self._inner.may_go()
        if found:
            self._harm.reach("going")
        return found

    def note_gone(self) -> None:
        self._inner.note_gone()


class HurtHttp:
    """Passes on, and reaches `going` and `answered`."""

    def __init__(self, inner: HttpPort, harm: Harm) -> None:
        self._inner = inner
        self._harm = harm

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send."""
        if request.departure is not None:
            request = replace(request, departure=_HurtDeparture(request.departure, self._harm))
        answer = await self._inner.send(request)
        if request.departure is not None:
            self._harm.reach("answered")
        return answer


class NoLease:
    """BROKEN: nobody sees another's lease, and everybody's result is taken."""

    def __init__(self, inner: TokenStore) -> None:
        self._inner = inner

    async def load(self, appid: AppId) -> Record | None:
        """Load, without the lease."""
        found = await self._inner.load(appid)
        return replace(found, lease=None) if found is not None else None

    async def swap(self, appid: AppId, seen: str | None, record: Record) -> bool:
        """Put it there, whoever else did."""
        if record.lease is not None and seen is not None:
            return True
        time.sleep(os.getpid() % 7 / 50)  # noqa: ASYNC251 - it is broken: the last to write is not the last to ask
        for _ in range(100):
            kept = await self._inner.load(appid)
            if await self._inner.swap(appid, kept.tag if kept is not None else None, record):
                return True
        return False


@dataclass
class Plan:
    """What a process is to be: JSON between the soak and its processes.

    Attributes:
        store: URL of Redis or of a database.
        figures: Changes to `scale_figures`.
        harm: The file that says who is to be hurt where.
        build: `no-lease` for the control.
    """

    colour: Colour
    store: str
    wechat: str
    mode: TokenMode
    figures: dict[str, float]
    harm: str = ""
    build: str = ""


@dataclass
class Centre:
    """A centre, and what is to be closed after it."""

    tokens: AccessTokens
    figures: TokenFigures
    store: TokenStore
    http: Any


def make_centre(plan: Plan, observer: TokenObserver | None = None) -> Centre:
    """Return one process's centre."""
    vault = AesGcmVault("k1", KEY)
    is_async = plan.colour == "async"
    store: TokenStore
    if plan.store.startswith("redis"):
        store = RedisTokens(open_async_redis(plan.store) if is_async else open_redis(plan.store), vault)
    else:
        open_it = open_async_engine if is_async else open_engine
        store = SqlTokens(Database(open_it(plan.store, pool_size=2)), vault)
    inner = AiohttpHttp() if is_async else BlockingHttp()
    http: HttpPort = inner
    if plan.build == "no-lease":
        store = NoLease(store)
    if plan.harm:
        harm = Harm(Path(plan.harm))
        store, http = HurtStore(store, harm), HurtHttp(http, harm)
    figures = scale_figures(**plan.figures)
    pause = TaskPause() if is_async else ThreadPause()
    means = Means(
        calls=TokenCalls(http, SystemClock(), pause, figures.deadline, plan.wechat),
        store=store,
        once=TaskOnce() if is_async else ThreadOnce(),
        clock=SystemClock(),
        stopwatch=SystemStopwatch(),
        randomness=SystemRandomness(),
        pause=pause,
        figures=figures,
        observer=observer or NoObserver(),
    )
    apps = Apps([replace(APP, token_mode=plan.mode), App(OTHER_APPID, APP.app_secret, token_mode=plan.mode)])
    return Centre(AccessTokens(apps, means), figures, store, inner)
