"""The contract of the legacy store, on each adapter."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from menjin.adapters.sqlalchemy.database import StatementRefused
from menjin.adapters.sqlalchemy.tables import LEGACY_SESSIONS
from menjin.clock import to_micros
from menjin.integrations.legacy import Entry, LegacyStore, MemoryLegacyStore, SqlLegacyStore
from support.benches import Bench
from support.clock import START

NAME, OTHER = "a" * 64, "b" * 64
ENTRY = Entry("c" * 64, START, START + timedelta(minutes=5))


def make_store(bench: Bench) -> LegacyStore:
    """Return the store of a bench, its table made, twice."""
    if bench.database is None:
        return MemoryLegacyStore()
    store = SqlLegacyStore(bench.database)
    bench.run(store.prepare())
    bench.run(store.prepare())
    return store


def claim_at_once(bench: Bench, store: LegacyStore, name: str, now: datetime) -> list[Entry | BaseException | None]:
    """Claim one name eight times at once; return the answers, after judging those that came without a failure."""
    rivals = [replace(ENTRY, proof=f"{number:064d}", expires_at=now + timedelta(minutes=5)) for number in range(8)]
    answers = bench.at_once([partial(store.claim, name, rival, now) for rival in rivals], 8)
    assert answers.count(None) == 1
    shown = {answer for answer in answers if isinstance(answer, Entry)}
    assert shown <= {rivals[answers.index(None)]}
    return answers


def test_of_many_claims_at_once_one_succeeds(bench: Bench) -> None:
    """Everybody else is shown the entry of the one who did, be the name free or its entry over."""
    store = make_store(bench)
    for now in (START, START + timedelta(hours=1)):
        for number in range(10):
            answers = claim_at_once(bench, store, f"{number:064d}", now)
            assert [answer for answer in answers if isinstance(answer, BaseException)] == []


class Hasty(SqlLegacyStore):
    """Inserts what was not there a moment ago."""

    async def claim(self, name: str, entry: Entry, now: datetime) -> Entry | None:
        """Claim it."""
        found = await self.find(name, now)
        if found is not None:
            return found
        row = {"name": name, "proof": entry.proof, "claimed_at": to_micros(now)}
        async with self._database.transaction() as work:
            await work.add(LEGACY_SESSIONS, {**row, "expires_at": to_micros(entry.expires_at)})
        return None


@pytest.mark.kinds("postgres", "mariadb")
def test_of_many_hasty_claims_some_fail(sql_bench: Bench) -> None:
    """The control: a store that leaves it to the unique key to say no fails at those that come second."""
    assert sql_bench.database is not None
    store = Hasty(sql_bench.database)
    answers = [one for number in range(10) for one in claim_at_once(sql_bench, store, f"{number:064d}", START)]
    assert [one for one in answers if isinstance(one, StatementRefused)]


def test_an_entry_is_filled_found_and_forgotten(bench: Bench) -> None:
    """Filling moves its end; forgetting frees the name; other names are untouched."""
    store = make_store(bench)
    assert bench.run(store.find(NAME, START)) is None
    assert bench.run(store.claim(NAME, ENTRY, START)) is None
    assert bench.run(store.claim(OTHER, ENTRY, START)) is None
    until = START + timedelta(days=30)
    bench.run(store.fill(NAME, "sealed", until))
    filled = replace(ENTRY, sealed="sealed", expires_at=until)
    assert bench.run(store.find(NAME, START + timedelta(days=29))) == filled
    assert bench.run(store.claim(NAME, ENTRY, START)) == filled
    bench.run(store.forget(NAME))
    bench.run(store.forget(NAME))
    assert bench.run(store.find(NAME, START)) is None
    assert bench.run(store.find(OTHER, START)) == ENTRY
    assert bench.run(store.claim(NAME, ENTRY, START)) is None


def test_an_entry_ends_at_its_end_and_is_purged(bench: Bench) -> None:
    """From its end on it is as good as gone, its name free; purging takes at most the limit."""
    store = make_store(bench)
    bench.run(store.claim(NAME, ENTRY, START))
    bench.run(store.claim(OTHER, ENTRY, START))
    end = ENTRY.expires_at
    assert bench.run(store.purge(end - timedelta(microseconds=1))) == 0
    assert bench.run(store.find(NAME, end)) is None
    assert bench.run(store.purge(end, 1)) == 1
    assert bench.run(store.purge(end)) == 1
    later = replace(ENTRY, claimed_at=end, expires_at=end + timedelta(minutes=5))
    assert bench.run(store.claim(NAME, later, end)) is None
    assert bench.run(store.claim(NAME, replace(later, proof="d" * 64), end)) == later
