"""The library in both colours and on each store, behind one blocking face."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qsl, urlsplit

import wxsim
from menjin import (
    AesGcmVault,
    App,
    AppId,
    Apps,
    AsyncMenjin,
    Database,
    Figures,
    FunctionHttp,
    MemoryDirectory,
    Menjin,
    Parts,
    Secret,
    Stores,
    TokenFigures,
    UpstreamFigures,
    memory_stores,
    new_vault_key,
    open_async_engine,
    open_engine,
    sql_stores,
)
from menjin.bridge import drive
from menjin.errors import MenjinError
from menjin.login.events import Event
from support.clock import ClockStopwatch, CountedRandomness, FakeClock, NoPause

T = TypeVar("T")
Colour = Literal["sync", "async"]
Storage = Literal["memory", "sqlite"]
APP = App(AppId(wxsim.FIRST_APPID), Secret(wxsim.FIRST_SECRET))
BOUND_APP = replace(APP, sign_in="bound")
MEMBERS = {"ming": "ming's password", "hong": "hong's password"}
DIRECTORY = MemoryDirectory(MEMBERS)  # hashing is slow on purpose, so once for all tests
VAULT_KEY = new_vault_key()


@dataclass
class Heard:
    """A listener that keeps what it hears."""

    events: list[Event] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)

    def names(self) -> list[str]:
        """Return the events' names, oldest first."""
        return [event.name for event in self.events]


def answer_from(world: wxsim.World) -> Callable[[str, str, bytes], tuple[int, bytes]]:
    """Return a function that answers as `world` does, for FunctionHttp."""

    def answer(method: str, url: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        reply = world.handle(wxsim.Request(method, parts.path, dict(parse_qsl(parts.query)), body=body))
        return reply.status, reply.body

    return answer


class Door:
    """Menjin or AsyncMenjin; its methods block either way.

    Args:
        parts: What it is made of.
        colour: Which of the two.
    """

    def __init__(self, parts: Parts, colour: Colour) -> None:
        self._runner = asyncio.Runner() if colour == "async" else None
        menjin: Any = AsyncMenjin(parts) if colour == "async" else Menjin(parts)
        self._menjin = menjin
        try:
            self._settle(self._menjin.__aenter__() if self._runner else self._menjin.__enter__())
        except BaseException:
            self.close()
            raise

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._menjin, name)
        return lambda *args, **named: self._settle(method(*args, **named))

    def do(self, inner: str, deed: str, *args: Any, **named: Any) -> Any:  # noqa: ANN401 - any deed's
        """Do something by a door within the door, such as `operator`."""
        return self._settle(getattr(getattr(self._menjin, inner), deed)(*args, **named))

    def at_once(self, deed: str, asked: Sequence[tuple[Any, ...]], **named: Any) -> list[Any]:  # noqa: ANN401 - any deed's
        """Do something with each of these arguments, all at once: in tasks or threads; return answers and errors."""
        method = getattr(self._menjin, deed)

        async def gather() -> list[Any]:
            return await asyncio.gather(*(method(*args, **named) for args in asked), return_exceptions=True)

        def attempt(args: tuple[Any, ...]) -> Any:  # noqa: ANN401 - any deed's
            try:
                return method(*args, **named)
            except MenjinError as error:
                return error

        if self._runner is not None:
            return self._runner.run(gather())
        with ThreadPoolExecutor(len(asked)) as pool:
            return list(pool.map(attempt, asked))

    def run(self, flow: Coroutine[Any, Any, T]) -> T:
        """Run a flow in the door's colour."""
        return self._runner.run(flow) if self._runner is not None else drive(flow)

    def close(self) -> None:
        """Give everything back."""
        self._settle(self._menjin.close())
        if self._runner is not None:
            self._runner.close()

    def _settle(self, result: Any) -> Any:  # noqa: ANN401 - whatever the method gives
        return self._runner.run(result) if self._runner is not None else result


@dataclass
class House:
    """A library with a WeChat beside it, on one clock that stands still.

    Attributes:
        wechat_clock: wxsim's; `advance` turns both.
    """

    door: Door
    world: wxsim.World
    clock: FakeClock
    heard: Heard
    parts: Parts

    def code(self, person: str = "ming", appid: str = wxsim.FIRST_APPID) -> str:
        """Return a fresh login_code."""
        found: str = self.world.phone(person, appid).login()["code"]
        return found

    def advance(self, seconds: float) -> None:
        """Turn both clocks."""
        self.clock.advance(seconds=seconds)
        self.world.clock.advance(seconds)


def make_stores(storage: Storage, colour: Colour, folder: Path) -> Stores:
    """Return stores of a kind, in a colour."""
    if storage == "memory":
        return memory_stores()
    url = f"sqlite:///{folder / 'menjin.db'}"
    engine = open_async_engine(url) if colour == "async" else open_engine(url)
    return sql_stores(Database(engine), AesGcmVault("k1", {"k1": VAULT_KEY}))


def open_house(
    colour: Colour,
    storage: Storage,
    folder: Path,
    apps: tuple[App, ...] = (APP,),
    *,
    figures: Figures | None = None,
    upstream: UpstreamFigures | None = None,
) -> House:
    """Return a library and its WeChat, wired in process."""
    clock, heard = FakeClock(), Heard()
    world = wxsim.World(clock=wxsim.Clock(clock.now().timestamp(), frozen=True))
    parts = Parts(
        apps=Apps(apps),
        http=FunctionHttp(answer_from(world)),
        stores=make_stores(storage, colour, folder),
        pause=NoPause(),
        directory=DIRECTORY,
        clock=clock,
        stopwatch=ClockStopwatch(clock),
        tokens=TokenFigures(jitter=timedelta(0)),
        keeps_tokens=False,
        randomness=CountedRandomness(),
        listener=heard,
        figures=figures or Figures(),
        upstream=upstream or UpstreamFigures(),
    )
    return House(Door(parts, colour), world, clock, heard, parts)
