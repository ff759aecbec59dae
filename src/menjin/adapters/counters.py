"""Counters and the breaker's memory, in this process.

Every process counts for itself: with four workers an address may try up to four times the figure.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from menjin.clock import to_micros
from menjin.limits import rules
from menjin.limits.breaker import AppState
from menjin.limits.model import Rate
from menjin.limits.rules import Window

_LOG = logging.getLogger("menjin.limits")
_WARN_EVERY = 60_000_000
R = TypeVar("R")


class MemoryCounters:
    """Counts in memory, bounded.

    Each kind of key has a share of its own, so that a flood of addresses cannot wash out the counts of
    passwords. Every write drops up to two entries that count no more; in a full share the one hit longest ago
    gives way, which is logged.

    Args:
        most_keys: For each kind; about 0.5 KB each, 1.5 KB for one hit all the time.
    """

    works_without_loop = True

    def __init__(self, most_keys: int = 100_000) -> None:
        self._most_keys = most_keys
        self._guard = threading.Lock()
        self._kinds: dict[str, OrderedDict[str, Window]] = {}
        self._warned_at = -_WARN_EVERY

    async def hit(self, key: str, rate: Rate, now: datetime) -> timedelta | None:
        """Count one and return None; or count nothing and return how long to wait."""
        moment = to_micros(now)
        with self._guard:
            share = self._kinds.setdefault(key.partition(":")[0], OrderedDict())
            window = share.get(key, ())
            left = rules.wait(window, rate, moment)
            if left is None:
                share[key] = rules.add(window, rate, moment)
                share.move_to_end(key)
                self._tidy(share, rate, moment)
            return left

    async def peek(self, key: str, rate: Rate, now: datetime) -> timedelta | None:
        """Return what `hit` would, and count nothing."""
        share = self._kinds.get(key.partition(":")[0])
        window = share.get(key, ()) if share is not None else ()
        return rules.wait(window, rate, to_micros(now))

    async def take_back(self, key: str, rate: Rate, hit_at: datetime) -> None:
        """Forget one hit of `hit_at`."""
        with self._guard:
            share = self._kinds.get(key.partition(":")[0], OrderedDict())
            if key in share:
                share[key] = rules.take_back(share[key], rate, to_micros(hit_at))

    def __len__(self) -> int:
        """Return how many keys are kept."""
        return sum(len(share) for share in self._kinds.values())

    def _tidy(self, share: OrderedDict[str, Window], rate: Rate, now: int) -> None:
        for _ in range(2):
            oldest = next(iter(share))
            if rules.still_counted(share[oldest], rate, now):
                break
            del share[oldest]
        if len(share) > self._most_keys:
            share.popitem(last=False)
            if now - self._warned_at >= _WARN_EVERY:
                self._warned_at = now
                _LOG.warning("more than %s callers are being counted; the oldest counts are dropped", self._most_keys)


class MemoryAppStates:
    """The state of calls to WeChat, by app."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._states: dict[str, AppState] = {}

    def change(self, appid: str, rule: Callable[[AppState], tuple[AppState, R]]) -> R:
        """Replace an app's state by what `rule` makes of it and return its second value."""
        with self._guard:
            self._states[appid], found = rule(self._states.get(appid, AppState()))
            return found
