"""A directory that is a query on the business's own database."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from menjin import Secret, open_engine
from menjin.accounts.directory import Member
from menjin.adapters.directories.schemes import Schemes
from menjin.adapters.directories.sql import Queries, SqlDirectory, open_directory_engine
from menjin.bridge import drive
from menjin.clock import SystemRandomness
from menjin.errors import StoreUnavailable
from support.working import LazyHasher, NotingHasher

PASSWORD = Secret("ming's password")
QUERIES = Queries(
    "SELECT member_no, password FROM customers WHERE name = :username AND left_at IS NULL",
    "SELECT member_no FROM customers WHERE mobile = :phone_number",
)


def run(url: str, *statements: str) -> None:
    """Run statements as the business does."""
    engine = open_engine(url, pool_size=1)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


@pytest.fixture
def shop(url: str) -> str:
    """The business's database, with Ming and one who left."""
    hashed = Schemes(SystemRandomness()).hash(PASSWORD.reveal().encode())
    run(
        url,
        "CREATE TABLE customers (member_no INTEGER, name VARCHAR(40), mobile VARCHAR(20), password VARCHAR(200),"
        " left_at INTEGER)",
    )
    engine = open_engine(url, pool_size=1)
    with engine.begin() as connection:
        insert = sa.text("INSERT INTO customers VALUES (:no, :name, :mobile, :password, :left_at)")
        rows = [(7, "ming", "+8613800138000", None), (8, "gone", "+8613900139000", 1)]
        connection.execute(
            insert, [{"no": r[0], "name": r[1], "mobile": r[2], "password": hashed, "left_at": r[3]} for r in rows]
        )
        connection.execute(insert, {"no": 9, "name": "new", "mobile": None, "password": None, "left_at": None})
    engine.dispose()
    return url


@pytest.fixture
def directory(shop: str) -> Iterator[SqlDirectory]:
    """A directory over it."""
    directory = SqlDirectory(open_directory_engine(shop, blocking=True), QUERIES)
    yield directory
    drive(directory.close())


def test_members_are_found(directory: SqlDirectory) -> None:
    """By name and password, by number; who left, who has no password yet, and who never was are nobody."""
    assert drive(directory.verify_password("ming", PASSWORD)) == Member("7")
    assert drive(directory.find_by_phone("+8613800138000")) == Member("7")
    for name in ("gone", "new", "nobody", "", "mi\0ng", "ming'; DROP TABLE customers; --", "ming' OR '1'='1", "\ud800"):
        assert drive(directory.verify_password(name, PASSWORD)) is None
    assert drive(directory.verify_password("ming", Secret("wrong"))) is None
    assert drive(directory.find_by_phone("+8613800138001")) is None
    assert drive(directory.find_by_phone("' OR 1=1 --")) is None
    assert drive(directory.verify_password("ming", PASSWORD)) == Member("7")


def test_the_same_under_a_loop(shop: str) -> None:
    """In the other colour."""

    async def look() -> tuple[Member | None, ...]:
        directory = SqlDirectory(open_directory_engine(shop, blocking=False), QUERIES)
        try:
            found = await directory.verify_password("ming", PASSWORD), await directory.verify_password("no", PASSWORD)
            return (*found, await directory.find_by_phone("+8613800138000"))
        finally:
            await directory.close()

    assert asyncio.run(look()) == (Member("7"), None, Member("7"))


def test_two_of_one_name_are_nobody(shop: str, caplog: pytest.LogCaptureFixture) -> None:
    """Who it is must not hang on the order of rows; the log says so without the name."""
    run(shop, "INSERT INTO customers SELECT 10, name, mobile, password, left_at FROM customers WHERE member_no = 7")
    directory = SqlDirectory(open_directory_engine(shop, blocking=True), QUERIES)
    assert drive(directory.verify_password("ming", PASSWORD)) is None
    assert "several rows" in caplog.text
    assert "ming" not in caplog.text
    drive(directory.close())


WRITES = {
    "postgresql": (
        "CREATE SEQUENCE visits",
        "WITH gone AS (DELETE FROM customers RETURNING 1) SELECT 1, :username FROM gone",
        "SELECT nextval('visits'), :username",
    ),
    "mysql": (
        "CREATE FUNCTION visit() RETURNS INT BEGIN DELETE FROM customers; RETURN 1; END",
        "SELECT visit(), :username",
    ),
    "sqlite": ("CREATE TABLE visits (number INTEGER)",),
}


def test_a_query_that_writes_is_refused(shop: str, caplog: pytest.LogCaptureFixture) -> None:
    """The connection itself is read-only: neither a function nor a WITH changes a row. Control: elsewhere they do."""
    prepare, *writes = WRITES[shop.partition(":")[0]]
    run(shop, prepare)
    for write in writes:
        directory = SqlDirectory(open_directory_engine(shop, blocking=True), Queries(write))
        with pytest.raises(StoreUnavailable):
            drive(directory.verify_password("ming", PASSWORD))
        drive(directory.close())
    assert count(shop) == 3
    assert "DELETE" not in caplog.text
    for write in writes:
        run(shop, write.replace(":username", "'x'"))
    assert count(shop) == (3 if shop.startswith("sqlite") else 0)


def count(url: str) -> int:
    """Return how many customers there are."""
    engine = open_engine(url, pool_size=1)
    with engine.begin() as connection:
        found = int(connection.execute(sa.text("SELECT count(*) FROM customers")).scalar_one())
    engine.dispose()
    return found


def test_a_file_stays_as_it_is(tmp_path: Path) -> None:
    """A SQLite file keeps its journal mode, cannot be written, and its owner may write while we read."""
    path = tmp_path / "shop.db"
    owner = sqlite3.connect(path)
    owner.execute("CREATE TABLE customers (member_no, name, mobile, password, left_at)")
    owner.commit()
    directory = SqlDirectory(open_directory_engine(f"sqlite:///{path}", blocking=True), QUERIES)
    assert drive(directory.verify_password("ming", PASSWORD)) is None
    owner.execute("BEGIN IMMEDIATE")
    assert drive(directory.verify_password("ming", PASSWORD)) is None
    owner.execute("INSERT INTO customers VALUES (1, 'a', 'b', 'c', 1)")
    owner.commit()
    assert owner.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    owner.close()
    drive(directory.close())
    with pytest.raises(ValueError, match="not there"):
        open_directory_engine(f"sqlite:///{tmp_path}/typo.db", blocking=True)
    assert not (tmp_path / "typo.db").exists()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1, 2 FROM customers",
        "SELECT 1, 2 FROM customers WHERE name = :name",
        "SELECT 1, 2 FROM customers WHERE name = :username OR mobile = :other",
        "DELETE FROM customers WHERE name = :username",
        "SELECT 1, 2 FROM customers WHERE name = :username; DELETE FROM customers",
        "SELECT 1, 2 FROM customers WHERE name = '%s'",
        "",
    ],
)
def test_a_query_of_another_form_is_refused_at_once(query: str) -> None:
    """It must be one SELECT with :username and nothing else: text put together by hand has no place."""
    with pytest.raises(ValueError, match="password_query"):
        Queries(query)


def test_casts_are_no_parameters() -> None:
    """PostgreSQL's :: is left alone."""
    assert Queries("SELECT id::text, hash FROM t WHERE name = :username").by_phone is None


def test_a_query_that_does_not_fit_is_an_outage(shop: str, caplog: pytest.LogCaptureFixture) -> None:
    """A column that is not there, or one too many, is StoreUnavailable with a line in the log, and no member."""
    for query in (
        "SELECT member_no, secret FROM customers WHERE name = :username",
        "SELECT member_no FROM customers WHERE name = :username",
    ):
        directory = SqlDirectory(open_directory_engine(shop, blocking=True), Queries(query))
        with pytest.raises(StoreUnavailable):
            drive(directory.verify_password("ming", PASSWORD))
        drive(directory.close())
    assert "the directory's query must be accepted" in caplog.text


@pytest.mark.parametrize("kind", [NotingHasher, LazyHasher])
def test_unknown_names_cost_what_known_ones_cost(shop: str, kind: type[NotingHasher]) -> None:
    """Once a kept hash was seen, nobody's costs the same, of whichever scheme. Control: not with a lazy hasher."""
    hasher = kind()
    kept = "pbkdf2_sha256$1200$salt$" + "A" * 43 + "="
    engine = open_engine(shop, pool_size=1)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE customers SET password = :kept"), {"kept": kept})
    engine.dispose()
    directory = SqlDirectory(open_directory_engine(shop, blocking=True), QUERIES, hasher)
    for name in ("ming", "nobody", "no\0body", "gone", "ming"):
        assert drive(directory.verify_password(name, PASSWORD)) is None
    assert (set(hasher.work) == {"1200"}) is (kind is NotingHasher)
    drive(directory.close())


def test_a_dead_database_is_an_outage() -> None:
    """StoreUnavailable, as for every directory."""
    directory = SqlDirectory(open_directory_engine("postgresql://menjin@127.0.0.1:1/shop", blocking=True), QUERIES)
    with pytest.raises(StoreUnavailable):
        drive(directory.verify_password("ming", PASSWORD))
    drive(directory.close())
