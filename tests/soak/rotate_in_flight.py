"""100 requests in flight while the session is bound and rotated: none fails for good, none runs as before."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from support.fleet import Fleet, Zygote, run_fleet, run_zygote
from support.load import Answer, Caller, UnansweredError, Verdict, run_soak
from support.servers import PostgresServer, RedisServer

ROUNDS = 300
IN_FLIGHT = 100
REPLAYS_AT_MOST = 3
PATIENCE = 25  # a store too busy to be asked is asked again, as by any client, every fifth of a second
Turn = Literal["bind", "rotate"]
TURNS: tuple[Turn, ...] = ("bind", "rotate")


@dataclass
class Client:
    """A client that follows the contract: requests wait while a rotation is pending, and replay `session_rotated`.

    Attributes:
        token: The current one.
        generation: How many rotations were answered.
        principals: The external_id of each generation.
    """

    fleet: Fleet
    caller: Caller
    verdict: Verdict
    person: str
    token: str
    generation: int = 0
    principals: list[str | None] = field(default_factory=lambda: [None])
    dead: list[str] = field(default_factory=list)
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._settled.set()

    async def request(self, number: int, *, waits: bool) -> None:
        """Ask who I am, replaying as the contract says; note what came of it.

        Args:
            number: Which request; decides which process is asked.
            waits: Whether it is a new request, which waits for a pending rotation, or one already on its way.
        """
        url = self.fleet.urls[number % len(self.fleet.urls)]
        for _ in range(REPLAYS_AT_MOST):
            if waits:
                await self._settled.wait()
            token, generation = self.token, self.generation
            answer = await self._ask(self.caller.who, url, token)
            if answer.code != "session_rotated":
                break
            self.verdict.note("replayed")
            waits = True
        self.verdict.note(f"request {answer.text}")
        self.verdict.demand(answer.status == 200, f"a request failed for good: {answer.text}")
        self._judge(answer, generation)

    async def _ask(self, call: Callable[..., Awaitable[Answer]], *words: str) -> Answer:
        """Call, and call again where the store could not be asked: nothing was done then."""
        answer = await call(*words)
        for _ in range(PATIENCE):
            if answer.status != 503:
                break
            self.verdict.note("asked again after 503")
            await asyncio.sleep(0.2)
            answer = await call(*words)
        return answer

    def _judge(self, answer: Answer, generation: int) -> None:
        """Whoever asked with a generation's token is that generation's principal, or a later one's."""
        if answer.status != 200:
            return
        account = answer.body.get("account")
        found = account["external_id"] if account else None
        allowed = self.principals[generation:]
        self.verdict.demand(found in allowed or not allowed, f"ran as {found}, not as one of {allowed}")

    async def turn(self, kind: Turn) -> None:
        """Bind or rotate; from the answer on, the old token must be dead everywhere."""
        self._settled.clear()
        old = self.token
        expected = self.person if kind == "bind" else self.principals[-1]
        try:
            if kind == "bind":
                answer = await self._ask(self.caller.bind, self.fleet.urls[0], old, self.person)
            else:
                answer = await self._ask(self.caller.rotate, self.fleet.urls[1], old)
            self.verdict.note(f"{kind} {answer.text}")
            self.verdict.demand(answer.status == 200, f"{kind}: {answer.text}")
            if answer.status == 200:
                self.principals.append(expected)
                self.token, self.generation = answer.body["session_token"], self.generation + 1
                self.dead.append(old)
        finally:
            self._settled.set()

    async def try_dead(self) -> None:
        """Use every replaced token at every process: it authenticates nothing."""
        for token in self.dead:
            for url in self.fleet.urls:
                answer = await self._ask(self.caller.who, url, token)
                self.verdict.note(f"replaced token {answer.text}")
                self.verdict.demand(
                    answer.code == "session_rotated", f"after the answer, the old token says {answer.text}"
                )


async def _one_round(fleet: Fleet, caller: Caller, verdict: Verdict, person: str, in_flight: int) -> None:
    answer = await caller.sign_in(fleet.urls[0], fleet.code(person))
    client = Client(fleet, caller, verdict, person, answer.body["session_token"])

    done = asyncio.Event()

    async def keep_asking(number: int) -> None:
        while not done.is_set():
            # Some do not know of the rotation that is under way, as if they had left a moment before it.
            await client.request(number, waits=number % 4 != 0)
        await client.request(number, waits=True)

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(in_flight):
                group.create_task(keep_asking(number))
            for kind in TURNS:
                await asyncio.sleep(0.02)
                await client.turn(kind)
                await client.try_dead()
            done.set()
    except* UnansweredError as errors:
        verdict.demand(condition=False, otherwise=f"no answer: {errors.exceptions}")


async def prove(
    zygote: Zygote,
    *,
    rounds: int,
    in_flight: int,
    processes: int = 4,
    build: str = "",
    database: str = "",
    redis: str = "",
) -> Verdict:
    """Bind and rotate `rounds` sessions, each with so many requests in flight; the rest is the fleet's."""
    verdict = Verdict(f"rotate-in-flight{' on ' + build if build else ''}")
    with run_fleet(zygote, processes, build=build, database=database, redis=redis) as fleet:
        async with Caller() as caller:
            for number in range(rounds):
                await _one_round(fleet, caller, verdict, f"p{number}", in_flight)
                verdict.note("rounds")
    return verdict


def main() -> int:
    """Run it whole, on SQLite, and on Redis and PostgreSQL; an argument is another number of sessions."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    redis, postgres = RedisServer(), PostgresServer()
    try:
        with run_zygote() as zygote:
            whole = partial(prove, zygote, rounds=rounds, in_flight=IN_FLIGHT)
            return run_soak(whole, partial(whole, database=postgres.fresh_database(), redis=redis.url))
    finally:
        redis.remove()
        postgres.remove()


if __name__ == "__main__":
    sys.exit(main())
