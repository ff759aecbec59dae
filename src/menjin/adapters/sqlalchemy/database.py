"""One database: its engine, its transactions, and what its failures mean."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from menjin.adapters.sqlalchemy.tables import METADATA, SESSIONS
from menjin.bridge import settle
from menjin.errors import StoreUnavailable

_LOG = logging.getLogger("menjin.sql")
_BUSY_SECONDS = 3
_BUGS = (exc.IntegrityError, exc.ProgrammingError, exc.DataError, exc.NotSupportedError)


class Work:
    """An open transaction."""

    def __init__(self, connection: sa.Connection | AsyncConnection) -> None:
        self._connection = connection

    async def run(self, statement: sa.Executable) -> sa.CursorResult[Any]:
        """Execute one statement."""
        result: sa.CursorResult[Any] = await settle(self._connection.execute(statement))
        return result

    async def first(self, statement: sa.Executable) -> sa.Row[Any] | None:
        """Execute a query and return its first row, or None."""
        return (await self.run(statement)).first()

    async def create(self, metadata: sa.MetaData) -> None:
        """Create the tables that are missing."""
        if isinstance(self._connection, AsyncConnection):
            await self._connection.run_sync(metadata.create_all)
        else:
            metadata.create_all(self._connection)


class Database:
    """Opens transactions; those opened inside another, in the same flow, join it.

    Args:
        engine: From `open_engine` or `open_async_engine`.
    """

    def __init__(self, engine: sa.Engine | AsyncEngine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(menjin_reads=True)
        self._open: ContextVar[Work | None] = ContextVar("menjin_transaction", default=None)
        self.works_without_loop = isinstance(engine, sa.Engine)
        _forget_after_fork(engine.sync_engine if isinstance(engine, AsyncEngine) else engine)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Work]:
        """Open a transaction that may write, or join the open one.

        Raises:
            StoreUnavailable: The database cannot be asked, is locked or full; nothing was done.
        """
        joined = self._open.get()
        if joined is not None:
            yield joined
            return
        async with _begin(self._engine) as work:
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
        async with _begin(self._reading) as work:
            yield work

    async def create_schema(self) -> None:
        """Create the tables that are missing.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        async with self.transaction() as work:
            await work.create(METADATA)

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


@asynccontextmanager
async def _begin(engine: sa.Engine | AsyncEngine) -> AsyncIterator[Work]:
    try:
        if isinstance(engine, AsyncEngine):
            async with engine.begin() as connection:
                yield Work(connection)
        else:
            with engine.begin() as connection:
                yield Work(connection)
    except _BUGS:
        raise
    except (exc.DBAPIError, exc.TimeoutError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        _LOG.error("the database cannot be used: %s", type(cause).__name__)
    else:
        return
    raise StoreUnavailable


def open_engine(url: str) -> sa.Engine:
    """Open a database for callers without an event loop.

    Args:
        url: Such as `sqlite:///menjin.db`.
    """
    engine = sa.create_engine(_prepare(url), **_options())
    _make_sqlite_safe(engine)
    return engine


def open_async_engine(url: str) -> AsyncEngine:
    """Open a database for callers with an event loop.

    Args:
        url: Such as `sqlite:///menjin.db`; the async driver is chosen.
    """
    engine = create_async_engine(_prepare(url).set(drivername="sqlite+aiosqlite"), **_options())
    _make_sqlite_safe(engine.sync_engine)
    return engine


def _options() -> dict[str, Any]:
    return {
        "hide_parameters": True,
        "pool_size": 4,  # SQLite has one writer; more connections would only wait for each other
        "max_overflow": 0,
        "pool_timeout": _BUSY_SECONDS,
        "connect_args": {"timeout": _BUSY_SECONDS, "check_same_thread": False},
    }


def _prepare(url: str) -> sa.URL:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
        raise ValueError("the database is a SQLite file: sqlite:///path/to/menjin.db")
    Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    return parsed.set(drivername="sqlite+pysqlite")


def _make_sqlite_safe(engine: sa.Engine) -> None:
    """Take the write lock when a transaction begins: two readers that both want to write would fail later."""

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection has no type
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_SECONDS}000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        reads = connection.get_execution_options().get("menjin_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
