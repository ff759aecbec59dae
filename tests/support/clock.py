"""A clock that stands still until told otherwise, and random bytes that can be foreseen."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from menjin.clock import Clock

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class FakeClock:
    """Stands still; `advance` turns it."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the moment last set."""
        return self._now

    def advance(self, **length: float) -> None:
        """Go forward by a timedelta's arguments."""
        self._now += timedelta(**length)

    def set(self, moment: datetime) -> None:
        """Go to a moment."""
        self._now = moment


class ClockStopwatch:
    """Goes as another clock goes.

    Args:
        clock: Which.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def seconds(self) -> float:
        """Return seconds since START."""
        return (self._clock.now() - START).total_seconds()


class CountedRandomness:
    """The SHA-256 of a counter: never twice the same, always the same in the next run."""

    def __init__(self) -> None:
        self._count = 0

    def random_bytes(self, count: int) -> bytes:
        """Return `count` bytes."""
        found = b""
        while len(found) < count:
            self._count += 1
            found += hashlib.sha256(self._count.to_bytes(8, "big")).digest()
        return found[:count]


class NoPause:
    """Returns at once and remembers how long it was asked to wait."""

    works_without_loop = True

    def __init__(self) -> None:
        self.lengths: list[timedelta] = []

    async def pause(self, length: timedelta) -> None:
        """Take note."""
        self.lengths.append(length)
