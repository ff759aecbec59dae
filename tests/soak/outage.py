"""A store goes away: 503 meanwhile, never 401, back within 2 s of its return; an end holds everywhere within 1 s."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

from support.fleet import Fleet, Zygote, run_fleet, run_zygote
from support.load import Answer, Caller, UnansweredError, Verdict, run_soak
from support.servers import PostgresServer, RedisServer

TIMES = 20
REVOCATIONS = 200
PEOPLE = 20
DOWN_SECONDS = 2.5
BACK_WITHIN = 2.0
REFUSED_WITHIN = 1.0
Harm = Literal["kill", "pause"]


class Hurtable(Protocol):
    """A server that can be hurt."""

    name: str

    def kill(self) -> None:
        """End it."""
        ...

    def pause(self) -> None:
        """Freeze it."""
        ...

    def resume_or_start(self) -> None:
        """Have it back."""
        ...


@dataclass
class Watch:
    """Asks every process all the time, as people who are signed in."""

    fleet: Fleet
    caller: Caller
    verdict: Verdict
    tokens: list[str]

    async def ask(self, number: int) -> Answer:
        """Ask one process as one person."""
        url = self.fleet.urls[number % len(self.fleet.urls)]
        try:
            answer = await self.caller.who(url, self.tokens[number // len(self.fleet.urls) % len(self.tokens)])
        except UnansweredError as error:
            self.verdict.demand(condition=False, otherwise=f"no answer: {error}")
            return Answer(0, {})
        self.verdict.demand(answer.status in {200, 503}, f"during an outage: {answer.text}")
        return answer

    async def ask_for(self, seconds: float, what: str) -> None:
        """Ask for some time, several at once; note the answers."""
        end = time.monotonic() + seconds

        async def loop(number: int) -> None:
            while time.monotonic() < end:
                self.verdict.note(f"{what}: {(await self.ask(number)).text}")
                number += 7
                await asyncio.sleep(0.02)

        await asyncio.gather(*(loop(number) for number in range(2 * len(self.fleet.urls))))

    async def until_back(self) -> float:
        """Return how many seconds passed until the last answer that was not 200, over all processes."""
        begun = time.monotonic()
        last = 0.0

        async def loop(number: int) -> None:
            nonlocal last
            while time.monotonic() - begun < BACK_WITHIN + 0.5:
                if (await self.ask(number)).status != 200:
                    last = max(last, time.monotonic() - begun)
                number += 7
                await asyncio.sleep(0.02)

        await asyncio.gather(*(loop(number) for number in range(2 * len(self.fleet.urls))))
        return last


async def _outage(watch: Watch, server: Hurtable, harm: Harm, down: float) -> None:
    verdict, name = watch.verdict, f"{server.name} {harm}"
    getattr(server, harm)()
    try:
        await watch.ask_for(down, f"{name}, down")
    finally:
        await asyncio.to_thread(server.resume_or_start)
    took = await watch.until_back()
    verdict.note(f"{name}: outages")
    worst = max(took, float(str(verdict.figures.get(f"{name}: back after s at most", 0))))
    verdict.figures[f"{name}: back after s at most"] = round(worst, 2)
    verdict.demand(took <= BACK_WITHIN, f"{name}: back after {took:.1f} s")
    for token in watch.tokens:
        answer = await watch.caller.who(watch.fleet.urls[0], token)
        verdict.demand(answer.status == 200, f"{name}: a session is gone afterwards: {answer.text}")


async def _revoke(fleet: Fleet, caller: Caller, verdict: Verdict, number: int) -> float:
    """Sign out at one process; return after how many seconds all refuse."""
    urls = fleet.urls
    token = (await caller.sign_in(urls[0], fleet.code(f"leaver{number % PEOPLE}"))).body["session_token"]
    for url in urls:
        verdict.demand((await caller.who(url, token)).status == 200, "a fresh session is not known everywhere")
    answer = await caller.sign_out(urls[number % len(urls)], token)
    verdict.demand(answer.status == 204, f"sign-out: {answer.text}")
    begun = time.monotonic()

    async def until_refused(url: str) -> float:
        while True:
            asked = time.monotonic()
            answer = await caller.who(url, token)
            if answer.code == "signed_out":
                return asked - begun
            verdict.demand(answer.status == 200, f"revoked: {answer.text}")
            if asked - begun > 1.5 * REFUSED_WITHIN:
                return asked - begun
            await asyncio.sleep(0.02)

    return max(await asyncio.gather(*map(until_refused, urls)))


async def revocations(fleet: Fleet, caller: Caller, verdict: Verdict, times: int) -> None:
    """Sign out so often; every process must refuse within a second."""
    worst = 0.0
    for number in range(times):
        took = await _revoke(fleet, caller, verdict, number)
        verdict.note("revoked")
        verdict.demand(took <= REFUSED_WITHIN, f"refused everywhere only after {took:.2f} s")
        worst = max(worst, took)
    verdict.figures["refused everywhere after s at most"] = round(worst, 3)


async def prove(
    zygote: Zygote,
    *,
    redis: RedisServer | None,
    postgres: PostgresServer | None,
    times: int,
    ends: int,
    harms: tuple[Harm, ...] = ("kill", "pause"),
    down: float = DOWN_SECONDS,
    processes: int = 4,
    build: str = "",
) -> Verdict:
    """Hurt each server so often in each way, then sign out `ends` times."""
    kind = " and ".join(server.name for server in (redis, postgres) if server) or "sqlite"
    verdict = Verdict(f"outage on {kind}{', ' + build if build else ''}")
    database = postgres.fresh_database() if postgres else ""
    async with Caller() as caller:
        with run_fleet(zygote, processes, build=build, database=database, redis=redis.url if redis else "") as fleet:
            tokens = []
            for number in range(PEOPLE):
                answer = await caller.sign_in(fleet.urls[0], fleet.code(f"p{number}"))
                tokens.append(answer.body["session_token"])
            watch = Watch(fleet, caller, verdict, tokens)
            servers: list[Hurtable] = [server for server in (redis, postgres) if server]
            for server in servers:
                for harm in harms:
                    for _ in range(times):
                        await _outage(watch, server, harm, down)
            await revocations(fleet, caller, verdict, ends)
    return verdict


def main() -> int:
    """Run it whole: on Redis with PostgreSQL, and on PostgreSQL alone."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    redis, postgres = RedisServer("--appendonly", "yes"), PostgresServer()
    try:
        with run_zygote() as zygote:
            both = partial(prove, zygote, times=times, ends=REVOCATIONS, postgres=postgres)
            return run_soak(partial(both, redis=redis), partial(both, redis=None))
    finally:
        redis.remove()
        postgres.remove()


if __name__ == "__main__":
    sys.exit(main())
