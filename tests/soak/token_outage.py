"""Redis down for 60 s while tokens end: readers keep a good one, WeChat is not hammered, all is well 2 s later."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from typing import Literal

from menjin.apps import TokenMode
from support.fleet import make_world
from support.load import Verdict, run_soak
from support.servers import RedisServer
from support.token_centre import Plan
from support.token_fleet import Fleet, collect, judge_reads, run_readers

PROCESSES = 16
LIFETIME = 80.0  # each token ends in the middle of an outage
DOWN_SECONDS = 60.0
EVERY_SECONDS = 30.0
BACK_WITHIN = 2.0
Harm = Literal["kill", "pause"]


def _figures(scale: float) -> dict[str, float]:
    """Return the figures for a lifetime of 80 s times `scale`."""
    times = {
        "margin": 24.0,
        "second_look": 12.0,
        "overlap": 27.0,
        "lease": 4.0,
        "deadline": 2.0,
        "look_every": 1.0,
        "store_down_every": EVERY_SECONDS,
    }
    scaled = {name: value * scale for name, value in times.items()}
    return {**scaled, "look_every": min(1.0, scaled["look_every"]), "deadline": scaled["deadline"]}


def _on_newest(fleet: Fleet, since: float) -> bool:
    """Whether every process has read a token, and all the same one, after a moment."""
    last = {}
    for read in collect(fleet):
        if read.last >= since and not read.name.startswith("~"):
            last[read.reader] = read.name
    return (
        len(last) == len(fleet.readers)
        and len(set(last.values())) == 1
        and not any(name.startswith("!") for name in last.values())
    )


async def _until(condition: Callable[[], bool], seconds: float) -> float:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for _ in range(int(seconds / 0.05)):
        if condition():
            break
        await asyncio.sleep(0.05)
    return loop.time() - begun


async def prove(
    redis: RedisServer, mode: TokenMode, harm: Harm, *, processes: int = PROCESSES, scale: float = 1.0
) -> Verdict:
    """Take Redis away once, for longer than a token lives on from its margin."""
    verdict = Verdict(f"token-outage on redis, {mode}, {harm}")
    redis.flush()
    down = DOWN_SECONDS * scale
    world = make_world(
        None,
        access_token_ttl=LIFETIME * scale,
        legacy_token_overlap=27.0 * scale,
        stable_renew_before=27.0 * scale,
    )
    with run_readers(Plan("sync", redis.url, "", mode, _figures(scale)), processes, rate=20.0, world=world) as fleet:
        await asyncio.sleep(LIFETIME * scale * 0.55 + 2.0)
        before = len(fleet.calls())
        getattr(redis, harm)()
        await asyncio.sleep(down)
        during = len(fleet.calls()) - before
        await asyncio.to_thread(redis.resume_or_start)
        back = fleet.now()
        took = await _until(lambda: _on_newest(fleet, back), 10.0)
        await asyncio.sleep(3.0)
        fleet.kill_all()
        judge_reads(fleet, verdict)
    verdict.figures["calls in the outage"] = during
    verdict.figures["back after s"] = round(took, 2)
    most = processes * (int(down / (EVERY_SECONDS * scale)) + 1) if mode == "stable" else 0
    verdict.demand(during <= most, f"{during} calls in the outage, {most} allowed")
    verdict.demand(verdict.seen["bad reads"] == 0, f"{verdict.seen['bad reads']} reads WeChat would refuse")
    verdict.demand(took <= BACK_WITHIN, f"all on one token only after {took:.1f} s")
    if mode == "stable":
        failed = sum(count for what, count in verdict.seen.items() if what.startswith("without a token later"))
        verdict.demand(failed == 0, f"{failed} reads gave no token")
    return verdict


def main() -> int:
    """Run it whole: both modes, Redis killed and Redis paused."""
    modes: tuple[TokenMode, ...] = ("stable", "legacy")
    harms: tuple[Harm, ...] = ("kill", "pause")
    redis = RedisServer("--appendonly", "yes")
    try:
        return run_soak(*(partial(prove, redis, mode, harm) for mode in modes for harm in harms))
    finally:
        redis.remove()


if __name__ == "__main__":
    sys.exit(main())
