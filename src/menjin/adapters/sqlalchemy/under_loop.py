"""SQLite for callers with an event loop, without a thread hop for each statement.

A statement on a local file takes some ten microseconds once its transaction has begun: less than handing it to
another thread and back. Only what does wait is done beside the loop: beginning to write while another process writes,
and committing to the disk. Writers of this process queue in memory instead of polling the file; each that goes to the
thread keeps the others waiting until a busy loop comes round to it again.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.sqlite_locks import begin_at_once, commit_at_once

T = TypeVar("T")
_TIDY_EVERY = 200


class SqliteUnderLoop:
    """A SQLite database for the tasks of one event loop.

    Args:
        engine: A blocking engine, with `BEGIN IMMEDIATE` at its transactions' begin.
        connections: The most it opens; reads beyond that wait.
        patience_seconds: How long one waits for its turn.
    """

    def __init__(self, engine: sa.Engine, connections: int, patience_seconds: float) -> None:
        self.sync_engine = engine
        self.dialect = engine.dialect
        self._patience_seconds = patience_seconds
        self._turns = asyncio.Semaphore(connections)
        self._writing = asyncio.Lock()
        self._commits = 0
        self._thread = ThreadPoolExecutor(1, "menjin-sqlite")

    def execution_options(self, **options: Any) -> Self:  # noqa: ANN401 - SQLAlchemy's own signature
        """Return the same database with these options for its transactions; `menjin_reads`: they write nothing."""
        changed = copy.copy(self)
        changed.sync_engine = self.sync_engine.execution_options(**options)
        return changed

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[sa.Connection]:
        """Open a transaction.

        Raises:
            TimeoutError: No turn in time.
            sqlalchemy.exc.DBAPIError: The file cannot be used.
        """
        if self.sync_engine.get_execution_options().get("menjin_reads", False):
            async with self._turn(self._turns):
                with self.sync_engine.begin() as connection:
                    yield connection
            return
        async with self._turn(self._writing), self._turn(self._turns):
            with self.sync_engine.connect() as connection:
                if not begin_at_once(connection):
                    await self._beside(connection.begin)  # whatever comes in between, leaving the block rolls back
                yield connection
                if not self._commit_at_once(connection):
                    await self._beside(connection.commit)

    def _commit_at_once(self, connection: sa.Connection) -> bool:
        """Commit what need not wait for the disk; now and then the thread does, and tidies up the log."""
        self._commits += 1
        return self._commits % _TIDY_EVERY != 0 and commit_at_once(connection)

    async def dispose(self) -> None:
        """Close the connections."""
        self._thread.shutdown()
        self.sync_engine.dispose()

    @asynccontextmanager
    async def _turn(self, gate: asyncio.Lock | asyncio.Semaphore) -> AsyncIterator[None]:
        async with asyncio.timeout(self._patience_seconds):
            await gate.acquire()
        try:
            yield
        finally:
            gate.release()

    async def _beside(self, work: Callable[[], T]) -> T:
        """Do it in the thread; a cancelled caller waits for its end, lest two threads use one connection."""
        future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([future])
            if not future.cancelled():
                future.exception()  # looked at: nobody else will
            raise
