"""One database: its engine, its transactions, and what its failures mean."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from menjin.adapters.sqlalchemy.dialects import add_if_new, add_or_keep
from menjin.adapters.sqlalchemy.engines import open_async_engine, open_engine
from menjin.adapters.sqlalchemy.migrations import VERSIONS
from menjin.adapters.sqlalchemy.schema import Standing, prepare_schema, read_standing, refuse, upgrade_file
from menjin.adapters.sqlalchemy.statements import delete_by, insert_of, select_by, to_changes, to_keys, update_by
from menjin.adapters.sqlalchemy.tables import SESSIONS
from menjin.adapters.sqlalchemy.turns import Turns, find_turns
from menjin.adapters.sqlalchemy.under_loop import SqliteUnderLoop
from menjin.bridge import settle
from menjin.errors import StoreUnavailable

__all__ = ["Database", "StatementRefused", "Work", "open_async_engine", "open_engine"]

T = TypeVar("T")
AnyEngine = sa.Engine | AsyncEngine | SqliteUnderLoop
_LOG = logging.getLogger("menjin.sql")
_BUGS = (exc.IntegrityError, exc.ProgrammingError, exc.DataError, exc.NotSupportedError)
_DEADLOCKS = frozenset({"40P01", "40001", 1213})  # PostgreSQL's SQLSTATEs, MySQL's errno
_DEADLOCK = "a deadlock: the database undid this transaction so that another could go on"
_ATTEMPTS = 4


class StatementRefused(RuntimeError):
    """The database refused a statement of ours as wrong: a bug. No statement, no value: the kind and its number."""


class Work:
    """An open transaction.

    Attributes:
        backend: The database's kind: `sqlite`, `postgresql` or `mysql`.
    """

    def __init__(self, connection: sa.Connection | AsyncConnection) -> None:
        self._connection = connection
        self.backend = connection.dialect.name

    async def run(self, statement: sa.Executable, values: dict[str, Any] | None = None) -> sa.CursorResult[Any]:
        """Execute one statement, with values for its parameters."""
        result: sa.CursorResult[Any] = await settle(self._connection.execute(statement, values))
        return result

    async def first(self, statement: sa.Executable, values: dict[str, Any] | None = None) -> sa.Row[Any] | None:
        """Execute a query and return its first row, or None."""
        return (await self.run(statement, values)).first()

    async def find(self, table: sa.Table, /, *, locks: bool = False, **keys: Any) -> sa.Row[Any] | None:  # noqa: ANN401 - what a column holds
        """Return the first row by these columns, or None; `locks` it until the end."""
        return await self.first(select_by(table, tuple(keys), locks=locks), to_keys(keys))

    async def add(self, table: sa.Table, values: dict[str, Any]) -> None:
        """Insert a row."""
        await self.run(insert_of(table, tuple(values)), values)

    async def change(self, table: sa.Table, values: dict[str, Any], /, **keys: Any) -> int:  # noqa: ANN401 - the same
        """Update the rows by these columns; return how many."""
        statement = update_by(table, tuple(keys), tuple(values))
        return (await self.run(statement, to_changes(keys, values))).rowcount

    async def remove(self, table: sa.Table, /, **keys: Any) -> None:  # noqa: ANN401 - the same
        """Delete the rows by these columns."""
        await self.run(delete_by(table, tuple(keys)), to_keys(keys))

    async def add_or_keep(self, table: sa.Table, values: dict[str, Any]) -> None:
        """Insert a row unless one of its unique keys is taken; either way the row there is locked by now."""
        await self.run(add_or_keep(self.backend, table, tuple(values)), values)

    async def add_if_new(self, table: sa.Table, values: dict[str, Any]) -> bool:
        """Insert a row unless one of its unique keys is taken; return whether it was.

        For values of certain shape only: MySQL would cut those too long.
        """
        return (await self.run(add_if_new(self.backend, table, tuple(values)), values)).rowcount == 1

    async def try_run(self, statement: sa.Executable) -> bool:
        """Execute a statement that a unique key may forbid; False if it did, and the transaction goes on."""
        point: Any = await settle(self._connection.begin_nested())  # of either colour
        try:
            await self.run(statement)
        except exc.IntegrityError:
            await settle(point.rollback())
            return False
        await settle(point.commit())
        return True

    async def call(self, deed: Callable[[sa.Connection], T]) -> T:
        """Call a function with the plain connection below, in either colour."""
        if isinstance(self._connection, AsyncConnection):
            return await self._connection.run_sync(deed)
        return deed(self._connection)


class Database:
    """Opens transactions; those opened inside another, in the same flow, join it.

    Args:
        engine: From `open_engine` or `open_async_engine`.
        versions: Where the revisions of the tables are.
    """

    def __init__(self, engine: AnyEngine, versions: Path = VERSIONS) -> None:
        self._engine = engine
        self._versions = versions
        blocking = engine if isinstance(engine, sa.Engine) else engine.sync_engine
        self._turns = find_turns(blocking)
        self._reading = engine.execution_options(**_reading_options(blocking.dialect.name))
        self._fleeting = engine.execution_options(menjin_fleeting=True)
        self._open: ContextVar[Work | None] = ContextVar("menjin_transaction", default=None)
        self.works_without_loop = isinstance(engine, sa.Engine)
        self.backend = blocking.dialect.name
        self._url = blocking.url
        _forget_after_fork(blocking)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open in this flow, which `transaction` would join."""
        return self._open.get() is not None

    @asynccontextmanager
    async def transaction(self, *, fleeting: bool = False) -> AsyncIterator[Work]:
        """Open a transaction that may write, or join the open one.

        Args:
            fleeting: What it writes is worth nothing in ten minutes: a machine that loses its power may forget it,
                which saves the disk a flush (SQLite; others keep all alike).

        Raises:
            StoreUnavailable: The database cannot be asked, is locked or full; nothing was done.
        """
        joined = self._open.get()
        if joined is not None:
            yield joined
            return
        async with _begin(self._fleeting if fleeting else self._engine, self._turns) as work:
            before = self._open.set(work)
            try:
                yield work
            finally:
                self._open.reset(before)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Work]:
        """Open a transaction that only reads and waits for no writer, or join the open one.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        joined = self._open.get()
        if joined is not None:
            yield joined
            return
        async with _begin(self._reading, self._turns) as work:
            yield work

    async def run(self, deed: Callable[[Work], Awaitable[T]], *, fleeting: bool = False) -> T:
        """Run a whole transaction, and again if the database undid it for another's sake (a deadlock).

        Inside an open transaction it joins, and cannot be repeated. `fleeting` as in `transaction`.

        Raises:
            StoreUnavailable: The database cannot be asked; nothing was done.
        """
        for _ in range(_ATTEMPTS - 1):
            try:
                async with self.transaction(fleeting=fleeting) as work:
                    return await deed(work)
            except StoreUnavailable as error:
                if self.in_transaction or _DEADLOCK not in getattr(error, "__notes__", ()):
                    raise
                _LOG.warning("a deadlock; the transaction is run again")
        async with self.transaction(fleeting=fleeting) as work:
            return await deed(work)

    async def create_schema(self) -> None:
        """Make the tables in an empty database; upgrade a SQLite file. Several processes may do so at once.

        Raises:
            ConfigurationError: The tables are those of another menjin; `menjin migrate` is to be run, or not even that.
            StoreUnavailable: The database cannot be asked.
        """
        async with self.transaction() as work:
            standing = await work.call(lambda connection: prepare_schema(connection, self._versions))
        if standing.stage == "older" and self.backend == "sqlite":
            upgrade_file(self._url, self._versions)
        elif standing.stage not in {"empty", "current"}:
            raise refuse(standing, self._versions)

    async def read_standing(self) -> Standing:
        """Return how the tables stand to this menjin's.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        async with self.reading() as work:
            return await work.call(lambda connection: read_standing(connection, self._versions))

    async def ping(self) -> None:
        """Ask the tables for nothing and get it; a bare SELECT 1 would never touch the file.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        async with self.reading() as work:
            await work.run(sa.select(sa.literal(1)).select_from(SESSIONS).limit(1))

    async def close(self) -> None:
        """Close the connections."""
        await settle(self._engine.dispose())


def _forget_after_fork(engine: sa.Engine) -> None:
    """Let a forked child open connections of its own: two processes on one connection mix up their answers."""
    found = weakref.ref(engine)

    def forget() -> None:
        kept = found()
        if kept is not None:
            kept.dispose(close=False)

    os.register_at_fork(after_in_child=forget)


def _reading_options(backend: str) -> dict[str, Any]:
    """Return how to read: on PostgreSQL without BEGIN and COMMIT, which cost a round trip each."""
    return {"menjin_reads": True, **({"isolation_level": "AUTOCOMMIT"} if backend == "postgresql" else {})}


@asynccontextmanager
async def _begin(engine: AnyEngine, turns: Turns) -> AsyncIterator[Work]:
    turns.begin()
    try:
        if isinstance(engine, sa.Engine):
            with engine.begin() as connection:
                yield Work(connection)
        else:
            async with engine.begin() as opened:
                yield Work(opened)
    except (exc.DBAPIError, exc.TimeoutError, OSError) as error:
        failure = _to_failure(error, turns)
    else:
        return
    raise failure from None  # no trace may show the error that knows statement and values


def _to_failure(error: Exception, turns: Turns) -> Exception:
    """Return what a failure means, and log it, by its kind and number only."""
    cause = getattr(error, "orig", None) or error
    number = getattr(cause, "sqlstate", None) or next((arg for arg in cause.args[:1] if isinstance(arg, int)), None)
    name = f"{type(cause).__name__} {number}" if number is not None else type(cause).__name__
    if number in _DEADLOCKS:
        failure = StoreUnavailable(store="database")
        failure.add_note(_DEADLOCK)
        return failure
    if isinstance(error, _BUGS):
        return StatementRefused(f"the database refused a statement: {name}")
    turns.note_failure()
    _LOG.error("the database cannot be used: %s", name)
    return StoreUnavailable(store="database")
