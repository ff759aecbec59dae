"""32 processes on one access_token for 10 minutes: one upstream call a cycle, no read that WeChat would refuse."""

from __future__ import annotations

import asyncio
import sys
from functools import partial

import wxsim
from menjin.apps import TokenMode
from support.load import Verdict, run_soak
from support.servers import PostgresServer, RedisServer
from support.token_centre import Plan
from support.token_fleet import Fleet, judge_calls, judge_reads, run_readers

PROCESSES = 32
SECONDS = 600.0
RATE = 55.0
READS = 1_000_000
SHORTEST_CYCLE = 3.5  # a lifetime of 6 s less the margin of 1.8 s, and something for a busy machine


async def watch(fleet: Fleet, verdict: Verdict, seconds: float) -> None:
    """Let them read for a while, and tell now and then."""
    for _ in range(int(seconds)):
        await asyncio.sleep(1)
        verdict.seen["calls so far"] = len(fleet.calls())
        verdict.note("seconds")


async def prove(
    store: str,
    mode: TokenMode,
    *,
    processes: int = PROCESSES,
    seconds: float = SECONDS,
    least_reads: int = READS,
    build: str = "",
    look_every: float = 0.25,
) -> Verdict:
    """Read for so long; with `build` of the control nothing is demanded."""
    kind = store.partition(":")[0]
    verdict = Verdict(f"token-centre on {kind}, {mode}{', CONTROL ' + build if build else ''}")
    with run_readers(
        Plan("sync", store, "", mode, {"look_every": look_every}, build=build), processes, rate=RATE
    ) as fleet:
        for path in ("/cgi-bin/token", "/cgi-bin/stable_token"):
            fleet.world.fault(wxsim.Fault(name="delay", path=path, seconds=0.03, times=None))
        await watch(fleet, verdict, seconds)
        fleet.kill_all()
        del verdict.seen["calls so far"]
        judge_reads(fleet, verdict)
        judge_calls(fleet, verdict, shortest_cycle=SHORTEST_CYCLE)
    if not build:
        verdict.demand(verdict.seen["reads"] >= least_reads, f"only {verdict.seen['reads']} reads")
        verdict.demand(verdict.seen["bad reads"] == 0, f"{verdict.seen['bad reads']} reads WeChat would refuse")
        verdict.demand(verdict.seen["calls too many"] == 0, f"{verdict.seen['calls too many']} calls too many")
        verdict.demand(verdict.seen["calls"] >= seconds / 6, f"only {verdict.seen['calls']} calls")
        failed = sum(count for what, count in verdict.seen.items() if what.startswith("without a token later"))
        verdict.demand(failed == 0, f"{failed} reads gave no token")
    return verdict


async def control(store: str, mode: TokenMode, *, processes: int = PROCESSES, seconds: float = 40.0) -> Verdict:
    """Read where nobody sees another's lease: there must be many calls, and in legacy mode bad reads."""
    verdict = await prove(store, mode, processes=processes, seconds=seconds, build="no-lease", look_every=0.03)
    verdict.demand(verdict.seen["calls too many"] > 0, "no call too many: this proves nothing")
    if mode == "legacy":
        verdict.demand(verdict.seen["bad reads"] > 0, "no bad read: this proves nothing")
    return verdict


def main() -> int:
    """Run it whole: two stores, two modes, 10 minutes each, then the controls.

    Arguments, if any: the seconds, then which of redis, postgres, stable, legacy, control are meant.
    """
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    wanted = set(sys.argv[2:]) or {"redis", "postgres", "control", "stable", "legacy"}
    modes: tuple[TokenMode, ...] = ("stable", "legacy")
    redis, postgres = RedisServer(), PostgresServer()

    async def run(mode: TokenMode, place: str) -> Verdict:
        redis.flush()
        if place == "control":
            return await control(redis.url, mode)
        store = redis.url if place == "redis" else postgres.fresh_database()
        return await prove(store, mode, seconds=seconds, least_reads=int(READS * seconds / SECONDS))

    try:
        places = [place for place in ("redis", "postgres", "control") if place in wanted]
        return run_soak(
            *(
                partial(run, mode, place)
                for place in places
                for mode in modes
                if mode in wanted or not wanted & {*modes}
            )
        )
    finally:
        redis.remove()
        postgres.remove()


if __name__ == "__main__":
    sys.exit(main())
