"""A million codes and no more memory: ``python -m wxsim.soak [codes]``."""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING

from wxsim.clock import Clock
from wxsim.settings import Settings
from wxsim.state import FIRST_APPID, FIRST_SECRET
from wxsim.wire import Request
from wxsim.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE = 500
STEP = 0.1
UNUSED = 10
WARM = 0.2
STATM_PAGES = 1
EXCHANGE = {"appid": FIRST_APPID, "secret": FIRST_SECRET, "grant_type": "authorization_code"}


def resident_bytes() -> int:
    """Return the memory this process holds now, in bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no file, a counter
            return int(file.read().split()[STATM_PAGES]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def soak(codes: int, say: Callable[[str], object]) -> float:
    """Issue codes, exchange nine of ten, put the clock forward 0.1 s a code.

    Args:
        codes: how many.
        say: told of the progress, a line at a time.

    Returns:
        Memory at the end as a multiple of memory after the first fifth.
    """
    clock = Clock(1_800_000_000, frozen=True)
    world = World(Settings(exchange_calls_per_minute=0), clock=clock)
    for number in range(PEOPLE):
        world.change_person(f"p{number}", phone=f"138{number:08d}")
    warm = 0
    for number in range(codes):
        _step(world, number)
        clock.advance(STEP)
        if number + 1 == int(codes * WARM):
            warm = resident_bytes()
        if (number + 1) % max(1, codes // 10) == 0:
            held = len(world.codes.shelves["login"])
            say(f"{number + 1:>9,} codes, {held:,} remembered, {resident_bytes() / 2**20:.1f} MiB")
    return resident_bytes() / warm


def _step(world: World, number: int) -> None:
    base = f"/_wx/{FIRST_APPID}/p{number % PEOPLE}/"
    code = world.handle(Request("POST", base + "login")).json()["code"]
    if number % UNUSED:
        world.handle(Request("GET", "/sns/jscode2session", {**EXCHANGE, "js_code": code}))
    else:
        world.handle(Request("POST", base + "getPhoneNumber", {"tap": "1"}))


def main() -> None:
    """Run the soak and end with 1 when memory has grown."""
    codes = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    growth = soak(codes, say)
    say(f"memory at the end / after the first fifth = {growth:.3f}")
    sys.exit(0 if growth < 1.05 else 1)  # noqa: PLR2004 - 5 % is the allocator's noise


if __name__ == "__main__":
    main()
