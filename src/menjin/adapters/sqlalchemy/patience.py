"""psycopg connections that wait for an answer only so long.

PostgreSQL's own statement_timeout is of no use when the server is frozen or the network swallows packets: without
a limit on this side the caller would wait for minutes. (pymysql and asyncmy have one, `read_timeout`.)
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg.abc import PQGen

from menjin.clock import SystemStopwatch

T = TypeVar("T")
_STOPWATCH = SystemStopwatch()


def limit_patience(engine: sa.Engine, answer_seconds: float) -> None:
    """Let the engine's connections close themselves when a statement goes unanswered.

    Args:
        engine: On psycopg; the inner one of an async engine.
        answer_seconds: How long to wait.
    """

    class PatientAsync(psycopg.AsyncConnection[Any]):
        async def wait(self, gen: PQGen[T], *args: Any, **named: Any) -> T:  # noqa: ANN401 - psycopg's
            return await super().wait(_within(answer_seconds, gen, self), *args, **named)

    class Patient(psycopg.Connection[Any]):
        def wait(self, gen: PQGen[T], *args: Any, **named: Any) -> T:  # noqa: ANN401 - psycopg's
            return super().wait(_within(answer_seconds, gen, self), *args, **named)

    @sa.event.listens_for(engine, "do_connect")
    def connect(dialect: sa.Dialect, _record: object, args: list[Any], named: dict[str, Any]) -> Patient | None:
        if dialect.is_async:
            named["async_creator_fn"] = PatientAsync.connect
            return None
        return Patient.connect(*args, **named)


def _within(
    seconds: float, gen: PQGen[T], connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]
) -> Generator[Any, Any, T]:
    """Go on with `gen` as psycopg does, which comes by every 0.1 s even if the server says nothing."""
    until = _STOPWATCH.seconds() + seconds
    try:
        state = next(gen)
        while True:
            ready = yield state
            if not ready and _STOPWATCH.seconds() > until:
                connection.pgconn.finish()
                raise psycopg.OperationalError("no answer in time")
            state = gen.send(ready)
    except StopIteration as done:
        value: T = done.value
        return value
    finally:
        gen.close()
