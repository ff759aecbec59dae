"""Time, random bytes and waiting, as ports with their system versions. Nothing else asks for them."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class Randomness(Protocol):
    """Gives bytes nobody can guess."""

    def random_bytes(self, count: int) -> bytes:
        """Return `count` random bytes."""
        ...


class Pause(Protocol):
    """Waits; blocking or awaitable, as the caller's colour asks."""

    async def pause(self, length: timedelta) -> None:
        """Return after `length`."""
        ...


class Stopwatch(Protocol):
    """Measures lengths; turning the machine's clock does not move it."""

    def seconds(self) -> float:
        """Return seconds since some fixed moment."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


class SystemStopwatch:
    """The machine's steady clock."""

    def seconds(self) -> float:
        """Return seconds since some fixed moment."""
        return time.monotonic()


class SystemRandomness:
    """The operating system's random source."""

    def random_bytes(self, count: int) -> bytes:
        """Return `count` random bytes."""
        return secrets.token_bytes(count)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(moment: datetime) -> int:
    """Return whole microseconds since 1970 UTC; exact, unlike a float timestamp."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """Return the aware moment `micros` microseconds after 1970 UTC."""
    return _EPOCH + timedelta(microseconds=micros)
