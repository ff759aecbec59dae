"""The revocation log and its followers: what is known when, and what is answered while nothing is known."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from menjin.adapters.following import TaskFollowing, ThreadFollowing
from menjin.adapters.revocations import FollowedRevocations
from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.revocations import SqlRevocationLog
from menjin.clock import SystemClock, SystemStopwatch
from menjin.errors import StoreUnavailable
from menjin.sessions.revocations import Revocation
from menjin.values import SessionId
from support.clock import START, FakeClock
from support.redis_rig import Runner, StillStopwatch, open_database

DAY = timedelta(days=1)


class Store:
    """A session store whose servers change at will, and that notes what it is told."""

    def __init__(self) -> None:
        self.servers = "first"
        self.is_away = False
        self.is_full = False
        self.swept: int | None = None
        self.known: set[str] = set()
        self.told: list[list[str]] = []

    async def identify(self) -> str:
        """Return the servers."""
        if self.is_away:
            raise StoreUnavailable
        return self.servers

    async def knows_ends(self, servers: str) -> bool:
        """Whether they were told."""
        return servers in self.known

    async def apply_ends(self, ended: Sequence[Revocation], now: datetime, servers: str | None = None) -> None:  # noqa: ARG002 - the port's
        """Take note."""
        if self.is_away or (self.is_full and ended):
            raise StoreUnavailable
        self.told.append([one.session_id for one in ended])
        self.known |= {servers} if servers else set()

    async def read_swept(self) -> int | None:
        """Return what was noted."""
        return self.swept

    async def note_swept(self, number: int) -> None:
        """Take note."""
        if self.is_full:
            raise StoreUnavailable
        self.swept = number


@pytest.fixture
def database(run: Runner, tmp_path: Path) -> Iterator[Database]:
    """A SQLite file with the tables."""
    found = open_database(run.colour, tmp_path)
    run(found.create_schema())
    yield found
    run(found.close())


class Bench:
    """One follower, its clocks and its store."""

    def __init__(self, database: Database) -> None:
        self.clock, self.stopwatch, self.store = FakeClock(), StillStopwatch(), Store()
        self.log = SqlRevocationLog(database)
        self.followed = FollowedRevocations(self.log, self.store, self.clock, self.stopwatch)


def ses(number: int) -> SessionId:
    """Return a session's id."""
    return SessionId(f"ses_{number:026}")


def test_nothing_is_vouched_for_before_the_first_round(run: Runner, database: Database) -> None:
    """Until the recent part is in memory every session is answered with StoreUnavailable."""
    bench = Bench(database)
    with pytest.raises(StoreUnavailable):
        bench.followed.find(ses(1))
    run(bench.followed.step())
    assert bench.followed.find(ses(1)) is None


def test_a_follower_that_lags_vouches_for_nothing(run: Runner, database: Database) -> None:
    """A second after the last whole round began nobody is let in; who is known to have ended is still told how."""
    bench = Bench(database)
    run(bench.followed.step())
    run(bench.followed.record(ses(1), "kicked_out", START, START + DAY))
    bench.stopwatch.at = 1.0
    assert bench.followed.find(ses(2)) is None
    bench.stopwatch.at = 1.001
    with pytest.raises(StoreUnavailable):
        bench.followed.find(ses(2))
    assert bench.followed.find(ses(1)) == "kicked_out"
    run(bench.followed.step())
    assert bench.followed.find(ses(2)) is None


def test_another_process_hears_of_it_in_its_next_round(run: Runner, database: Database) -> None:
    """What one records it knows at once, and the others after a round."""
    here, there = Bench(database), Bench(database)
    for bench in (here, there):
        run(bench.followed.step())
    run(here.followed.record(ses(1), "signed_out", START, START + DAY))
    assert here.followed.find(ses(1)) == "signed_out"
    run(there.followed.step())
    assert there.followed.find(ses(1)) == "signed_out"


def test_a_start_reads_the_last_day_and_no_more(run: Runner, database: Database) -> None:
    """Ends of the last 24 hours are known after the first round; older ones are the session store's own matter."""
    bench = Bench(database)
    run(bench.log.record(ses(1), "signed_out", START - timedelta(hours=25), START + DAY))
    run(bench.log.record(ses(2), "signed_out", START - timedelta(hours=23), START + DAY))
    run(bench.followed.step())
    assert bench.followed.find(ses(1)) is None
    assert bench.followed.find(ses(2)) == "signed_out"


def test_an_end_committed_late_under_an_early_number_is_heard(run: Runner, database: Database) -> None:
    """Numbers are not committed in order: one that shows up within ten seconds of a later one is read.

    Control: a follower that only asks for numbers above the last one it saw does not hear of it.
    """
    bench = Bench(database)
    run(bench.log.record(ses(1), "signed_out", START, START + DAY))
    table = "revocations (number, session_id, reason, created_at, keep_until)"
    micros = int(START.timestamp() * 1_000_000)

    async def insert(number: int, session_id: str) -> None:
        async with database.transaction() as work:
            values = f"({number}, '{session_id}', 'signed_out', {micros}, {micros + 10**12})"
            await work.run(sa.text(f"INSERT INTO {table} VALUES {values}"))  # noqa: S608 - our own words

    run(bench.followed.step())
    run(insert(7, ses(7)))
    bench.stopwatch.at = 20.0
    run(bench.followed.step())
    run(insert(6, ses(6)))
    assert [one.number for one in run(bench.log.read_after(7, 10))] == []  # the control
    bench.stopwatch.at = 29.0
    run(bench.followed.step())
    assert bench.followed.find(ses(6)) == "signed_out"
    bench.stopwatch.at = 60.0
    run(bench.followed.step())
    run(bench.followed.step())
    assert bench.followed._floor == 7


def test_another_redis_is_told_before_anybody_is_let_in(run: Runner, database: Database) -> None:
    """After a failover nobody is vouched for until the day's ends were applied to the promoted server, once."""
    bench, other = Bench(database), Bench(database)
    other.store = bench.store
    other.followed = FollowedRevocations(other.log, bench.store, other.clock, other.stopwatch)
    run(bench.followed.step())
    run(other.followed.step())
    run(bench.followed.record(ses(1), "signed_out", START, START + DAY))
    bench.store.servers = "promoted"
    bench.store.is_away = True
    run(bench.followed.step())  # Redis is away: each request finds that out for itself
    bench.store.is_away = False
    run(bench.followed.step())
    run(other.followed.step())
    assert bench.store.told == [[], [ses(1)]]
    assert bench.followed.find(ses(2)) is None


def test_an_end_told_to_the_former_server_reaches_the_new_one(run: Runner, database: Database) -> None:
    """For a minute after a failover, ends recorded by others are applied again as they are heard of."""
    bench, late = Bench(database), Bench(database)
    run(bench.followed.step())
    bench.stopwatch.at = 5.0
    run(late.followed.record(ses(1), "signed_out", START, START + DAY))
    run(bench.followed.step())
    assert bench.store.told == [[], [ses(1)]]
    bench.stopwatch.at = 100.0
    run(late.followed.record(ses(2), "signed_out", START, START + DAY))
    run(bench.followed.step())
    assert bench.followed.find(ses(2)) == "signed_out"
    assert [ses(2)] not in bench.store.told


def turn(bench: Bench, run: Runner, to: float) -> None:
    """Turn the stopwatch, and do a round."""
    bench.stopwatch.at = to
    run(bench.followed.step())


def test_an_end_that_the_store_missed_is_written_to_it_later(run: Runner, database: Database) -> None:
    """A full store stops nobody; once it takes writes, it is told every end that it missed, by one process."""
    bench, other = Bench(database), Bench(database)
    other.followed = FollowedRevocations(other.log, bench.store, other.clock, other.stopwatch)
    for one in (bench, other):
        turn(one, run, 0.0)
    bench.store.told.clear()
    bench.store.is_full = True
    run(bench.followed.record(ses(1), "signed_out", START, START + DAY))
    for at in (1.0, 12.0, 24.0):
        turn(bench, run, at)
        assert bench.followed.find(ses(2)) is None, "who reads goes on"
    bench.store.is_full = False
    turn(bench, run, 30.0)
    assert [ses(1)] in bench.store.told
    bench.store.told.clear()
    for one in (bench, other):
        turn(one, run, 80.0)
        turn(one, run, 100.0)
    assert bench.store.told == [], "once is enough"


def test_memory_holds_what_the_store_was_not_told(run: Runner, database: Database) -> None:
    """A store that cannot be written to for two days: the end is known all the while, and forgotten a day after."""
    bench = Bench(database)
    turn(bench, run, 0.0)
    bench.store.is_full = True
    run(bench.followed.record(ses(1), "signed_out", START, START + 30 * DAY))
    for hours in range(0, 49, 6):
        bench.clock.set(START + timedelta(hours=hours))
        turn(bench, run, hours * 3600.0 + 20.0)
        assert bench.followed.find(ses(1)) == "signed_out"
    bench.store.is_full = False
    turn(bench, run, 49 * 3600.0)
    assert [ses(1)] in bench.store.told
    turn(bench, run, 50 * 3600.0)
    turn(bench, run, 50 * 3600.0 + 20.0)
    turn(bench, run, 51 * 3600.0)
    assert bench.followed.find(ses(1)) is None


@pytest.mark.parametrize(("swept", "told"), [(0, [ses(1)]), (1, [])], ids=["ours", "control"])
def test_a_start_writes_what_another_left_behind(run: Runner, database: Database, swept: int, told: list[str]) -> None:
    """Whoever meets a store that missed an end of two days ago tells it, before anybody is vouched for.

    Control: a store that believes it has everything is not told, and would bring the session back.
    """
    bench = Bench(database)
    bench.store.swept = swept
    run(bench.log.record(ses(1), "signed_out", START - 2 * DAY, START + DAY))
    run(bench.log.record(ses(2), "signed_out", START, START + DAY))
    bench.store.is_full = True
    if told:
        with pytest.raises(StoreUnavailable):
            run(bench.followed.step())
        with pytest.raises(StoreUnavailable):
            bench.followed.find(ses(9))
    bench.store.is_full = False
    bench.store.known = {"first"}
    run(bench.followed.step())
    assert [one for page in bench.store.told for one in page if one == ses(1)] == told
    assert bench.followed.find(ses(9)) is None


def test_a_log_that_numbers_anew_is_swept_anew(run: Runner, database: Database) -> None:
    """The database was replaced: a number that its log has not reached says nothing."""
    bench = Bench(database)
    bench.store.swept = 1_000_000
    turn(bench, run, 0.0)
    run(bench.log.record(ses(1), "signed_out", START, START + DAY))
    for at in (1.0, 12.0, 24.0):
        turn(bench, run, at)
    assert [ses(1)] in bench.store.told
    assert bench.store.swept == 1


def test_a_log_that_is_away_stops_the_vouching_and_comes_back(run: Runner, database: Database) -> None:
    """Rounds fail while the table is away; after the bound 503, and after its return all is known again."""
    bench = Bench(database)
    run(bench.followed.step())
    run(_run_sql(database, "ALTER TABLE revocations RENAME TO elsewhere"))
    with pytest.raises(StoreUnavailable):
        run(bench.followed.step())
    with pytest.raises(StoreUnavailable):
        run(bench.followed.record(ses(1), "signed_out", START, START + DAY))
    assert bench.followed.find(ses(9)) is None
    bench.stopwatch.at = 1.5
    with pytest.raises(StoreUnavailable):
        bench.followed.find(ses(9))
    run(_run_sql(database, "ALTER TABLE elsewhere RENAME TO revocations"))
    run(bench.log.record(ses(1), "signed_out", START, START + DAY))
    run(bench.followed.step())
    assert bench.followed.find(ses(1)) == "signed_out"
    assert bench.followed.find(ses(9)) is None


def test_ends_are_forgotten_when_their_sessions_would_be_over(run: Runner, database: Database) -> None:
    """Rows and memory shrink once keep_until is past; numbers are never given twice."""
    bench = Bench(database)
    run(bench.followed.record(ses(1), "signed_out", START, START + DAY))
    run(bench.followed.step())
    bench.clock.advance(days=2)
    bench.stopwatch.at = 1000.0
    run(bench.followed.step())
    assert bench.followed.find(ses(1)) is None
    assert run(bench.log.read_after(0, 10)) == []
    run(bench.log.record(ses(2), "signed_out", bench.clock.now(), bench.clock.now() + DAY))
    assert [one.number for one in run(bench.log.read_after(0, 10))] == [2]


def test_memory_holds_a_day_of_ends(run: Runner, database: Database) -> None:
    """What was heard of more than 25 hours ago is the session store's own matter, and leaves the memory."""
    bench = Bench(database)
    run(bench.followed.record(ses(1), "signed_out", START, START + 30 * DAY))
    run(bench.followed.step())
    for hours, expected in ((24, "signed_out"), (26, None)):
        bench.clock.set(START + timedelta(hours=hours))
        bench.stopwatch.at = hours * 3600.0
        run(bench.followed.step())
        run(bench.followed.step())
        assert bench.followed.find(ses(1)) == expected
    assert len(run(bench.log.read_after(0, 10))) == 1


def test_an_end_recorded_inside_a_transaction_is_committed_with_it(run: Runner, database: Database) -> None:
    """A login ends those it replaces in its own transaction: the log has them if it commits, and not if it fails."""
    log = SqlRevocationLog(database)

    async def record_inside(number: int, *, fails: bool) -> None:
        async with database.transaction():
            await log.record(ses(number), "replaced", START, START + DAY)
            if fails:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(record_inside(1, fails=True))
    run(record_inside(2, fails=False))
    assert [one.session_id for one in run(log.read_after(0, 10))] == [ses(2)]


class Hasty(SqlRevocationLog):
    """Takes every end for committed."""

    async def record(self, *entry: Any) -> bool:  # noqa: ANN401 - as it came
        """Record it."""
        await super().record(*entry)
        return True


@pytest.mark.parametrize(("kind", "known"), [(SqlRevocationLog, None), (Hasty, "expired")], ids=["ours", "control"])
def test_an_end_that_is_rolled_back_is_not_known(
    run: Runner, database: Database, kind: type[SqlRevocationLog], known: str | None
) -> None:
    """A binding that fails at its commit ended nobody: who signs out next is not told that it was done already.

    Control: a follower that takes it for committed knows of an end that nobody else will ever hear of.
    """
    bench = Bench(database)
    bench.followed = FollowedRevocations(kind(database), bench.store, bench.clock, bench.stopwatch)
    run(bench.followed.step())

    async def record_inside(number: int, *, fails: bool) -> None:
        async with database.transaction():
            await bench.followed.record(ses(number), "expired", START, START + DAY)
            if fails:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(record_inside(1, fails=True))
    run(record_inside(2, fails=False))
    run(bench.followed.step())
    assert bench.followed.find(ses(1)) == known
    assert bench.followed.find(ses(2)) == "expired"


def test_four_followers_refuse_within_a_second(tmp_path: Path) -> None:
    """An end committed by one is refused by four others within a second, by the machine's clock."""
    databases = [open_database("sync", tmp_path) for _ in range(5)]
    Runner("sync")(databases[0].create_schema())
    run = Runner("sync")
    followers = [
        FollowedRevocations(SqlRevocationLog(one), Store(), SystemClock(), SystemStopwatch()) for one in databases
    ]
    threads = [ThreadFollowing(one.step) for one in followers]
    for thread in threads[1:]:
        run(thread.start())
    try:
        for number in range(3):
            for one in followers[1:]:
                _wait_for(one.check)
            now = SystemClock().now()
            run(followers[0].record(ses(number), "kicked_out", now, now + DAY))
            committed = time.monotonic()
            assert _watch_until_known(followers[1:], ses(number)) - committed < 1.0
    finally:
        for thread in threads:
            run(thread.stop())
        for database in databases:
            run(database.close())


def test_a_follower_survives_its_own_bugs(run: Runner) -> None:
    """Whatever a round raises, the next one is tried; stop ends it."""
    rounds = threading.Semaphore(0)

    async def step() -> None:
        rounds.release()
        raise ZeroDivisionError

    async def watch() -> None:
        following = TaskFollowing(step) if run.colour == "async" else ThreadFollowing(step)
        await following.start()
        await following.start()
        for _ in range(2):
            acquiring = asyncio.to_thread(rounds.acquire, timeout=5) if run.colour == "async" else None
            assert await acquiring if acquiring is not None else rounds.acquire(timeout=5)
        await following.stop()
        await following.stop()

    run(watch())


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_follows_by_itself(tmp_path: Path) -> None:
    """After a fork the parent's thread is not there: the child starts its own and hears of new ends."""
    database = open_database("sync", tmp_path)
    run = Runner("sync")
    run(database.create_schema())
    followed = FollowedRevocations(SqlRevocationLog(database), Store(), SystemClock(), SystemStopwatch())
    following = ThreadFollowing(followed.step)
    run(following.start())
    _wait_for(followed.check)
    child = os.fork()
    if child == 0:
        code = 1
        with suppress(BaseException):
            _watch_until_known([followed], ses(1))
            code = 0
        os._exit(code)
    now = SystemClock().now()
    run(followed.record(ses(1), "kicked_out", now, now + DAY))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    run(following.stop())
    run(database.close())


async def _run_sql(database: Database, text: str) -> None:
    async with database.transaction() as work:
        await work.run(sa.text(text))


def _wait_for(check: Callable[[], None], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            check()
        except StoreUnavailable:
            assert time.monotonic() < until
            time.sleep(0.005)
        else:
            return


def _watch_until_known(followers: Sequence[FollowedRevocations], session_id: SessionId, seconds: float = 10) -> float:
    """Return the last moment at which one of them let the session in, once all know how it ended."""
    let_in = 0.0
    until = time.monotonic() + seconds
    while True:
        found = [_look(one, session_id) for one in followers]
        if None in found:
            let_in = time.monotonic()
        if set(found) == {"kicked_out"}:
            return let_in
        assert time.monotonic() < until
        time.sleep(0.002)


def _look(followed: FollowedRevocations, session_id: SessionId) -> str | None:
    try:
        return followed.find(session_id)
    except StoreUnavailable:
        return "503"
