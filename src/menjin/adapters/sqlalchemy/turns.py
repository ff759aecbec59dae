"""Waiting for a connection, in bounds.

When a database is dead, each caller finds out by waiting (2 to 2.75 s). Who waits for one of those callers' places in
the pool must not wait as long once more: if the database failed while a caller queued, it does not connect anew.
"""

from __future__ import annotations

from contextvars import ContextVar

import sqlalchemy as sa

from menjin.clock import Stopwatch, SystemStopwatch


class Turns:
    """Who queues since when, and when the database failed last."""

    def __init__(self, stopwatch: Stopwatch | None = None) -> None:
        self._stopwatch = stopwatch or SystemStopwatch()
        self._began: ContextVar[float] = ContextVar("menjin_began", default=float("inf"))
        self._failed_at = float("-inf")

    def begin(self) -> None:
        """Note that this flow queues from now on."""
        self._began.set(self._stopwatch.seconds())

    def note_failure(self) -> None:
        """Note that the database did not answer somebody."""
        self._failed_at = self._stopwatch.seconds()

    def watch(self, engine: sa.Engine) -> None:
        """Refuse new connections of `engine` to those for whom it is too late; to be called before others connect."""
        engine.update_execution_options(menjin_turns=self)

        @sa.event.listens_for(engine, "do_connect")
        def refuse_late(*_: object) -> None:
            if self._failed_at > self._began.get():
                raise TimeoutError

        @sa.event.listens_for(engine, "handle_error")
        def note(context: sa.ExceptionContext) -> None:  # before the connection goes back and wakes who waits for it
            if context.is_disconnect:
                self.note_failure()


def find_turns(engine: sa.Engine) -> Turns:
    """Return the engine's turns; some that nobody watches for an engine that was not opened here."""
    found = engine.get_execution_options().get("menjin_turns")
    return found if isinstance(found, Turns) else Turns()
