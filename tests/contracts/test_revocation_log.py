"""What the revocation log promises on every database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from menjin.adapters.revocations import FollowedRevocations
from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.revocations import SqlRevocationLog
from menjin.adapters.sqlalchemy.tables import REVOCATIONS
from menjin.clock import to_micros
from menjin.errors import StoreUnavailable
from menjin.sessions.revocations import Revocation
from menjin.values import SessionId
from support.benches import Bench
from support.clock import START, FakeClock
from support.redis_rig import StillStopwatch

DAY = timedelta(days=1)


def test_entries_are_read_by_number_found_by_time_and_purged_by_their_end(sql_bench: Bench) -> None:
    """A reader starts where a moment began, reads on by number, and what is over is deleted in bounded lots."""
    database = sql_bench.stores.transactions
    assert isinstance(database, Database)
    log = SqlRevocationLog(database)
    for hours in range(3):
        made, end = START + timedelta(hours=hours), START + timedelta(days=1)
        sql_bench.run(log.record(SessionId(f"ses_{hours}"), "kicked_out", made, end))
    start = sql_bench.run(log.find_start(START + timedelta(hours=1)))
    assert [one.session_id for one in sql_bench.run(log.read_after(start, 10))] == ["ses_1", "ses_2"]
    assert sql_bench.run(log.find_start(START + timedelta(hours=9))) == start + 2
    assert sql_bench.run(log.purge(START + timedelta(days=2), 2)) == 2
    assert len(sql_bench.run(log.read_after(0, 10))) == 1


def test_no_entry_made_since_is_left_out_whatever_the_clocks(sql_bench: Bench) -> None:
    """Clocks of machines differ, by seconds or by hours: a number may be higher than that of an entry made later."""
    assert sql_bench.database is not None
    log = SqlRevocationLog(sql_bench.database)
    seconds = (-7200, -120, -55, 3, -10, 10, -1, 0, -3600, 5, -9, 600)
    for number, offset in enumerate(seconds):
        made = START + timedelta(seconds=offset)
        sql_bench.run(log.record(SessionId(f"ses_{number}"), "kicked_out", made, START + DAY))
    start = sql_bench.run(log.find_start(START))
    read = {one.session_id for one in sql_bench.run(log.read_after(start, 100))}
    assert {f"ses_{number}" for number, offset in enumerate(seconds) if offset >= 0} <= read
    assert not {"ses_0", "ses_1"} & read  # those well before are


class Visible(SqlRevocationLog):
    """Starts at the first entry it sees."""

    async def find_start(self, since: datetime) -> int:
        """Return the number before it."""
        first = sa.select(sa.func.min(REVOCATIONS.c.number)).where(REVOCATIONS.c.created_at >= to_micros(since))
        async with self._database.reading() as work:
            found = await work.first(first)
        return found[0] - 1 if found is not None and found[0] is not None else 0


class Away:
    """A session store that is not there; the log alone is followed."""

    async def identify(self) -> str:
        """Say so."""
        raise StoreUnavailable

    async def knows_ends(self, servers: str) -> bool:  # noqa: ARG002 - the port's
        """Say so."""
        raise StoreUnavailable

    async def apply_ends(self, ended: Sequence[Revocation], now: datetime, servers: str | None = None) -> None:  # noqa: ARG002 - the port's
        """Say so."""
        raise StoreUnavailable

    async def read_swept(self) -> int | None:
        """Say so."""
        raise StoreUnavailable

    async def note_swept(self, number: int) -> None:  # noqa: ARG002 - the port's
        """Say so."""
        raise StoreUnavailable


@pytest.mark.kinds("postgres-async", "mariadb-async")  # SQLite has one writer at a time
@pytest.mark.parametrize(("kind", "known"), [(SqlRevocationLog, "expired"), (Visible, None)], ids=["ours", "control"])
@pytest.mark.parametrize("is_first", [True, False], ids=["nothing before", "something before"])
def test_an_end_still_open_when_the_follower_starts_is_heard_of(
    sql_bench: Bench, kind: type[SqlRevocationLog], known: str | None, *, is_first: bool
) -> None:
    """Its number is lower than one that is visible already; it is committed seconds after the start.

    Control: a follower that starts at the first visible entry never hears of it.
    """
    database = sql_bench.database
    assert database is not None
    log, clock, stopwatch = kind(database), FakeClock(), StillStopwatch()
    followed = FollowedRevocations(log, Away(), clock, stopwatch)
    one, other, old = (SessionId(f"ses_{name}") for name in ("one", "other", "old"))

    async def bind(has_begun: asyncio.Event, go_on: asyncio.Event) -> None:
        async with database.transaction():
            await log.record(one, "expired", START, START + DAY)
            has_begun.set()
            await go_on.wait()

    async def story() -> None:
        if not is_first:
            await log.record(old, "replaced", START - 2 * DAY, START + DAY)
        has_begun, go_on = asyncio.Event(), asyncio.Event()
        binding = asyncio.create_task(bind(has_begun, go_on))
        await has_begun.wait()
        await log.record(other, "signed_out", START, START + DAY)
        await followed.step()
        stopwatch.at = 5.0
        go_on.set()
        await binding
        await followed.step()

    sql_bench.run(story())
    assert followed.find(other) == "signed_out"
    assert followed.find(one) == known
    assert followed.find(old) is None
