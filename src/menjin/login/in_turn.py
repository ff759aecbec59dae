"""One of a person's open-data requests at a time in a process; over processes, a short wait for those in flight.

Genuine requests that overlap then spend no attempts on one another: what is left of a key's budget is shared by as
many attempts at once as there are processes, and whoever finds none left waits until it is known what became of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from menjin.clock import Clock, Pause
from menjin.errors import StoreUnavailable
from menjin.limits.store import Slots
from menjin.session_keys.attempts import StillInFlightError
from menjin.values import AppId, OpenId

T = TypeVar("T")
_PATIENCE = timedelta(seconds=10)  # twice as long as the dead hold anybody up
_WAIT = timedelta(milliseconds=25)
_LOOKS_AT_MOST = 400  # as many waits as fit into the patience


class InTurn:
    """The turns of all persons.

    Args:
        turns: One at a time for each name.
        pause: Between two looks at what another process has in flight.
        clock: The time.
    """

    def __init__(self, turns: Slots, pause: Pause, clock: Clock) -> None:
        self._turns = turns
        self._pause = pause
        self._clock = clock

    async def run(self, appid: AppId, openid: OpenId, deed: Callable[[], Awaitable[T]]) -> T:
        """Return what `deed` does once it is this request's turn, and nothing it waits for is in flight elsewhere.

        Args:
            appid: The app.
            openid: The person.
            deed: Raises StillInFlightError if it did nothing and is to be done again.

        Raises:
            StoreUnavailable: It took too long; nothing was tried.
        """
        until = self._clock.now() + _PATIENCE
        turn = await self._turns.take(f"{appid}/{openid}", _PATIENCE)
        if turn is None:
            raise StoreUnavailable
        try:
            for _ in range(_LOOKS_AT_MOST):
                try:
                    return await deed()
                except StillInFlightError:
                    if self._clock.now() >= until:
                        break
                await self._pause.pause(_WAIT)
        finally:
            self._turns.give(turn)
        raise StoreUnavailable
