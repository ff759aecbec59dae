"""What the limits need from outside: counters, the breaker's memory, slots."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from menjin.limits.breaker import AppState
from menjin.limits.fair_queue import Ticket
from menjin.limits.model import Rate

R = TypeVar("R")


class Counters(Protocol):
    """Counts hits in sliding windows, by the rules of `limits.rules`; each call is atomic.

    A key is `kind:hash`. What is counted is the store's to forget once a whole window is over.
    """

    async def hit(self, key: str, rate: Rate, now: datetime) -> timedelta | None:
        """Count one and return None; or count nothing and return how long to wait.

        Raises:
            StoreUnavailable: It may have been counted.
        """
        ...

    async def peek(self, key: str, rate: Rate, now: datetime) -> timedelta | None:
        """Return what `hit` would, and count nothing.

        Raises:
            StoreUnavailable: It cannot be asked.
        """
        ...

    async def take_back(self, key: str, rate: Rate, hit_at: datetime) -> None:
        """Forget one hit of `hit_at`.

        Raises:
            StoreUnavailable: It may still count.
        """
        ...


class AppStates(Protocol):
    """Keeps the state of calls to WeChat, by appid; in memory, since each process judges by what it saw."""

    def change(self, appid: str, rule: Callable[[AppState], tuple[AppState, R]]) -> R:
        """Replace an app's state by what `rule` makes of it, alone, and return its second value."""
        ...


class Slots(Protocol):
    """Bounds the calls to WeChat at once, shared fairly as `FairQueue` says."""

    async def take(self, app: str, patience: timedelta) -> Ticket | None:
        """Wait for a slot and return its ticket; None if there was none for as long as `patience`, or no room to wait.

        Whoever is cancelled while waiting holds nothing.
        """
        ...

    def has_room(self, app: str) -> bool:
        """Whether the next to ask could have a slot, or wait for one."""
        ...

    def give(self, ticket: Ticket) -> None:
        """Give the slot back; its next holder is woken."""
        ...
