"""Slots for calls to WeChat, for callers with an event loop and for callers without."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

from menjin.limits.fair_queue import FairQueue, Ticket


class TaskSlots:
    """Suspends the task until it has a slot; of one event loop."""

    def __init__(self, per_app: int, in_total: int) -> None:
        self._queue = FairQueue(per_app, in_total)
        self._wakes: dict[Ticket, asyncio.Future[None]] = {}

    @property
    def held(self) -> int:
        """How many slots are taken."""
        return self._queue.held

    async def take(self, app: str, patience: timedelta) -> Ticket | None:
        """Wait for a slot and return its ticket; None if there was none for as long as `patience`."""
        ticket = self._queue.ask(app)
        if ticket.granted:
            return ticket
        wake = self._wakes[ticket] = asyncio.get_running_loop().create_future()
        is_kept = False
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await wake
            is_kept = True
        except TimeoutError:
            return None
        finally:
            del self._wakes[ticket]
            if not is_kept:  # timed out or cancelled, perhaps in the moment it was granted
                self.give(ticket)
        return ticket

    def give(self, ticket: Ticket) -> None:
        """Give the slot back; its next holder is woken."""
        for next_one in self._queue.leave(ticket):
            wake = self._wakes.get(next_one)
            if wake is not None and not wake.done():
                wake.set_result(None)


class ThreadSlots:
    """Blocks the thread until it has a slot."""

    def __init__(self, per_app: int, in_total: int) -> None:
        self._queue = FairQueue(per_app, in_total)
        self._guard = threading.Lock()
        self._wakes: dict[Ticket, threading.Event] = {}

    @property
    def held(self) -> int:
        """How many slots are taken."""
        return self._queue.held

    async def take(self, app: str, patience: timedelta) -> Ticket | None:
        """Wait for a slot and return its ticket; None if there was none for as long as `patience`."""
        with self._guard:
            ticket = self._queue.ask(app)
            if ticket.granted:
                return ticket
            wake = self._wakes[ticket] = threading.Event()
        is_kept = False
        try:
            is_kept = wake.wait(patience.total_seconds())
        finally:
            with self._guard:
                del self._wakes[ticket]
            if not is_kept:
                self.give(ticket)
        return ticket if is_kept else None

    def give(self, ticket: Ticket) -> None:
        """Give the slot back; its next holder is woken."""
        with self._guard:
            for next_one in self._queue.leave(ticket):
                wake = self._wakes.get(next_one)
                if wake is not None:
                    wake.set()
