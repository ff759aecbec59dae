"""Running the revisions, up or down, or writing their SQL. Needs Alembic.

PostgreSQL and SQLite do all of a run in one transaction: it is done whole or not at all. MySQL commits each CREATE and
ALTER by itself: there a run that fails stops inside one revision, which is named.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import exc

from menjin.adapters.sqlalchemy.engines import open_patient_engine
from menjin.adapters.sqlalchemy.migrations import FOLDER, VERSIONS
from menjin.adapters.sqlalchemy.schema import (
    Standing,
    lock_on_mysql,
    read_standing,
    refuse,
    unlock_on_mysql,
    wait_on_postgres,
)
from menjin.adapters.sqlalchemy.tables import METADATA, SCHEMA_REVISION
from menjin.errors import ConfigurationError, Fault, StoreUnavailable

_LOG = logging.getLogger("menjin.sql")


@dataclass(frozen=True, slots=True)
class Step:
    """One revision that is about to be run, up or down."""

    revision: str
    title: str
    is_upgrade: bool


Tell = Callable[[Step], None]


def upgrade(url: str | sa.URL, to: str = "head", tell: Tell | None = None, versions: Path = VERSIONS) -> Standing:
    """Bring the tables to a revision, up or down; return how they stand then.

    Args:
        url: As for `open_engine`.
        to: A revision, `head` for the newest, `base` for none (every table and what is in it goes).
        tell: Called before each step.
        versions: Where the revisions are.

    Raises:
        ConfigurationError: There is no such revision, the tables are not menjin's, or a step failed.
        StoreUnavailable: The database cannot be used, or another process is at it.
    """
    runner = _Runner(tell or _log_step, versions)
    with _explained(runner), _opened(url) as engine, _open_alone(engine) as connection:
        runner.run(connection, _stand(connection, versions).revision, to)
        _check_references(connection)
        return read_standing(connection, versions)


def plan(url: str | sa.URL, to: str = "head", versions: Path = VERSIONS) -> list[Step]:
    """Return the steps `upgrade` would run, and change nothing.

    Raises:
        ConfigurationError: There is no such revision, or the tables are not menjin's.
        StoreUnavailable: The database cannot be asked where it stands.
    """
    runner = _Runner(lambda _: None, versions)
    with _explained(runner), _opened(url) as engine, engine.connect() as connection:
        return [_to_step(step) for step in runner.find_steps(_stand(connection, versions).revision, to)]


def write_sql(url: str | sa.URL, to: str = "head", versions: Path = VERSIONS) -> str:
    """Return the SQL that `upgrade` would run, for who lets nobody but themselves change tables.

    Raises:
        ConfigurationError: There is no such revision, or one cannot be written down (on SQLite).
        StoreUnavailable: The database cannot be asked where it stands.
    """
    runner = _Runner(lambda _: None, versions)
    with _explained(runner), _opened(url) as engine, engine.connect() as connection:
        return runner.write(engine.dialect.name, _stand(connection, versions).revision, to)


class _Runner:
    """Runs Alembic without an `env.py` and without an `alembic.ini`."""

    def __init__(self, tell: Tell, versions: Path) -> None:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", str(versions))
        self._config = config
        self._script = ScriptDirectory.from_config(config)
        self._tell = tell
        self.at: str | None = None

    def run(self, connection: sa.Connection, revision: str | None, to: str) -> None:
        """Run the steps from one revision to another."""
        mysql = connection.dialect.name == "mysql"
        with self._context(revision, to) as context:
            context.configure(connection=connection, transactional_ddl=not mysql, **_OPTIONS)
            with context.begin_transaction():
                context.run_migrations()

    def write(self, backend: str, revision: str | None, to: str) -> str:
        """Return the steps as SQL."""
        out = io.StringIO()
        with self._context(revision, to, as_sql=True, starting_rev=revision) as context:
            options: dict[str, Any] = {
                "dialect_opts": {"paramstyle": "named"},
                "literal_binds": True,
                "output_buffer": out,
            }
            context.configure(dialect_name=backend, transactional_ddl=backend != "mysql", **options, **_OPTIONS)
            with context.begin_transaction():
                context.run_migrations()
        return out.getvalue()

    def find_steps(self, revision: str | None, to: str) -> list[Any]:
        """Return Alembic's own steps from one revision to another."""
        here, target = revision or "base", self._find(to)
        order = ["base", *(one.revision for one in reversed(list(self._script.walk_revisions())))]
        if order.index(target) >= order.index(here):
            return list(self._script._upgrade_revs(target, here))  # noqa: SLF001 - what alembic.command itself calls
        return list(self._script._downgrade_revs(target, here))  # noqa: SLF001 - the same

    def _context(self, revision: str | None, to: str, **more: Any) -> EnvironmentContext:  # noqa: ANN401 - Alembic's
        steps = self.find_steps(revision, to)
        return EnvironmentContext(self._config, self._script, fn=lambda *_: self._told(steps), **more)

    def _find(self, to: str) -> str:
        """Return a revision's whole name; a unique beginning will do."""
        if to in {"head", "base"}:
            return (self._script.get_current_head() or "base") if to == "head" else to
        try:
            found = self._script.get_revision(to)
        except CommandError:
            found = None
        if found is None:
            raise ConfigurationError([Fault("--to", "there is no such revision; 没有这个版本")])
        return str(found.revision)

    def _told(self, steps: list[Any]) -> Iterator[Any]:
        for step in steps:
            told = _to_step(step)
            self.at = told.revision
            self._tell(told)
            yield step


_OPTIONS: dict[str, Any] = {
    "target_metadata": METADATA,
    "version_table": SCHEMA_REVISION.name,
    "render_as_batch": True,
}


def _to_step(step: Any) -> Step:  # noqa: ANN401 - Alembic's
    return Step(str(step.revision.revision), str(step.revision.doc).rstrip("."), bool(step.is_upgrade))


@contextmanager
def _opened(url: str | sa.URL) -> Iterator[sa.Engine]:
    try:
        engine = open_patient_engine(url)
    except ValueError as error:
        raise ConfigurationError([Fault("database.url", f"{error} 不可用")]) from None
    try:
        yield engine
    finally:
        engine.dispose()


def _stand(connection: sa.Connection, versions: Path) -> Standing:
    """Return how the tables stand.

    Raises:
        ConfigurationError: They are not ours, or not this menjin's, to change.
    """
    standing = read_standing(connection, versions)
    if standing.stage in {"unmarked", "newer"}:
        raise refuse(standing, versions)
    return standing


@contextmanager
def _open_alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that no other process starting or migrating shares the database with."""
    if engine.dialect.name == "mysql":
        with engine.connect() as connection:
            lock_on_mysql(connection)
            try:
                yield connection
            finally:
                unlock_on_mysql(connection)
        return
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            wait_on_postgres(connection)
        yield connection


def _check_references(connection: sa.Connection) -> None:
    """See that no row refers to one that is gone: SQLite looks at nothing while it migrates."""
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise ConfigurationError(
            [Fault("database", "rows refer to rows that are gone; nothing was changed 有指向已删除行的数据，未作改动")]
        )


@contextmanager
def _explained(runner: _Runner) -> Iterator[None]:
    """Turn what Alembic and the drivers raise into errors of ours, which quote no statement and no value."""
    failure: Exception
    try:
        yield
    except CommandError as error:
        failure = ConfigurationError([Fault("migrate", f"{error} 无法迁移")])
    except (exc.DBAPIError, OSError) as error:
        if runner.at is None:
            failure = StoreUnavailable(store="database")
        else:
            kind = type(getattr(error, "orig", None) or error).__name__
            failure = ConfigurationError([Fault("migrate", f"revision {runner.at} failed: {kind}; {_STOPPED}")])
    else:
        return
    raise failure


_STOPPED = (
    "PostgreSQL and SQLite are as before; MySQL and MariaDB may have stopped inside it: restore the backup, or undo by "
    "hand what of it was done. 迁移失败"
)


def _log_step(step: Step) -> None:
    _LOG.warning("the tables: %s revision %s: %s", "to" if step.is_upgrade else "back over", step.revision, step.title)
