"""The access_token centre of a library beside a WeChat, in either colour, on a clock that stands still."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

import wxsim
from menjin import (
    AccessToken,
    App,
    AppId,
    Apps,
    AsyncMenjin,
    FunctionHttp,
    Menjin,
    Parts,
    Secret,
    TokenFigures,
    memory_stores,
)
from menjin.access_tokens.flow import AccessTokens
from menjin.access_tokens.model import Record, Renewal
from menjin.access_tokens.store import TokenStore
from menjin.adapters.memory_tokens import MemoryTokens
from menjin.apps import TokenMode
from menjin.bridge import drive
from menjin.errors import StoreUnavailable, TimedOut
from menjin.wechat.ports import Departure, HttpRequest, HttpResponse
from support.clock import ClockStopwatch, CountedRandomness, FakeClock, NoPause
from support.doors import APP, Colour, answer_from

T = TypeVar("T")
APPID = APP.appid
OTHER = App(AppId("wxde30000000000002"), Secret("02" * 16))
STABLE_PATH, LEGACY_PATH, CHECK_PATH = "/cgi-bin/stable_token", "/cgi-bin/token", "/cgi-bin/get_api_domain_ip"


@dataclass
class FlakyStore:
    """Passes on while it is up.

    Attributes:
        fails_after: So many calls more succeed; None for all.
    """

    inner: TokenStore
    down: bool = False
    fails_after: int | None = None

    async def load(self, appid: AppId) -> Record | None:
        """Load."""
        self._check()
        return await self.inner.load(appid)

    async def swap(self, appid: AppId, seen: str | None, record: Record) -> bool:
        """Swap."""
        self._check()
        return await self.inner.swap(appid, seen, record)

    def _check(self) -> None:
        if self.fails_after is not None:
            self.fails_after -= 1
        if self.down or (self.fails_after is not None and self.fails_after < 0):
            raise StoreUnavailable


@dataclass
class Noted:
    """An observer that keeps what it is told."""

    renewals: list[Renewal] = field(default_factory=list)
    waits: list[bool] = field(default_factory=list)

    def renewed(self, renewal: Renewal) -> None:
        """Keep it."""
        self.renewals.append(renewal)

    def waited(self, appid: AppId, length: timedelta, *, served: bool) -> None:  # noqa: ARG002 - the port's
        """Keep it."""
        self.waits.append(served)


@dataclass
class GatedHttp:
    """Passes on; a call that was told it may go passes a gate before it does.

    Attributes:
        gives_up: The next call goes out after its sender gave it up, and nobody is told that it went.
    """

    inner: FunctionHttp
    gate: Callable[[], object]
    gives_up: bool = False
    works_without_loop = True

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send."""
        if self.gives_up and request.departure is not None and request.departure.may_go():
            self.gives_up = False
            self.gate()
            await self.inner.send(replace(request, departure=None))
            raise TimedOut
        departure = GatedDeparture(request.departure, self.gate) if request.departure is not None else None
        return await self.inner.send(replace(request, departure=departure))


@dataclass
class GatedDeparture:
    """Passes on, by the gate."""

    inner: Departure
    gate: Callable[[], object]

    def may_go(self) -> bool:
        """Ask, and pass the gate."""
        found = self.inner.may_go()
        self.gate()
        return found

    def note_gone(self) -> None:
        """Tell."""
        self.inner.note_gone()


class Desk:
    """One process: a library with its centre.

    Args:
        colour: Which of the two libraries.
        mode: The apps'.
        wechat: The WeChat, shared by several desks.
        clock: As is the clock,
        store: and the store.
        figures: The centre's.
    """

    def __init__(
        self,
        colour: Colour,
        mode: TokenMode,
        *,
        wechat: wxsim.World,
        clock: FakeClock,
        store: TokenStore,
        figures: TokenFigures,
    ) -> None:
        self.world, self.clock, self.colour = wechat, clock, colour
        self.store = FlakyStore(store)
        self.pause, self.noted = NoPause(), Noted()
        self.gate: Callable[[], object] = lambda: None
        self.http = GatedHttp(FunctionHttp(answer_from(wechat)), lambda: self.gate())  # noqa: PLW0108 - it is put there later
        parts = Parts(
            apps=Apps([replace(APP, token_mode=mode), replace(OTHER, token_mode=mode)]),
            http=self.http,
            stores=replace(memory_stores(), tokens=self.store),
            pause=self.pause,
            clock=clock,
            stopwatch=ClockStopwatch(clock),
            randomness=CountedRandomness(),
            tokens=figures,
            token_observer=self.noted,
            keeps_tokens=False,
        )
        self._runner = asyncio.Runner() if colour == "async" else None
        self.door: Any = AsyncMenjin(parts) if colour == "async" else Menjin(parts)
        found: Any = self.door.access_tokens
        self.tokens: AccessTokens = found if colour == "async" else found._tokens

    def run(self, flow: Coroutine[Any, Any, T]) -> T:
        """Run a flow, and what it began beside itself, to the end."""
        if self._runner is None:
            return drive(flow)

        async def whole() -> T:
            try:
                return await flow
            finally:
                others = asyncio.all_tasks() - {asyncio.current_task()}
                await asyncio.gather(*others, return_exceptions=True)

        return self._runner.run(whole())

    def get(self, appid: str = APPID) -> AccessToken:
        """Return the token; what is begun beside it is over afterwards."""
        return self.run(self.tokens.get(appid))

    def text(self, appid: str = APPID) -> str:
        """Return the token's text."""
        return self.get(appid).value.reveal()

    def report(self, text: str) -> str:
        """Report a token; return the outcome's name."""
        return self.run(self.tokens.report(APPID, Secret(text))).name

    def at_once(self, make: Callable[[], Coroutine[Any, Any, T]], count: int) -> list[T]:
        """Run so many flows at the same time, in tasks or in threads."""
        if self._runner is None:
            with ThreadPoolExecutor(count) as pool:
                return list(pool.map(lambda _: drive(make()), range(count)))

        async def gather() -> list[T]:
            return await asyncio.gather(*(make() for _ in range(count)))

        return self._runner.run(gather())

    def call(self, *arguments: object, **named: object) -> Any:  # noqa: ANN401 - WeChat's answer
        """Call WeChat by the door."""
        found = self.door.wechat(APPID).call(*arguments, **named)
        return self.run(found) if self._runner is not None else found

    def close(self) -> None:
        """Give everything back."""
        if self._runner is not None:
            self._runner.run(self.door.close())
            self._runner.close()
        else:
            self.door.close()

    def calls(self, path: str) -> int:
        """Return how often WeChat was asked at a path."""
        return sum(entry.path == path for entry in self.world.journal.entries)

    def forced(self) -> int:
        """Return how often the stable token was replaced by force."""
        entries = [entry for entry in self.world.journal.entries if entry.path == STABLE_PATH]
        return sum(json.loads(entry.body).get("force_refresh") is True for entry in entries)

    def is_taken(self, text: str) -> bool:
        """Whether WeChat takes a token now."""
        found = self.world.handle(wxsim.Request("GET", "/cgi-bin/getcallbackip", {"access_token": text})).json()
        return "ip_list" in found

    def advance(self, seconds: float) -> None:
        """Turn all clocks."""
        self.clock.advance(seconds=seconds)
        self.world.clock.advance(seconds)


@dataclass
class Desks:
    """Makes desks that share one WeChat, clock and store."""

    colour: Colour
    clock: FakeClock = field(default_factory=FakeClock)
    store: MemoryTokens = field(default_factory=MemoryTokens)
    made: list[Desk] = field(default_factory=list)
    world: wxsim.World = field(init=False)

    def __post_init__(self) -> None:
        self.world = wxsim.World(clock=wxsim.Clock(self.clock.now().timestamp(), frozen=True))
        self.world.add_app(wxsim.App(OTHER.appid, OTHER.app_secret.reveal()))

    def make(self, mode: TokenMode = "stable", **figures: object) -> Desk:
        """Return one process more."""
        given: dict[str, Any] = {"jitter": timedelta(0), **figures}
        desk = Desk(
            self.colour, mode, wechat=self.world, clock=self.clock, store=self.store, figures=TokenFigures(**given)
        )
        self.made.append(desk)
        return desk

    def close(self) -> None:
        """End them all."""
        for desk in self.made:
            desk.close()
