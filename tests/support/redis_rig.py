"""Redis-backed stores and houses for tests, in both colours."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import wxsim
from menjin import (
    AesGcmVault,
    App,
    Apps,
    Database,
    FunctionHttp,
    MemoryDirectory,
    Parts,
    Stores,
    TokenFigures,
    open_async_engine,
    open_engine,
    redis_stores,
)
from menjin.adapters.redis.clients import AnyRedis, open_async_redis, open_redis
from menjin.bridge import drive
from menjin.clock import SystemRandomness
from menjin.sessions.model import BoundAccount, Device, Session, Subject
from menjin.sessions.revocations import NoRevocations
from menjin.sessions.token import NewToken, make_token
from menjin.values import AccountId, AppId, IdentityId, OpenId, SessionId, UnionId, new_id
from support.clock import START, ClockStopwatch, FakeClock, NoPause
from support.doors import APP, MEMBERS, VAULT_KEY, Colour, Door, Heard, House, answer_from

T = TypeVar("T")


class StillStopwatch:
    """Stands still until turned."""

    def __init__(self) -> None:
        self.at = 0.0

    def seconds(self) -> float:
        """Return where it stands."""
        return self.at


class Runner:
    """Runs a flow in a colour, blocking either way."""

    def __init__(self, colour: Colour) -> None:
        self.colour = colour
        self._loop = asyncio.Runner() if colour == "async" else None

    def __call__(self, flow: Coroutine[Any, Any, T]) -> T:
        """Run `flow` to its end."""
        return self._loop.run(flow) if self._loop is not None else drive(flow)

    def close(self) -> None:
        """End the loop."""
        if self._loop is not None:
            self._loop.close()


def open_client(colour: Colour, url: str) -> AnyRedis:
    """Open Redis in a colour."""
    return open_async_redis(url) if colour == "async" else open_redis(url)


def open_database(colour: Colour, folder: Path) -> Database:
    """Open the one SQLite file of a folder, in a colour."""
    url = f"sqlite:///{folder / 'menjin.db'}"
    return Database(open_async_engine(url) if colour == "async" else open_engine(url))


def open_stores(
    colour: Colour,
    url: str,
    folder: Path,
    *,
    clock: FakeClock | None = None,
    stopwatch: StillStopwatch | None = None,
    log: bool = True,
) -> Stores:
    """Return stores on Redis and SQLite; with `log` off, those of a build that forgot the revocation log."""
    vault = AesGcmVault("k1", {"k1": VAULT_KEY})
    stores = redis_stores(
        open_client(colour, url), open_database(colour, folder), vault, clock=clock, stopwatch=stopwatch
    )
    return stores if log else replace(stores, revocations=NoRevocations())


def open_house(
    colour: Colour, stores: Stores, clock: FakeClock, apps: tuple[App, ...] = (APP,), world: wxsim.World | None = None
) -> House:
    """Return a library on these stores, and its WeChat."""
    world = world or wxsim.World(clock=wxsim.Clock(clock.now().timestamp(), frozen=True))
    heard = Heard()
    parts = Parts(
        apps=Apps(apps),
        http=FunctionHttp(answer_from(world)),
        stores=stores,
        pause=NoPause(),
        directory=MemoryDirectory(MEMBERS),
        clock=clock,
        stopwatch=ClockStopwatch(clock),
        tokens=TokenFigures(jitter=timedelta(0)),
        keeps_tokens=False,
        randomness=SystemRandomness(),
        listener=heard,
    )
    return House(Door(parts, colour), world, clock, heard, parts)


_RANDOMNESS = SystemRandomness()


def make_session(identity: str = "ming", device: Device | None = None, **age: float) -> tuple[Session, NewToken]:
    """Return a session issued `age` before START, with its token."""
    issued_at = START - timedelta(**age)
    subject = Subject(
        AppId("wx0000000000000001"),
        OpenId(f"openid-of-{identity}-000000"),
        IdentityId(f"idn_{identity:x>26}"),
        UnionId("unionid-000000000000000"),
        BoundAccount(AccountId("acc_" + "0" * 26), None),
    )
    session = Session(
        session_id=SessionId(new_id("ses_", issued_at, _RANDOMNESS.random_bytes(10))),
        subject=subject,
        device=device,
        issued_at=issued_at,
        last_seen_at=issued_at,
        authenticated_at=issued_at,
        idle_timeout=timedelta(days=7),
        ends_at=issued_at + timedelta(days=30),
    )
    return session, make_token(_RANDOMNESS)
