"""The contract of the legacy store, on each adapter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from menjin import Database, open_async_engine
from menjin.integrations.legacy import Entry, LegacyStore, MemoryLegacyStore, SqlLegacyStore
from support.clock import START
from support.doors import Storage

NAME, OTHER = "a" * 64, "b" * 64
ENTRY = Entry("c" * 64, START, START + timedelta(minutes=5))


@asynccontextmanager
async def open_store(storage: Storage, folder: Path) -> AsyncIterator[LegacyStore]:
    """Open a store; SQL ones with their table."""
    if storage == "memory":
        yield MemoryLegacyStore()
        return
    database = Database(open_async_engine(f"sqlite:///{folder / 'legacy.db'}"))
    store = SqlLegacyStore(database)
    await store.prepare()
    await store.prepare()
    yield store
    await database.close()


def test_of_many_claims_at_once_one_succeeds(storage: Storage, tmp_path: Path) -> None:
    """Everybody else is shown the entry of the one who did."""

    async def story() -> None:
        async with open_store(storage, tmp_path) as store:
            rivals = [replace(ENTRY, proof=f"{number:064d}") for number in range(20)]
            answers = await asyncio.gather(*(store.claim(NAME, rival, START) for rival in rivals))
            assert answers.count(None) == 1
            assert {answer for answer in answers if answer is not None} == {rivals[answers.index(None)]}

    asyncio.run(story())


def test_an_entry_is_filled_found_and_forgotten(storage: Storage, tmp_path: Path) -> None:
    """Filling moves its end; forgetting frees the name; other names are untouched."""

    async def story() -> None:
        async with open_store(storage, tmp_path) as store:
            assert await store.find(NAME, START) is None
            await store.claim(NAME, ENTRY, START)
            await store.claim(OTHER, ENTRY, START)
            until = START + timedelta(days=30)
            await store.fill(NAME, "sealed", until)
            filled = replace(ENTRY, sealed="sealed", expires_at=until)
            assert await store.find(NAME, START + timedelta(days=29)) == filled
            assert await store.claim(NAME, ENTRY, START) == filled
            await store.forget(NAME)
            await store.forget(NAME)
            assert await store.find(NAME, START) is None
            assert await store.find(OTHER, START) == ENTRY
            assert await store.claim(NAME, ENTRY, START) is None

    asyncio.run(story())


def test_an_entry_ends_at_its_end_and_is_purged(storage: Storage, tmp_path: Path) -> None:
    """From its end on it is as good as gone, its name free; purging takes at most the limit."""

    async def story() -> None:
        async with open_store(storage, tmp_path) as store:
            await store.claim(NAME, ENTRY, START)
            await store.claim(OTHER, ENTRY, START)
            end = ENTRY.expires_at
            assert await store.purge(end - timedelta(microseconds=1)) == 0
            assert await store.find(NAME, end) is None
            assert await store.purge(end, 1) == 1
            assert await store.purge(end) == 1
            later = replace(ENTRY, claimed_at=end, expires_at=end + timedelta(minutes=5))
            assert await store.claim(NAME, later, end) is None
            assert await store.claim(NAME, replace(later, proof="d" * 64), end) == later

    asyncio.run(story())
