"""kill -9 at 1,000 random moments of sign-in, binding and sign-out under load: no acknowledged fact is lost."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Literal, Protocol

from support.fleet import Fleet, Zygote, run_fleet, run_zygote
from support.load import Answer, Caller, UnansweredError, Verdict, gather_bounded, run_soak
from support.servers import PostgresServer, RedisServer

KILLS = 1000
WORKERS = 8
MOST_ANSWERS = 30  # the kill waits for fewer answers than this, so that a slow machine is not killed idle,
LATEST_SECONDS = 0.03  # and then for up to so long, so that it strikes anywhere in a request
CHECKED_AT_ONCE = 16
OLD_ONES_CHECKED = 40
STALL_EVERY = 10  # kills, where stores may be stalled
STALLED_SECONDS = 1.3  # longer than a store is waited for: what was asked meanwhile is answered 503, and may be done
ASKED_AT_MOST = 40
Fact = Literal["lives", "ended", "unknown"]


@dataclass
class Ledger:
    """What the service acknowledged, by session_token.

    Attributes:
        sources: What told each fact.
        bound: Who each token's session is bound to, as acknowledged.
        fresh: Tokens whose fact changed since the last check.
    """

    facts: dict[str, Fact] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    bound: dict[str, str] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)

    def put(self, token: str, fact: Fact, source: str) -> None:
        """Write a fact down; what ended stays ended."""
        if self.facts.get(token) != "ended":
            self.facts[token] = fact
            self.sources[token] = source
            self.fresh.add(token)


class Load:
    """People who sign in, bind and sign out, one after the other, until the service dies."""

    def __init__(
        self, fleet: Fleet, caller: Caller, ledger: Ledger, verdict: Verdict, rng: random.Random, *, first: int
    ) -> None:
        self._fleet = fleet
        self._caller = caller
        self._ledger = ledger
        self._verdict = verdict
        self._rng = rng
        self._numbers = count(first)
        self._answers = 0
        self._answered = asyncio.Event()

    async def work(self) -> None:
        """Live one life after the other, until an answer fails to come."""
        try:
            while True:
                await self._live(f"p{next(self._numbers)}")
        except UnansweredError:
            return

    async def reach(self, answers: int) -> None:
        """Return when so many answers came."""
        while self._answers < answers:
            self._answered.clear()
            await self._answered.wait()

    async def _live(self, person: str) -> None:
        url, ledger = self._fleet.urls[0], self._ledger
        answer = self._note("sign-in", await self._caller.sign_in(url, self._fleet.code(person)))
        if answer.status != 201:
            return
        token = answer.body["session_token"]
        ledger.put(token, "lives", "sign-in")
        if self._rng.random() < 0.3:
            token = await self._bind(token, person)
        if self._rng.random() < 0.6:
            before = ledger.facts[token]
            ledger.put(token, "unknown", "sign-out")
            answer = self._note("sign-out", await self._caller.sign_out(url, token))
            self._verdict.demand(before != "lives" or answer.status in {204, 503}, f"a session is gone: {answer.text}")
            if answer.status == 204:
                ledger.put(token, "ended", "sign-out")

    async def _bind(self, token: str, person: str) -> str:
        ledger = self._ledger
        ledger.put(token, "unknown", "bind")
        answer = self._note("bind", await self._caller.bind(self._fleet.urls[0], token, person))
        if answer.status != 200:
            return token
        ledger.put(token, "ended", "bind")
        new: str = answer.body["session_token"]
        ledger.put(new, "lives", "bind")
        ledger.bound[new] = person
        return new

    def _note(self, what: str, answer: Answer) -> Answer:
        self._answers += 1
        self._answered.set()
        self._verdict.note(f"{what} {answer.text}")
        self._verdict.demand(answer.status < 500 or answer.status == 503, f"{what}: {answer.text}")
        return answer


class Stallable(Protocol):
    """A server that can be frozen."""

    def pause(self) -> None:
        """Freeze it."""
        ...

    def resume(self) -> None:
        """Let it go on."""
        ...


async def stall(server: Stallable) -> None:
    """Freeze a server for longer than it is waited for."""
    await asyncio.to_thread(server.pause)
    try:
        await asyncio.sleep(STALLED_SECONDS)
    finally:
        server.resume()


async def ask_until_answered(caller: Caller, url: str, token: str, verdict: Verdict) -> Answer:
    """Return what the service says of a token; a 503 says nothing of it, and is asked once more."""
    for _ in range(ASKED_AT_MOST):
        answer = await caller.who(url, token)
        if answer.status != 503:
            break
        verdict.note("checked again after 503")
        await asyncio.sleep(0.5)
    return answer


async def check(fleet: Fleet, caller: Caller, ledger: Ledger, verdict: Verdict, tokens: list[str]) -> None:
    """Hold the service to what it acknowledged."""

    async def check_one(token: str) -> None:
        fact = ledger.facts[token]
        answer = await ask_until_answered(caller, fleet.urls[0], token, verdict)
        said = f"{answer.text}, as told by {ledger.sources[token]}"
        verdict.note(f"checked: {fact}, {answer.text}")
        if fact == "lives":
            verdict.demand(answer.status == 200, f"an acknowledged session is gone: {said}")
            account = answer.body.get("account") or {}
            if token in ledger.bound and answer.status == 200:
                verdict.demand(account.get("external_id") == ledger.bound[token], "an acknowledged binding is gone")
        elif fact == "ended":
            verdict.demand(answer.status == 401, f"an acknowledged end was forgotten: {said}")
        elif answer.status in {200, 401}:
            ledger.put(token, "lives" if answer.status == 200 else "ended", f"a check ({answer.text})")
        else:
            verdict.demand(condition=False, otherwise=f"neither alive nor ended: {said}")

    await gather_bounded([partial(check_one, token) for token in tokens], CHECKED_AT_ONCE)


async def prove(
    zygote: Zygote,
    *,
    kills: int,
    build: str = "",
    database: str = "",
    redis: str = "",
    seed: int = 2026,
    stalled: Sequence[Stallable] = (),
    stall_every: int = STALL_EVERY,
) -> Verdict:
    """Kill and check `kills` times.

    Args:
        zygote: The fleet's.
        kills: How often.
        build: The fleet's.
        database: The fleet's.
        redis: The fleet's.
        seed: Of the moments.
        stalled: Stores, one of which is frozen for a while before some kills.
        stall_every: How many kills lie between two such.
    """
    verdict = Verdict(f"kill-sign-in-out{' on ' + build if build else ''}")
    ledger = Ledger()
    rng = random.Random(seed)  # noqa: S311 - a seed, so that a run can be repeated; nothing secret
    with run_fleet(zygote, 1, build=build, database=database, redis=redis) as fleet:
        for round_number in range(kills):
            async with Caller() as caller:
                load = Load(fleet, caller, ledger, verdict, rng, first=round_number * 100_000)
                workers = [asyncio.create_task(load.work()) for _ in range(WORKERS)]
                await load.reach(rng.randrange(MOST_ANSWERS))
                if stalled and round_number % stall_every == stall_every - 1:
                    await stall(rng.choice(stalled))
                    verdict.note("stalls")
                await asyncio.sleep(rng.random() * LATEST_SECONDS)
                fleet.services[0].kill()
                await asyncio.gather(*workers)
            fleet.services[0].start()
            await asyncio.to_thread(fleet.services[0].wait)
            verdict.note("kills")
            old = rng.sample(sorted(ledger.facts), min(OLD_ONES_CHECKED, len(ledger.facts)))
            tokens = sorted({*ledger.fresh, *old})
            ledger.fresh.clear()
            async with Caller() as caller:
                await check(fleet, caller, ledger, verdict, tokens)
            ledger.fresh.clear()
        async with Caller() as caller:
            await check(fleet, caller, ledger, verdict, sorted(ledger.facts))
    verdict.figures["facts"] = len(ledger.facts)
    return verdict


def main() -> int:
    """Run it whole, on SQLite, then on Redis and PostgreSQL; arguments are the number of kills on each."""
    kills = [int(word) for word in sys.argv[1:3]] or [KILLS, KILLS]
    redis, postgres = RedisServer("--appendonly", "yes"), PostgresServer()
    try:
        with run_zygote() as zygote:
            on_servers = partial(
                prove, zygote, database=postgres.fresh_database(), redis=redis.url, stalled=(redis, postgres)
            )
            proofs = [partial(prove, zygote), on_servers]
            chosen = [partial(proof, kills=often) for proof, often in zip(proofs, kills, strict=False) if often]
            return run_soak(*chosen)
    finally:
        redis.remove()
        postgres.remove()


if __name__ == "__main__":
    sys.exit(main())
