"""The tables at a start: made in an empty database, judged by their revision in one that has them.

A start changes nothing that holds data, but for SQLite, whose one file is one machine's: there it upgrades. Several
processes may start at once; one after another they find the work done.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.dialects import add_or_keep
from menjin.adapters.sqlalchemy.migrations import VERSIONS, list_revisions
from menjin.adapters.sqlalchemy.tables import METADATA, SCHEMA_REVISION
from menjin.errors import ConfigurationError, Fault, StoreUnavailable

_LOCK_NUMBER = 0x6D656E6A696E  # "menjin"
_LOCK_NAME = sa.func.concat("menjin.", sa.func.left(sa.func.database(), 50))
_TURNS = 10
_TURN_SECONDS = 2  # below the limit of a statement

_NO_ALEMBIC = (
    "is of an older menjin, and upgrading it needs Alembic: pip install 'menjin[service]'. "
    "升级数据库需要安装 menjin[service]"
)


Stage = Literal["empty", "current", "older", "newer", "unmarked"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a database's tables stand to this menjin's.

    Attributes:
        stage: `empty`: none of our tables, or a first start that was cut short. `newer`: a revision that this menjin
            does not know. `unmarked`: tables with our names, but no revision.
        revision: The one in the database.
        tables: Those with our names.
    """

    stage: Stage
    revision: str | None = None
    tables: tuple[str, ...] = ()


def newest_revision(versions: Path = VERSIONS) -> str:
    """Return the revision this menjin works with."""
    return list_revisions(versions)[-1]


def read_standing(connection: sa.Connection, versions: Path = VERSIONS) -> Standing:
    """Return how the database stands."""
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    ours = tuple(sorted(there & set(METADATA.tables)))
    if SCHEMA_REVISION.name not in there:
        return Standing("unmarked" if ours else "empty", tables=ours)
    revision = connection.scalar(sa.select(SCHEMA_REVISION.c.version_num))
    if revision is None:
        return Standing("empty", tables=ours)
    known = list_revisions(versions)
    stage: Stage = "newer" if revision not in known else "current" if revision == known[-1] else "older"
    return Standing(stage, revision, ours)


def prepare_schema(connection: sa.Connection, versions: Path = VERSIONS) -> Standing:
    """Make the tables if the database is empty; return how it stood before.

    Raises:
        StoreUnavailable: Another process holds the lock for more than 20 s.
    """
    standing = read_standing(connection, versions)
    if standing.stage != "empty":
        return standing
    if connection.dialect.name == "mysql":
        _create_on_mysql(connection, versions)
    else:
        if connection.dialect.name == "postgresql":
            wait_on_postgres(connection)
        _create(connection, versions)
    return standing


def upgrade_file(url: sa.URL, versions: Path = VERSIONS) -> None:
    """Upgrade a SQLite file, and block meanwhile.

    Raises:
        ConfigurationError: Alembic is not installed.
        StoreUnavailable: The file is held by another process for too long.
    """
    try:
        from menjin.adapters.sqlalchemy.migrating import upgrade  # noqa: PLC0415 - Alembic is of an extra
    except ImportError:
        raise ConfigurationError([Fault("database", _NO_ALEMBIC)]) from None
    upgrade(url, versions=versions)


def refuse(standing: Standing, versions: Path = VERSIONS) -> ConfigurationError:
    """Return what to tell whoever starts on tables that do not fit."""
    needed = newest_revision(versions)
    texts = {
        "older": f"is at revision {standing.revision}, this menjin needs {needed}: run `menjin migrate`, then start. "
        "数据库结构较旧，请先运行 menjin migrate",
        "newer": f"is at revision {standing.revision}, which this menjin does not know: install the newer one again, "
        f"or go back with it first: `menjin migrate --to {needed}`. 数据库结构比程序新，请升级程序",
        "unmarked": f"has tables of our names ({', '.join(standing.tables)}) but no revision: they are another "
        "program's, or of a menjin before its first release; name an empty database. "
        "已有同名表但没有版本记录，请换一个空数据库",
    }
    return ConfigurationError([Fault("database", texts[standing.stage])])


def _create(connection: sa.Connection, versions: Path) -> None:
    """Make every table, and say of which revision they are last: what is cut short is found unmarked and made whole."""
    if read_standing(connection, versions).stage != "empty":
        return  # another process was faster
    SCHEMA_REVISION.create(connection, checkfirst=True)
    METADATA.create_all(connection)
    values = {"version_num": newest_revision(versions)}
    connection.execute(add_or_keep(connection.dialect.name, SCHEMA_REVISION, tuple(values)), values)


def wait_on_postgres(connection: sa.Connection) -> None:
    """Take a lock that ends with the transaction; the waiting is the server's.

    Raises:
        StoreUnavailable: Another process holds it for more than 20 s.
    """
    naps = 5
    for _ in range(_TURNS * _TURN_SECONDS * naps):
        if connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK_NUMBER))):
            return
        connection.execute(sa.select(sa.func.pg_sleep(1 / naps)))
    raise StoreUnavailable(store="database")


def lock_on_mysql(connection: sa.Connection) -> None:
    """Take a named lock that outlives each CREATE's own commit.

    Raises:
        StoreUnavailable: Another process holds it for more than 20 s.
    """
    take = sa.select(sa.func.get_lock(_LOCK_NAME, _TURN_SECONDS))
    if not any(connection.scalar(take) == 1 for _ in range(_TURNS)):
        raise StoreUnavailable(store="database")


def unlock_on_mysql(connection: sa.Connection) -> None:
    """Give the lock back."""
    connection.execute(sa.select(sa.func.release_lock(_LOCK_NAME)))


def _create_on_mysql(connection: sa.Connection, versions: Path) -> None:
    """Hold a named lock meanwhile: every CREATE commits by itself."""
    lock_on_mysql(connection)
    try:
        _create(connection, versions)
    finally:
        unlock_on_mysql(connection)
