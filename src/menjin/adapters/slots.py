"""Slots for calls to WeChat, for callers with an event loop and for callers without."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from menjin.limits.fair_queue import ANY_NUMBER, FairQueue, Ticket


class _Wake(Protocol):
    """What one who waits is woken by."""

    def set(self) -> None:
        """Wake."""
        ...


W = TypeVar("W", bound=_Wake)


class _Slots(Generic[W]):
    """The queue and what wakes those in it; one caller at a time is in here."""

    def __init__(self, per_app: int, in_total: int, waiting: int = ANY_NUMBER) -> None:
        self._queue = FairQueue(per_app, in_total, waiting)
        self._wakes: dict[Ticket, W] = {}

    @property
    def held(self) -> int:
        """How many slots are taken."""
        return self._queue.held

    def _leave(self, ticket: Ticket) -> None:
        for next_one in self._queue.leave(ticket):
            self._wake(next_one)

    def _turn_away(self, asked: Ticket) -> Ticket | None:
        away = self._queue.turn_away(asked)
        if away is not None:
            self._wake(away)
        return away

    def _wake(self, ticket: Ticket) -> None:
        wake = self._wakes.get(ticket)
        if wake is not None:
            wake.set()


class TaskSlots(_Slots[asyncio.Event]):
    """Suspends the task until it has a slot; of one event loop."""

    async def take(self, app: str, patience: timedelta) -> Ticket | None:
        """Wait for a slot and return its ticket; None if there was none for as long as `patience`, or no room."""
        ticket = self._queue.ask(app)
        if ticket.granted:
            return ticket
        if self._turn_away(ticket) is ticket:
            return None
        wake = self._wakes[ticket] = asyncio.Event()
        is_kept = False
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await wake.wait()
            is_kept = not ticket.turned_away
        except TimeoutError:
            return None
        finally:
            del self._wakes[ticket]
            if not is_kept:  # timed out or cancelled, perhaps in the moment it was granted
                self.give(ticket)
        return ticket if is_kept else None

    def has_room(self, app: str) -> bool:
        """Whether the next to ask could have a slot, or wait for one."""
        return self._queue.has_room(app)

    def give(self, ticket: Ticket) -> None:
        """Give the slot back; its next holder is woken."""
        self._leave(ticket)


class ThreadSlots(_Slots[threading.Event]):
    """Blocks the thread until it has a slot."""

    def __init__(self, per_app: int, in_total: int, waiting: int = ANY_NUMBER) -> None:
        super().__init__(per_app, in_total, waiting)
        self._guard = threading.Lock()

    async def take(self, app: str, patience: timedelta) -> Ticket | None:
        """Wait for a slot and return its ticket; None if there was none for as long as `patience`, or no room."""
        with self._guard:
            ticket = self._queue.ask(app)
            if ticket.granted:
                return ticket
            if self._turn_away(ticket) is ticket:
                return None
            wake = self._wakes[ticket] = threading.Event()
        is_kept = False
        try:
            is_kept = wake.wait(patience.total_seconds()) and not ticket.turned_away
        finally:
            with self._guard:
                del self._wakes[ticket]
            if not is_kept:
                self.give(ticket)
        return ticket if is_kept else None

    def has_room(self, app: str) -> bool:
        """Whether the next to ask could have a slot, or wait for one."""
        with self._guard:
            return self._queue.has_room(app)

    def give(self, ticket: Ticket) -> None:
        """Give the slot back; its next holder is woken."""
        with self._guard:
            self._leave(ticket)
