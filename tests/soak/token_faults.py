"""The holder of the lease killed or paused at every point of a renewal, every 5 s: at most one call more a fault."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import wxsim
from menjin.apps import TokenMode
from support.load import Verdict, run_soak
from support.servers import PostgresServer, RedisServer
from support.token_centre import Plan
from support.token_fleet import Fleet, Reader, judge_calls, judge_reads, run_readers

PROCESSES = 16
FAULTS = 64
EVERY_SECONDS = 5.0
POINTS = ("acquired", "going", "answered", "saved")
KINDS = ("kill", "stop")
PAUSES = (0.4, 1.0, 2.5, 3.5)  # within the lease, beyond it, beyond the next renewal
SHORTEST_CYCLE = 3.5


def _arm(path: Path, what: str) -> None:
    path.write_text(what, "utf-8")


async def _harm(fleet: Fleet, verdict: Verdict, path: Path, number: int) -> None:
    """Hurt the next holder, and bring it back."""
    kind, point = KINDS[number % 2], POINTS[number // 2 % len(POINTS)]
    _arm(path, f"{kind}:{point}")
    claimed: list[Path] = []
    while not claimed:
        await asyncio.sleep(0.02)
        claimed = list(path.parent.glob(f"{path.stem}.{kind}.*"))
    pid = int(claimed[0].suffix[1:])
    claimed[0].unlink()
    verdict.note(f"{kind} {point}")
    if kind == "stop":
        await asyncio.sleep(PAUSES[number // (2 * len(POINTS)) % len(PAUSES)])
        os.kill(pid, signal.SIGCONT)
    else:
        await asyncio.sleep(0.5)
        fleet.start(_find(fleet, pid))


def _find(fleet: Fleet, pid: int) -> Reader:
    return next(reader for reader in fleet.readers if reader.pid == pid)


async def prove(
    store: str, mode: TokenMode, *, processes: int = PROCESSES, faults: int = FAULTS, build: str = ""
) -> Verdict:
    """Hurt holders so often."""
    kind = store.partition(":")[0]
    verdict = Verdict(f"token-faults on {kind}, {mode}{', CONTROL ' + build if build else ''}")
    plan = Plan("sync", store, "", mode, {}, build=build)
    with run_readers(plan, 0) as fleet:
        harm = fleet.folder / "harm"
        for path in ("/cgi-bin/token", "/cgi-bin/stable_token"):
            fleet.world.fault(wxsim.Fault(name="delay", path=path, seconds=0.03, times=None))
        fleet.add(replace(plan, harm=str(harm)), processes)
        await asyncio.sleep(3.0)
        for number in range(faults):
            began = asyncio.get_running_loop().time()
            await _harm(fleet, verdict, harm, number)
            await asyncio.sleep(max(0.0, EVERY_SECONDS - (asyncio.get_running_loop().time() - began)))
        await asyncio.sleep(6.0)
        fleet.kill_all()
        judge_reads(fleet, verdict)
        judge_calls(fleet, verdict, shortest_cycle=SHORTEST_CYCLE)
    if not build:
        extra, bad = verdict.seen["calls too many"], verdict.seen["bad reads"]
        verdict.demand(extra <= faults, f"{extra} calls more in {faults} faults")
        verdict.demand(bad == 0, f"{bad} reads WeChat would refuse")
    return verdict


def main() -> int:
    """Run it whole: two stores, two modes."""
    faults = int(sys.argv[1]) if len(sys.argv) > 1 else FAULTS
    wanted = set(sys.argv[2:]) or {"redis", "postgres", "stable", "legacy"}
    modes: tuple[TokenMode, ...] = ("stable", "legacy")
    redis, postgres = RedisServer(), PostgresServer()

    async def run(mode: TokenMode, place: str) -> Verdict:
        redis.flush()
        return await prove(redis.url if place == "redis" else postgres.fresh_database(), mode, faults=faults)

    try:
        places = [place for place in ("redis", "postgres") if place in wanted]
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
