"""1,000 inverted key races: WeChat's answers to two logins arrive in the opposite order; the newest key opens."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import wxsim
from menjin import (
    NO_LIMITS,
    AesGcmVault,
    App,
    AppId,
    Apps,
    AsyncMenjin,
    Database,
    Parts,
    Secret,
    TaskPause,
    new_vault_key,
    open_async_engine,
    sql_stores,
)
from menjin.errors import MenjinError, StaleSessionKey
from menjin.wechat.ports import HttpRequest, HttpResponse
from support.broken_builds import ByArrival
from support.clock import FakeClock
from support.fleet import APPID, make_world, phone_of
from support.load import Verdict, run_soak

RACES = 1000
AT_ONCE = 25
PREVIOUS_GONE_SECONDS = 601  # the previous key is kept for ten minutes


class HeldBack:
    """The HTTP port to a WeChat in process, which holds back the answers it is told to hold back.

    Attributes:
        gates: By login_code: its answer, though WeChat has acted, arrives when the gate opens.
        acted: By login_code: set when WeChat has acted.
    """

    works_without_loop = False

    def __init__(self, world: wxsim.World) -> None:
        self._world = world
        self.gates: dict[str, asyncio.Event] = {}
        self.acted: dict[str, asyncio.Event] = {}

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Let WeChat act at once, and its answer arrive when it may."""
        query = dict(request.query)
        sent = wxsim.Request(request.method, urlsplit(request.url).path, query, body=request.body or b"")
        reply = self._world.handle(sent)
        code = query.get("js_code", "")
        if code in self.gates:
            self.acted[code].set()
            await self.gates[code].wait()
        return HttpResponse(reply.status, reply.body)


class Ticking:
    """A clock that moves on a microsecond at every look, so that no two requests begin at the same moment.

    Args:
        clock: The one that is turned.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """Return the moment."""
        self._clock.advance(microseconds=1)
        return self._clock.now()


class Races:
    """Races of many people at one library.

    Args:
        menjin: The library.
        world: Its WeChat, where every login makes a new key.
        http: The way between them.
        verdict: Where to note.
    """

    def __init__(self, menjin: AsyncMenjin, world: wxsim.World, http: HeldBack, verdict: Verdict) -> None:
        self._menjin = menjin
        self.world = world
        self._http = http
        self._verdict = verdict

    def phone(self, person: str) -> wxsim.Phone:
        """Return somebody's phone."""
        return self.world.phone(person)

    async def login(self, person: str) -> str:
        """Log in; return the session_token."""
        code = self.phone(person).login()["code"]
        return (await self._menjin.sign_in(APPID, code)).session_token.reveal()

    async def invert(self, person: str) -> str:
        """Race two logins, whose answers arrive in the opposite order; return the newer one's session_token."""
        early = self.phone(person).login()["code"]
        gate = self._http.gates[early] = asyncio.Event()
        acted = self._http.acted[early] = asyncio.Event()
        slow = asyncio.create_task(self._menjin.sign_in(APPID, early))
        await acted.wait()
        token = await self.login(person)
        gate.set()
        await slow
        return token

    async def expect(self, what: str, person: str, token: str, tapped: dict[str, Any], *, opens: bool) -> None:
        """Present what a tap gave, and compare."""
        try:
            found = await self._menjin.open_phone(token, tapped["encryptedData"], tapped["iv"])
            outcome = "opens" if found.national_number == phone_of(person) else f"another's number {found}"
        except StaleSessionKey:
            outcome = "stale_session_key"
        except MenjinError as error:
            outcome = error.code
        self._verdict.note(f"{what}: {outcome}")
        self._verdict.demand(outcome == ("opens" if opens else "stale_session_key"), f"{what}: {outcome}")


async def _batch(races: Races, people: list[str], clock: FakeClock, verdict: Verdict) -> None:
    """Race many people at once; then look at their keys at once, and when the previous one is gone."""
    tokens = dict(zip(people, await asyncio.gather(*map(races.invert, people)), strict=True))
    tap = {person: races.phone(person).getPhoneNumber for person in people}
    fresh = {person: tap[person](tap=True) for person in people}
    for person in people:
        await races.expect("newest key", person, tokens[person], fresh[person], opens=True)
    clock.advance(seconds=PREVIOUS_GONE_SECONDS)
    races.world.clock.advance(PREVIOUS_GONE_SECONDS)
    for person in people:
        await races.expect("newest key, alone", person, tokens[person], tap[person](tap=True), opens=True)
    before = {person: tap[person](tap=True) for person in people}
    tokens = {person: await races.login(person) for person in people}
    for person in people:
        await races.expect("made just before a login", person, tokens[person], before[person], opens=True)
    dead = {person: tap[person](tap=True) for person in people}
    for _ in range(2):
        tokens = {person: await races.login(person) for person in people}
    for person in people:
        await races.expect("made under a dead key", person, tokens[person], dead[person], opens=False)
        await races.expect("the newest key after it", person, tokens[person], tap[person](tap=True), opens=True)
    verdict.note("races", len(people))


async def prove(*, races: int, by_arrival: bool = False) -> Verdict:
    """Race so many pairs of logins, on SQLite; with `by_arrival`, the last answer's key is the current one."""
    verdict = Verdict(f"key-races{' by arrival' if by_arrival else ''}")
    clock = FakeClock()
    world = make_world(wxsim.Clock(clock.now().timestamp(), frozen=True), session_key_policy="always")
    people = [f"p{number}" for number in range(races)]
    for person in people:
        world.change_person(person, phone=phone_of(person))
    http = HeldBack(world)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(open_async_engine(f"sqlite:///{Path(folder) / 'menjin.db'}"))
        stores = sql_stores(database, AesGcmVault("k1", {"k1": new_vault_key()}))
        if by_arrival:
            stores = replace(stores, keyrings=ByArrival(stores.keyrings))
        apps = Apps([App(AppId(APPID), Secret(wxsim.FIRST_SECRET))])
        parts = Parts(apps=apps, http=http, stores=stores, pause=TaskPause(), figures=NO_LIMITS, clock=Ticking(clock))
        async with AsyncMenjin(parts) as menjin:
            racing = Races(menjin, world, http, verdict)
            for start in range(0, races, AT_ONCE):
                await _batch(racing, people[start : start + AT_ONCE], clock, verdict)
    return verdict


def main() -> int:
    """Run it whole."""
    return run_soak(partial(prove, races=RACES))


if __name__ == "__main__":
    sys.exit(main())
