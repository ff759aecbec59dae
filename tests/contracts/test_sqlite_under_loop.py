"""SQLite under an event loop: what waits does not hold up the loop, and no two threads meet on a connection."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
import sqlalchemy as sa

from menjin import Database, open_async_engine
from menjin.adapters.sqlalchemy.under_loop import SqliteUnderLoop
from menjin.errors import StoreUnavailable

_COUNTED = sa.table("counted", sa.column("number", sa.Integer))
_CREATE = sa.text("CREATE TABLE IF NOT EXISTS counted (number INTEGER)")


def in_a_loop(test: Callable[[Path], Coroutine[object, object, None]]) -> Callable[[Path], None]:
    """Run a test under a loop of its own."""

    @functools.wraps(test)
    def run(tmp_path: Path) -> None:
        asyncio.run(test(tmp_path))

    return run


def open_database(folder: Path) -> tuple[Database, SqliteUnderLoop]:
    """Return a database and its engine."""
    engine = open_async_engine(f"sqlite:///{folder / 'one.db'}")
    assert isinstance(engine, SqliteUnderLoop)
    return Database(engine), engine


async def add_one(database: Database, *, pause: bool = True) -> None:
    """Read how many there are and add that number, in one transaction with a suspension inside."""
    async with database.transaction() as work:
        count = (await work.run(sa.select(sa.func.count()).select_from(_COUNTED))).scalar_one()
        if pause:
            await asyncio.sleep(0)
        await work.run(sa.insert(_COUNTED).values(number=count))


async def read(database: Database) -> list[int]:
    """Return the numbers."""
    async with database.reading() as work:
        return [row.number for row in await work.run(sa.select(_COUNTED.c.number).order_by(_COUNTED.c.number))]


@in_a_loop
async def test_writers_of_one_process_come_one_after_the_other(tmp_path: Path) -> None:
    """A hundred tasks that read and then write lose nothing, though each suspends in between; readers go on."""
    database, _ = open_database(tmp_path)
    async with database.transaction() as work:
        await work.run(_CREATE)
    reads = [read(database) for _ in range(50)]
    await asyncio.gather(*(add_one(database) for _ in range(100)), *reads)
    assert await read(database) == list(range(100))
    await database.close()


@in_a_loop
async def test_control_without_the_turn_two_writers_collide(tmp_path: Path) -> None:
    """Two transactions that begin as readers read the same count, and one of them cannot write."""
    database, engine = open_database(tmp_path)
    async with database.transaction() as work:
        await work.run(_CREATE)
    unguarded = Database(engine.execution_options(menjin_reads=True))
    ends = await asyncio.gather(add_one(unguarded), add_one(unguarded), return_exceptions=True)
    failed = [end for end in ends if end is not None]
    assert failed or await read(database) != [0, 1]
    assert all(isinstance(end, StoreUnavailable) for end in failed)
    await database.close()


@in_a_loop
async def test_the_loop_goes_on_while_another_process_writes(tmp_path: Path) -> None:
    """Three seconds' patience for somebody else's lock are spent beside the loop; then the store is unavailable."""
    database, _ = open_database(tmp_path)
    async with database.transaction() as work:
        await work.run(_CREATE)
    other = sqlite3.connect(tmp_path / "one.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(add_one(database))
    longest, last = 0.0, time.monotonic()
    while not waiting.done():
        await asyncio.sleep(0.01)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    assert longest < 1.5, "the loop stood still"  # it would be 3 s
    with pytest.raises(StoreUnavailable):
        await waiting
    other.execute("ROLLBACK")
    other.close()
    await add_one(database)
    assert await read(database) == [0]
    await database.close()


@in_a_loop
async def test_a_cancelled_writer_leaves_no_lock_and_no_half_work(tmp_path: Path) -> None:
    """Cancelled at any step, a transaction is there whole or not at all, and the next one goes on at once."""
    database, _ = open_database(tmp_path)
    async with database.transaction() as work:
        await work.run(_CREATE)
    for steps in range(12):
        before = len(await read(database))
        task = asyncio.ensure_future(add_one(database))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert len(await read(database)) - before in {0, 1}
        async with asyncio.timeout(2):
            await add_one(database)
    numbers = await read(database)
    assert numbers == list(range(len(numbers)))
    await database.close()


@in_a_loop
async def test_more_readers_than_connections_wait_their_turn(tmp_path: Path) -> None:
    """Forty readers that each stay a while all get through on four connections, without blocking the loop."""
    database, _ = open_database(tmp_path)
    async with database.transaction() as work:
        await work.run(_CREATE)

    async def stay() -> int:
        async with database.reading() as reading:
            await asyncio.sleep(0.01)
            return int((await reading.run(sa.select(sa.func.count()).select_from(_COUNTED))).scalar_one())

    async with asyncio.timeout(10):
        assert await asyncio.gather(*(stay() for _ in range(40))) == [0] * 40
    await database.close()


@in_a_loop
async def test_fleeting_writes_are_kept_and_the_next_one_waits_for_the_disk(tmp_path: Path) -> None:
    """A fleeting transaction is seen by others; synchronous is back at FULL (2) for the next one on the connection."""
    database, _ = open_database(tmp_path)
    async with database.transaction() as work:
        await work.run(_CREATE)
    async with database.transaction(fleeting=True) as work:
        assert (await work.run(sa.text("PRAGMA synchronous"))).scalar_one() == 1
        await work.run(sa.insert(_COUNTED).values(number=7))
    other = sqlite3.connect(tmp_path / "one.db")
    assert other.execute("SELECT number FROM counted").fetchall() == [(7,)]
    other.close()
    async with database.transaction() as work:
        assert (await work.run(sa.text("PRAGMA synchronous"))).scalar_one() == 2
    await database.close()
