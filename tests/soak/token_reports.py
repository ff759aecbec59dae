"""Reports of an old token renew nothing, of a good one force nothing, of a bad one by 32 processes replace it once."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from menjin.apps import TokenMode
from menjin.bridge import drive
from support.fleet import APPID, make_world
from support.load import Verdict, run_soak
from support.servers import PostgresServer, RedisServer
from support.token_centre import Centre, Plan, make_centre
from support.token_fleet import TOKEN_PATHS, Fleet, run_readers

PROCESSES = 32
REPORTS = 10_000
CHECK_PATH = "/cgi-bin/get_api_domain_ip"
FIGURES = {"margin": 240.0, "second_look": 120.0, "overlap": 300.0, "lease": 10.0, "deadline": 3.0, "good_for": 10.0}


async def _until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it took too long")


def _read(fleet: Fleet, name: str) -> list[dict[str, Any]]:
    found = [json.loads(reader.out.read_text("utf-8")) for reader in fleet.readers if reader.out.exists()]
    return [one for one in found if name in one]


def count_calls(fleet: Fleet) -> Counter[str]:
    """Return how often WeChat was asked for a token, by force, and whether it takes one."""
    found: Counter[str] = Counter()
    for entry in fleet.world.journal.entries:
        if entry.path in TOKEN_PATHS:
            found["renewals"] += 1
            found["forced"] += b'"force_refresh":true' in entry.body
        found["checks"] += entry.path == CHECK_PATH
    return found


def kill_tokens(fleet: Fleet) -> None:
    """Have WeChat refuse every token there is."""
    for token, _ in fleet.world.tokens.known._values.values():
        token.dies_at = 0.0


async def _report(
    plan: Plan, meanwhile: Callable[[Fleet, Centre], object], processes: int, reports: int
) -> tuple[Counter[str], Counter[str], set[str]]:
    """Have every process read, then something happen, then all report; return outcomes, calls, and what they hold."""
    with run_readers(plan, 0, world=make_world()) as fleet:
        fleet.add(plan, processes, reports=reports // processes + 1)
        await _until(lambda: len(_read(fleet, "read")) == processes)
        centre = make_centre(replace(plan, wechat=fleet.url))
        await asyncio.to_thread(meanwhile, fleet, centre)
        before = count_calls(fleet)
        fleet.go.touch()
        await _until(lambda: len(_read(fleet, "now")) == processes, 300)
        outcomes: Counter[str] = Counter()
        for one in _read(fleet, "now"):
            outcomes.update(one["outcomes"])
        return outcomes, count_calls(fleet) - before, {one["now"] for one in _read(fleet, "now")}


def _replace(_fleet: Fleet, centre: Centre) -> None:
    drive(centre.tokens.renew(APPID, force=True))


def _nothing(_fleet: Fleet, _centre: Centre) -> None:
    pass


def _kill(fleet: Fleet, _centre: Centre) -> None:
    kill_tokens(fleet)


async def prove(
    fresh_store: Callable[[], str],
    mode: TokenMode,
    *,
    processes: int = PROCESSES,
    reports: int = REPORTS,
    build: str = "",
) -> Verdict:
    """Report an old, a good, and a bad token; `fresh_store` returns the URL of an empty store."""
    kind = fresh_store().partition(":")[0]
    verdict = Verdict(f"token-reports on {kind}, {mode}{', CONTROL ' + build if build else ''}")

    def plan() -> Plan:
        return Plan("sync", fresh_store(), "", mode, FIGURES, build=build)

    def tell(what: str, outcomes: Counter[str], calls: Counter[str]) -> None:
        verdict.figures[what] = {**outcomes, **calls}

    outcomes, calls, held = await _report(plan(), _replace, processes, reports)
    tell("old", outcomes, calls)
    verdict.demand(set(outcomes) == {"NOT_CURRENT"}, f"old: {dict(outcomes)}")
    verdict.demand(not calls, f"old: {dict(calls)}")
    verdict.demand(len(held) == 1, "old: not all hold the same token afterwards")
    outcomes, calls, held = await _report(plan(), _nothing, processes, reports)
    tell("good", outcomes, calls)
    verdict.demand(set(outcomes) == {"GOOD"}, f"good: {dict(outcomes)}")
    verdict.demand(calls["renewals"] == 0, f"good: {dict(calls)}")
    outcomes, calls, held = await _report(plan(), _kill, processes, processes - 1)
    tell("bad", outcomes, calls)
    verdict.demand(calls["renewals"] == 1, f"bad: {dict(calls)}")
    verdict.demand(calls["forced"] == (1 if mode == "stable" else 0), f"bad: {dict(calls)}")
    verdict.demand(set(outcomes) <= {"RENEWED", "NOT_CURRENT"}, f"bad: {dict(outcomes)}")
    verdict.demand(len(held) == 1, "bad: not all hold the same token afterwards")
    return verdict


def main() -> int:
    """Run it whole: two stores, two modes."""
    redis, postgres = RedisServer(), PostgresServer()
    modes: tuple[TokenMode, ...] = ("stable", "legacy")

    def empty_redis() -> str:
        redis.flush()
        return redis.url

    try:
        stores = (empty_redis, postgres.fresh_database)
        return run_soak(*(partial(prove, fresh_store, mode) for fresh_store in stores for mode in modes))
    finally:
        redis.remove()
        postgres.remove()


if __name__ == "__main__":
    sys.exit(main())
