"""Opening a database by its URL: which driver, how many connections, how long to wait.

A dead database is to be known as dead within three seconds, whatever is dead about it: refused connections (at
once), no answer to a connection (2 s), no answer to a statement (2.75 s, the database's own limits come before).
A connection that the database closed while it lay in the pool is noticed before it is used.
"""

from __future__ import annotations

import importlib.util
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from menjin.adapters.sqlalchemy.idle import watch_idle_connections
from menjin.adapters.sqlalchemy.sqlite_locks import SQLITE_BUSY_SECONDS, SYNC_EACH, begin
from menjin.adapters.sqlalchemy.turns import Turns
from menjin.adapters.sqlalchemy.under_loop import SqliteUnderLoop

_SQLITE_CONNECTIONS = 4
_WAL_TRIES = 40
_WAL_PAUSE_SECONDS = 0.05
_CONNECT_SECONDS = 2
_ANSWER_SECONDS = 2.75
_STATEMENT_MILLISECONDS = 2500
_POOL_SECONDS = 3
_RECYCLE_SECONDS = 1800  # younger than what proxies and NAT gateways forget
_SQLITE_HEAD = b"SQLite format 3\x00"
_FORMS = "sqlite:///path/to/menjin.db, postgresql://user@host/name or mysql://user@host/name"
_DRIVERS = {  # by backend: for sync callers, for async ones, the extra that brings them
    "postgresql": ("psycopg", "psycopg", "postgres"),
    "mysql": ("pymysql", "asyncmy", "mysql"),
}
_PATIENT_SECONDS = 20
_MYSQL_PATIENT_START = (
    f"SET SESSION sql_mode='TRADITIONAL', lock_wait_timeout={_PATIENT_SECONDS},"
    f" innodb_lock_wait_timeout={_PATIENT_SECONDS}, time_zone='+00:00'"
)
_MYSQL_START = (
    # Strict: a text too long is refused, never cut. The comment is for MariaDB only; MySQL has no such limit.
    "SET SESSION sql_mode='TRADITIONAL', innodb_lock_wait_timeout=2, time_zone='+00:00'"
    f" /*M!100100 , max_statement_time={_STATEMENT_MILLISECONDS / 1000} */"
)


def open_engine(url: str, *, pool_size: int | None = None) -> sa.Engine:
    """Open a database for callers without an event loop.

    Args:
        url: `sqlite:///menjin.db`, `postgresql://…`, `mysql://…` or `mariadb://…`; the driver is chosen here.
        pool_size: Connections at most; by default 4 for SQLite, which has one writer, and 10 elsewhere.

    Raises:
        ValueError: The URL is none of these, or its driver is not installed; its text is not in the message.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        engine = sa.create_engine(parsed.set(drivername="sqlite+pysqlite"), **_sqlite_options(pool_size))
        _make_sqlite_safe(engine)
        return engine
    driver, _, extra = _DRIVERS[parsed.get_backend_name()]
    _need(driver, extra)
    engine = sa.create_engine(_with(parsed, driver), **_options(parsed, pool_size, is_async=False))
    _watch(engine)
    return engine


def open_async_engine(url: str, *, pool_size: int | None = None) -> AsyncEngine | SqliteUnderLoop:
    """Open a database for callers with an event loop; arguments and errors are those of `open_engine`."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        size = pool_size or _SQLITE_CONNECTIONS
        return SqliteUnderLoop(open_engine(url, pool_size=size), size, SQLITE_BUSY_SECONDS)
    _, driver, extra = _DRIVERS[parsed.get_backend_name()]
    _need(driver, extra)
    engine = create_async_engine(_with(parsed, driver), **_options(parsed, pool_size, is_async=True))
    _watch(engine.sync_engine)
    return engine


def open_patient_engine(url: str | sa.URL) -> sa.Engine:
    """Open a database to change its tables: one connection, statements as long as they take, short waits for locks.

    Raises:
        ValueError: The URL is none of those `open_engine` takes, or its driver is not installed.
    """
    parsed = _parse(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        engine = sa.create_engine(parsed.set(drivername="sqlite+pysqlite"), hide_parameters=True)
        # Without foreign keys: SQLite changes a table by making another, and dropping the first would take rows along.
        _make_sqlite_safe(engine, foreign_keys=False, busy_seconds=_PATIENT_SECONDS)
        return engine
    driver, _, extra = _DRIVERS[backend]
    _need(driver, extra)
    arguments: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS}
    if backend == "postgresql":
        arguments |= {"application_name": "menjin", "options": f"-c lock_timeout={_PATIENT_SECONDS}s"}
    else:
        arguments |= {"charset": "utf8mb4", "init_command": _MYSQL_PATIENT_START}
    isolation = "READ COMMITTED" if backend == "postgresql" else "AUTOCOMMIT"  # MySQL's ALTER commits anyway
    options = {"hide_parameters": True, "poolclass": sa.pool.NullPool, "isolation_level": isolation}
    return sa.create_engine(_with(parsed, driver), connect_args=arguments, **options)


def find_sqlite_file(url: str) -> Path | None:
    """Return the file a SQLite URL names; None for another's, or none at all."""
    try:
        parsed = sa.make_url(url)
        is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in {None, "", ":memory:"}
    except (exc.ArgumentError, ValueError):
        return None  # opening it says what is wrong
    return Path(parsed.database or "") if is_file else None


def find_fault_of_file(url: str) -> str | None:
    """Return what keeps a SQLite file from being used, with its path; None if nothing does, or it is no file's URL."""
    path = find_sqlite_file(url)
    if path is None:
        return None
    folder = next(one for one in path.absolute().parents if one.exists())  # those below it will be made
    if path.is_dir():
        return f"{path}: is a folder 是目录，不是文件"
    if not os.access(folder, os.W_OK | os.X_OK):  # the write-ahead log lies beside the file
        return f"{path}: its folder is not writable 所在目录不可写"
    if not path.exists():
        return None
    if not os.access(path, os.R_OK | os.W_OK):
        return f"{path}: not writable 文件不可读写"
    with path.open("rb") as file:
        head = file.read(len(_SQLITE_HEAD))
    return None if head in {b"", _SQLITE_HEAD} else f"{path}: no SQLite file 不是 SQLite 数据库文件"


def read_backend(url: str) -> str:
    """Return the database a URL is of: sqlite, postgresql or mysql.

    Raises:
        ValueError: The URL is none of these.
    """
    return _parse(url).get_backend_name()


def _parse(url: str | sa.URL) -> sa.URL:
    parsed = None
    try:
        parsed = sa.make_url(url)  # one that is a URL already stays as it is
        backend = parsed.get_backend_name()
    except (exc.ArgumentError, ValueError):
        backend = ""  # raised below, without the error that knows the URL
    if parsed is None or not parsed.database or backend not in {"sqlite", "postgresql", "mysql", "mariadb"}:
        raise ValueError(f"not a database's URL; it reads {_FORMS}")
    if backend == "sqlite":
        if parsed.database == ":memory:":
            raise ValueError(f"a SQLite database is a file; the URL reads {_FORMS}")
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return parsed.set(drivername="mysql") if backend == "mariadb" else parsed


def _need(driver: str, extra: str) -> None:
    if importlib.util.find_spec(driver) is None:
        raise ValueError(f"the driver {driver} is not installed: pip install 'menjin[{extra}]'")


def _with(url: sa.URL, driver: str) -> sa.URL:
    return url.set(drivername=f"{url.get_backend_name()}+{driver}")


def _watch(engine: sa.Engine) -> None:
    Turns().watch(engine)
    watch_idle_connections(engine)
    if engine.dialect.name == "postgresql":
        from menjin.adapters.sqlalchemy.patience import limit_patience  # noqa: PLC0415 - only where psycopg is

        limit_patience(engine, _ANSWER_SECONDS)


def _options(url: sa.URL, pool_size: int | None, *, is_async: bool) -> dict[str, Any]:
    is_postgres = url.get_backend_name() == "postgresql"
    return {
        "hide_parameters": True,
        "isolation_level": "READ COMMITTED",
        "pool_size": pool_size or 10,
        "max_overflow": 0,
        "pool_timeout": _POOL_SECONDS,
        "pool_recycle": _RECYCLE_SECONDS,
        "connect_args": _postgres_arguments() if is_postgres else _mysql_arguments(is_async=is_async),
    }


def _postgres_arguments() -> dict[str, Any]:
    limits = {
        "statement_timeout": _STATEMENT_MILLISECONDS,
        "lock_timeout": _STATEMENT_MILLISECONDS,
        "idle_in_transaction_session_timeout": 30_000,
    }
    return {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "menjin",
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
    }


def _mysql_arguments(*, is_async: bool) -> dict[str, Any]:
    write = {} if is_async else {"write_timeout": _ANSWER_SECONDS}
    return {
        "connect_timeout": _CONNECT_SECONDS,
        "read_timeout": _ANSWER_SECONDS,
        "charset": "utf8mb4",
        "init_command": _MYSQL_START,
        **write,
    }


def _sqlite_options(pool_size: int | None) -> dict[str, Any]:
    return {
        "hide_parameters": True,
        "pool_size": pool_size or _SQLITE_CONNECTIONS,
        "max_overflow": 0,
        "pool_timeout": SQLITE_BUSY_SECONDS,
        "connect_args": {"timeout": SQLITE_BUSY_SECONDS, "check_same_thread": False},
    }


def _make_sqlite_safe(engine: sa.Engine, *, foreign_keys: bool = True, busy_seconds: int = SQLITE_BUSY_SECONDS) -> None:
    """Take the write lock when a transaction begins: two readers that both want to write would fail later."""

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection has no type
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={busy_seconds}000")
        _use_write_ahead_log(cursor)
        for pragma in (SYNC_EACH, f"foreign_keys={'ON' if foreign_keys else 'OFF'}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    sa.event.listen(engine, "begin", begin)


def _use_write_ahead_log(cursor: Any) -> None:  # noqa: ANN401 - a DB-API cursor has no type
    """Switch to WAL; SQLite does not wait by itself when several processes switch a new database at once."""
    for left in reversed(range(_WAL_TRIES)):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if not left:
                raise
            time.sleep(_WAL_PAUSE_SECONDS)
        else:
            return
