"""Revisions, up and down with data in the tables, and what a start makes of tables of each age."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from menjin import Database, open_engine
from menjin.adapters.sqlalchemy.engines import open_patient_engine
from menjin.adapters.sqlalchemy.migrating import Step, upgrade, write_sql
from menjin.adapters.sqlalchemy.migrations import VERSIONS, Revision, list_revisions, put_in_order
from menjin.adapters.sqlalchemy.tables import ACCOUNTS, METADATA, ROTATED_TOKENS, SESSIONS
from menjin.bridge import drive
from menjin.errors import ConfigurationError, MenjinError, StoreUnavailable
from support.catalogs import read_catalog

SERVERS = ("postgres", "mariadb")
PEOPLE = 500
NEXT = '''"""A nickname each account has, made from its id."""

import sqlalchemy as sa
from alembic import op

from menjin.adapters.sqlalchemy.dialects import any_text

revision = "{revision}"
down_revision = "{follows}"


def upgrade() -> None:
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("nickname", any_text(40)))
    op.execute("UPDATE accounts SET nickname = account_id")
    with op.batch_alter_table("accounts") as accounts:
        accounts.alter_column("nickname", existing_type=any_text(40), nullable=False)
        accounts.create_index("ix_accounts_nickname", ["nickname"])
    with op.batch_alter_table("sessions") as sessions:
        sessions.alter_column("device_label", existing_type=any_text(64), type_=any_text(80))


def downgrade() -> None:
    with op.batch_alter_table("sessions") as sessions:
        sessions.alter_column("device_label", existing_type=any_text(80), type_=any_text(64))
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_index("ix_accounts_nickname")
        accounts.drop_column("nickname")
'''
BROKEN = '''"""Fails half way."""

from alembic import op

revision = "{revision}"
down_revision = "{follows}"


def upgrade() -> None:
    op.execute("UPDATE accounts SET realm = 'ruined'")
    op.execute("UPDATE nowhere SET realm = 'ruined'")
'''


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=pytest.mark.servers) for name in SERVERS)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/menjin.db"
        return
    server = request.getfixturevalue(f"{request.param}_server")
    found = server.fresh_database()
    yield found
    server.drop_database(found)


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The revisions of a menjin to come: ours, and one on top."""
    return add_revision(tmp_path, NEXT)


def add_revision(folder: Path, text: str) -> Path:
    """Return a copy of our revisions with one more."""
    versions = folder / "versions"
    shutil.copytree(VERSIONS, versions)
    (versions / "r9999_next.py").write_text(text.format(revision="9999_next", follows=list_revisions()[-1]))
    list_revisions.cache_clear()
    return versions


def on(url: str, deed: Callable[[sa.Connection], Any]) -> Any:  # noqa: ANN401 - whatever the deed gives
    """Do something beside, in a transaction of its own."""
    engine = open_engine(url, pool_size=1)
    try:
        with engine.begin() as connection:
            return deed(connection)
    finally:
        engine.dispose()


def run(statement: str, connection: sa.Connection) -> object:
    """Run a statement as it is; return its first value, if there is one."""
    result = connection.exec_driver_sql(statement)
    return result.scalar() if result.returns_rows else None


def start(url: str, versions: Path = VERSIONS) -> None:
    """Do what every start does first."""
    database = Database(open_engine(url), versions)
    try:
        drive(database.create_schema())
        drive(database.ping())
    finally:
        drive(database.close())


def fill(connection: sa.Connection) -> None:
    """Put people, their sessions and former tokens into the first tables."""
    ids = [f"{number:05}" for number in range(PEOPLE)]
    people = [{"account_id": f"acc_{n}", "realm": "默认🎫", "external_id": f"会员 {n}", "created_at": 1} for n in ids]
    connection.execute(sa.insert(ACCOUNTS), people)
    same = dict.fromkeys(("issued_at", "last_seen_at", "authenticated_at", "idle_micros", "ends_at"), 9)
    sessions = [
        {"session_id": f"ses_{n}", "token_hash": n, "appid": "wx", "openid": "o", "identity_id": "i", **same}
        for n in ids
    ]
    connection.execute(sa.insert(SESSIONS), sessions)
    former = [{"token_hash": f"former{n}", "session_id": f"ses_{n}", "rotated_at": 1} for n in ids]
    connection.execute(sa.insert(ROTATED_TOKENS), former)


def read_all(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the first tables, by their own columns."""
    return {
        table.name: sorted(tuple(row) for row in connection.execute(sa.select(*table.columns)))
        for table in (ACCOUNTS, SESSIONS, ROTATED_TOKENS)
    }


def test_the_revisions_lead_to_the_tables(url: str) -> None:
    """All revisions from nothing make what tables.py says: columns, collations, keys, indexes; and so does a start."""
    upgrade(url)
    migrated = read_catalog(url)
    upgrade(url, "base")
    assert read_catalog(url) == {}
    on(url, METADATA.create_all)
    assert read_catalog(url) == migrated
    assert len(migrated) >= 15
    on(url, METADATA.drop_all)
    start(url)
    assert read_catalog(url) == migrated


def test_control_a_difference_is_seen(url: str) -> None:
    """Control: the comparison above sees a column's collation, length, an index and a key that differ."""
    upgrade(url)
    good = read_catalog(url)
    is_mysql = url.startswith("mysql")
    for statement in (f"DROP INDEX ix_sessions_ends_at{' ON sessions' if is_mysql else ''}", "DROP TABLE unionids"):
        on(url, partial(run, statement))
        worse = read_catalog(url)
        assert worse != good
        good = worse
    if url.startswith("sqlite"):
        return
    kind = 'ALTER external_id TYPE varchar(128) COLLATE "default"'
    if is_mysql:
        kind = "MODIFY external_id varchar(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
    on(url, partial(run, f"ALTER TABLE members {kind}"))
    assert read_catalog(url) != good


def test_up_and_down_with_data(url: str, later: Path) -> None:
    """A later revision on top of 500 people keeps every value, does its own work, and goes back without a trace."""
    start(url)
    first = read_catalog(url)
    on(url, fill)
    before = on(url, read_all)
    told: list[Step] = []
    standing = upgrade(url, tell=told.append, versions=later)
    assert (standing.stage, standing.revision) == ("current", "9999_next")
    assert [(step.revision, step.is_upgrade) for step in told] == [("9999_next", True)]
    assert on(url, read_all) == before
    named = "SELECT count(*) FROM accounts WHERE nickname = account_id"
    assert on(url, partial(run, named)) == PEOPLE
    told.clear()
    upgrade(url, list_revisions()[-1], tell=told.append, versions=later)
    assert [(step.revision, step.is_upgrade) for step in told] == [("9999_next", False)]
    assert on(url, read_all) == before
    assert read_catalog(url) == first
    with pytest.raises(IntegrityError):  # the keys came through as well
        on(
            url,
            lambda connection: connection.execute(
                sa.insert(ACCOUNTS), [{"account_id": "acc_00001", "realm": "r", "created_at": 1}]
            ),
        )


def test_a_file_is_not_emptied_by_its_own_references(tmp_path: Path, later: Path) -> None:
    """sqlite: rebuilding `sessions` leaves the rows that refer to it alone."""
    url = f"sqlite:///{tmp_path}/sqlite.db"
    start(url)
    on(url, fill)
    upgrade(url, versions=later)
    assert len(on(url, read_all)["rotated_tokens"]) == PEOPLE


def test_control_references_would_take_rows_along(tmp_path: Path) -> None:
    """Control: with foreign keys on, dropping the old `sessions` takes its former tokens along."""
    url = f"sqlite:///{tmp_path}/sqlite.db"
    start(url)
    on(url, fill)
    on(url, partial(run, "DROP TABLE sessions"))
    assert on(url, partial(run, "SELECT count(*) FROM rotated_tokens")) == 0


def test_a_start_on_older_tables(url: str, later: Path) -> None:
    """On SQLite it upgrades, whole; a server's tables it leaves alone, and says what to run."""
    start(url)
    on(url, fill)
    before = on(url, read_all)
    if url.startswith("sqlite"):
        start(url, later)
        assert on(url, partial(run, "SELECT count(nickname) FROM accounts"))
    else:
        with pytest.raises(ConfigurationError, match="menjin migrate"):
            start(url, later)
        assert "nickname" not in str(read_catalog(url))
    assert on(url, read_all) == before


def test_a_start_on_newer_tables(url: str, later: Path) -> None:
    """It is refused, with the revision named: what this menjin would write there, nobody knows."""
    start(url)
    upgrade(url, versions=later)
    with pytest.raises(ConfigurationError, match="9999_next"):
        start(url)
    with pytest.raises(ConfigurationError, match="9999_next"):
        upgrade(url)


def test_a_start_on_strange_tables(url: str) -> None:
    """A table of our name that no menjin made is named, and nothing is made beside it."""
    on(url, partial(run, "CREATE TABLE accounts (id INT)"))
    for attempt in (start, upgrade):
        with pytest.raises(ConfigurationError, match="accounts"):
            attempt(url)
    assert len(read_catalog(url)) <= 3


def test_a_first_start_that_was_cut_short_is_made_whole(url: str) -> None:
    """Some tables, and no revision written yet: as MySQL has it when the process is killed between two CREATEs."""
    start(url)
    whole = read_catalog(url)
    on(url, partial(run, "DELETE FROM menjin_schema"))
    on(url, partial(run, "DROP TABLE unionids"))
    start(url)
    assert read_catalog(url) == whole


def at_once(deed: Callable[[], object], times: int = 6) -> list[MenjinError | None]:
    """Do something several times at the same moment; return what went wrong with each."""
    together = threading.Barrier(times)

    def attempt(_: int) -> MenjinError | None:
        together.wait()
        try:
            deed()
        except MenjinError as error:
            return error
        return None

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(attempt, range(times)))


def test_several_upgrade_at_once(url: str, later: Path) -> None:
    """Six at the same moment, with data: one does it, the others find it done; none fails."""
    start(url)
    on(url, fill)
    told: list[Step] = []
    assert at_once(lambda: upgrade(url, tell=told.append, versions=later)) == [None] * 6
    assert [step.revision for step in told] == ["9999_next"]


def test_several_start_at_once_on_an_older_file(tmp_path: Path, later: Path) -> None:
    """sqlite: the same by six starts."""
    url = f"sqlite:///{tmp_path}/sqlite.db"
    start(url)
    on(url, fill)
    assert at_once(lambda: start(url, later)) == [None] * 6
    assert len(on(url, read_all)["rotated_tokens"]) == PEOPLE


def test_a_failing_revision_changes_nothing(url: str, tmp_path: Path) -> None:
    """It is named, without its statement; where the database can, everything is as before."""
    start(url)
    on(url, fill)
    before = on(url, read_all)
    with pytest.raises(ConfigurationError, match="9999_next") as caught:
        upgrade(url, versions=add_revision(tmp_path, BROKEN))
    assert "nowhere" not in str(caught.value)
    assert caught.value.__cause__ is None
    if not url.startswith("mysql"):
        assert on(url, read_all) == before
    start(url)


def test_the_sql_can_be_had_instead(url: str) -> None:
    """What `--sql` prints makes the same tables as running it, and nothing was changed by printing."""
    text = write_sql(url)
    assert read_catalog(url) == {}
    engine = open_patient_engine(url)
    with engine.connect() as connection:
        for statement in text.split(";\n"):
            lines = [line for line in statement.splitlines() if line and not line.startswith("--")]
            if lines and lines[0] not in {"BEGIN", "COMMIT"}:
                connection.exec_driver_sql("\n".join(lines).replace("%", "%%"))
        connection.commit()
    engine.dispose()
    printed = read_catalog(url)
    start(url)
    upgrade(url, "base")
    upgrade(url)
    assert read_catalog(url) == printed


def test_what_cannot_be_named_is_told(url: str) -> None:
    """An unknown revision is a clear error, and nothing is changed."""
    start(url)
    with pytest.raises(ConfigurationError, match="no such revision"):
        upgrade(url, "0815")
    start(url)


def test_a_dead_database_is_no_failed_revision() -> None:
    """Nobody listens there: StoreUnavailable, not a revision's failure."""
    with pytest.raises(StoreUnavailable):
        upgrade("postgresql://menjin@127.0.0.1:1/menjin")


def test_the_chain_of_revisions_has_no_fork() -> None:
    """Two revisions that follow the same one are refused: which is the newest would hang on chance."""
    assert put_in_order([Revision("b", "a"), Revision("a", None)]) == ("a", "b")
    for broken in ([Revision("a", None), Revision("b", None)], [Revision("b", "a")], []):
        with pytest.raises(ValueError, match="chain"):
            put_in_order(broken)
