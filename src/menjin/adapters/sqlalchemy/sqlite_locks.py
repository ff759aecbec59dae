"""How a transaction on SQLite begins: with the write lock, had fairly; and what its commit waits for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from menjin.clock import SystemStopwatch

SQLITE_BUSY_SECONDS = 3
# Both survive the death of every process; a machine that loses its power forgets the last fleeting commits.
SYNC_EACH, SYNC_LATER = "synchronous=FULL", "synchronous=NORMAL"
_ASK_MILLISECONDS = 8
_LOG_PAGES = 1000  # SQLite's own figure: so many in the log, and a commit tidies it up


def begin(connection: sa.Connection) -> None:
    """Begin a transaction as its options say; for the event of SQLAlchemy's that asks for it."""
    if connection.info.pop("menjin_begun", False):
        return
    if connection.get_execution_options().get("menjin_reads", False):
        connection.exec_driver_sql("BEGIN")
        return
    _set_sync(connection, connection.exec_driver_sql)
    _begin_writing(connection)


def begin_at_once(connection: sa.Connection) -> bool:
    """Begin a transaction that writes; False if somebody is writing, or anything else is in the way."""
    raw = _get_raw(connection)
    try:
        _set_sync(connection, raw.execute)
        with _asking(raw, 0):
            raw.execute("BEGIN IMMEDIATE")
    except sqlite3.Error:
        return False
    connection.info["menjin_begun"] = True
    connection.begin()
    return True


def commit_at_once(connection: sa.Connection) -> bool:
    """Commit a fleeting transaction, which waits for no disk; return False if it is none, and nothing was done."""
    if not _is_fleeting(connection):
        return False
    raw = _get_raw(connection)
    raw.execute("PRAGMA wal_autocheckpoint=0").close()
    try:
        connection.commit()
    finally:
        raw.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}").close()
    return True


def _is_fleeting(connection: sa.Connection) -> bool:
    return bool(connection.get_execution_options().get("menjin_fleeting", False))


def _set_sync(connection: sa.Connection, execute: Callable[[str], object]) -> None:
    sync = SYNC_LATER if _is_fleeting(connection) else SYNC_EACH
    if connection.info.get("menjin_sync", SYNC_EACH) != sync:
        execute(f"PRAGMA {sync}")
        connection.info["menjin_sync"] = sync


def _begin_writing(connection: sa.Connection) -> None:
    """Take the write lock.

    SQLite's own waiting asks ever more rarely, up to every 100 ms: a process that waits so gets no turn while another
    writes without a pause. Asking anew each time, it asks every few milliseconds.
    """
    watch = SystemStopwatch()
    until = watch.seconds() + SQLITE_BUSY_SECONDS
    raw = _get_raw(connection)
    with _asking(raw, _ASK_MILLISECONDS):
        while watch.seconds() < until:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # its error is SQLAlchemy's, and known as such


@contextmanager
def _asking(raw: sqlite3.Connection, milliseconds: int) -> Iterator[None]:
    """Let SQLite wait so long each time it is asked."""
    raw.execute(f"PRAGMA busy_timeout={milliseconds}").close()
    try:
        yield
    finally:
        raw.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_SECONDS}000").close()


def _get_raw(connection: sa.Connection) -> sqlite3.Connection:
    raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment] # any driver's
    return raw
