"""The local directory: members in menjin's own table."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from menjin import Database, Secret, open_async_engine, open_engine
from menjin.accounts.directory import Member
from menjin.adapters.directories.local import LocalDirectory
from menjin.bridge import drive
from menjin.errors import NotFound, RequestInvalid
from support.working import LazyHasher, NotingHasher

PASSWORD = Secret("ming's password 密码")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with menjin's tables."""
    database = Database(open_engine(url))
    drive(database.create_schema())
    yield database
    drive(database.close())


def directory_of(database: Database, hasher: NotingHasher | None = None) -> LocalDirectory:
    """Return a directory with one member."""
    directory = LocalDirectory(database, hasher=hasher)
    drive(directory.add("ming", PASSWORD, "m-1 会员", "+8613800138000"))
    return directory


def test_members_are_known_by_name_password_and_number(database: Database) -> None:
    """To the letter: case, blanks and width count; an emoji and Chinese are as good as any."""
    directory = directory_of(database)
    assert drive(directory.verify_password("ming", PASSWORD)) == Member("m-1 会员")
    assert drive(directory.find_by_phone("+8613800138000")) == Member("m-1 会员")
    drive(directory.add("小明🎫", Secret("🔑")))
    assert drive(directory.verify_password("小明🎫", Secret("🔑"))) == Member("小明🎫")
    for name in ("Ming", "MING", "ming ", " ming", "ｍing", "mi\0ng", "", "m" * 200, "ming\ud800"):
        assert drive(directory.verify_password(name, PASSWORD)) is None
    for password in ("", "x", PASSWORD.reveal().upper(), PASSWORD.reveal() + " ", "\ud800", "x" * 5000):
        assert drive(directory.verify_password("ming", Secret(password))) is None
    for number in ("+8613800138001", "13800138000", "", "+86138001380001380013800", "+86 13800138000"):
        assert drive(directory.find_by_phone(number)) is None


def test_one_way_to_write_a_password(database: Database) -> None:
    """What two keyboards send for one text, composed or not, is one password and one name (RFC 8265)."""
    directory = LocalDirectory(database)
    drive(directory.add("hóng", Secret("pässword")))
    assert drive(directory.verify_password("hóng", Secret("pässword"))) == Member("hóng")


def test_a_password_is_changed(database: Database) -> None:
    """The old one is good no more; an unknown name is told; the list shows no hash."""
    directory = directory_of(database)
    drive(directory.change_password("ming", Secret("another")))
    assert drive(directory.verify_password("ming", PASSWORD)) is None
    assert drive(directory.verify_password("ming", Secret("another"))) == Member("m-1 会员")
    with pytest.raises(NotFound):
        drive(directory.change_password("hong", Secret("another")))
    listed = drive(directory.list_members())
    assert [(one.username, one.external_id, one.has_phone) for one in listed] == [("ming", "m-1 会员", True)]
    assert "argon2" not in repr(listed)


@pytest.mark.parametrize(
    "more",
    [
        {"username": "ming"},
        {"username": "hong", "external_id": "m-1 会员"},
        {"username": "hong", "phone_number": "+8613800138000"},
        {"username": "hong", "phone_number": "13800138000"},
        {"username": "hong "},
        {"username": ""},
        {"username": "ho\nng"},
        {"username": "hong", "external_id": " x"},
        {"username": "hong", "password": Secret("")},
    ],
)
def test_what_is_taken_or_impossible_is_refused(database: Database, more: dict[str, str]) -> None:
    """Nothing is kept, and the member who is there stays as they are."""
    directory = directory_of(database)
    with pytest.raises(RequestInvalid):
        drive(directory.add(**{"password": Secret("another"), **more}))  # type: ignore[arg-type] # built from the table above
    assert len(drive(directory.list_members())) == 1
    assert drive(directory.verify_password("ming", PASSWORD)) == Member("m-1 会员")


def work_for(database: Database, hasher: NotingHasher) -> dict[str, list[str]]:
    """Return the work for a wrong password, an unknown name and impossible names."""
    directory = directory_of(database, hasher)
    tries = {"known": "ming", "unknown": "nobody", "impossible": "no\0body", "empty": "", "half": "\ud800"}
    done = {}
    for what, name in tries.items():
        hasher.work.clear()
        assert drive(directory.verify_password(name, Secret("wrong"))) is None
        done[what] = list(hasher.work)
    return done


def test_unknown_names_cost_what_known_ones_cost(database: Database) -> None:
    """One argon2id of the same memory, passes and lanes, whatever the name."""
    done = work_for(database, NotingHasher())
    assert done["known"] == ["m=19456,t=2,p=1"]
    assert {tuple(work) for work in done.values()} == {tuple(done["known"])}


def test_control_without_the_dummy_they_differ(database: Database) -> None:
    """Control: a build that has nothing to do for nobody is seen by the comparison above, and by the clock below."""
    done = work_for(database, LazyHasher())
    assert done["known"] != done["unknown"]


def cpu_times(directory: LocalDirectory, name: str) -> float:
    """Return the median of this thread's CPU seconds for a wrong password."""
    spent = []
    for _ in range(15):
        began = time.thread_time()
        drive(directory.verify_password(name, Secret("wrong")))
        spent.append(time.thread_time() - began)
    return statistics.median(spent)


def test_the_clock_tells_nothing(tmp_path: Path) -> None:
    """A known and an unknown name take the same CPU within a third. Control: without the dummy they do not."""
    ratios = {}
    for hasher in (NotingHasher(), LazyHasher()):
        database = Database(open_engine(f"sqlite:///{tmp_path}/{type(hasher).__name__}.db"))
        drive(database.create_schema())
        directory = directory_of(database, hasher)
        known, unknown = cpu_times(directory, "ming"), cpu_times(directory, "nobody")
        ratios[type(hasher).__name__] = unknown / known
        drive(database.close())
    assert 0.67 < ratios["NotingHasher"] < 1.5
    assert ratios["LazyHasher"] < 0.5


def test_the_event_loop_stays_free(tmp_path: Path) -> None:
    """Under a loop the hashing is done beside it: another task goes on meanwhile, and two are done at once at most."""

    async def look() -> int:
        database = Database(open_async_engine(f"sqlite:///{tmp_path}/menjin.db"))
        await database.create_schema()
        directory = LocalDirectory(database)
        await directory.add("ming", PASSWORD)
        checks = [asyncio.create_task(directory.verify_password("ming", PASSWORD)) for _ in range(6)]
        turns = 0
        while not all(check.done() for check in checks):
            await asyncio.sleep(0)
            turns += 1
        assert {check.result() for check in checks} == {Member("ming")}
        await directory.close()
        await database.close()
        return turns

    assert asyncio.run(look()) > 20
