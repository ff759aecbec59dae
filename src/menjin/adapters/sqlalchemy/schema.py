"""Creating the tables, also when several processes start at once."""

from __future__ import annotations

import sqlalchemy as sa

from menjin.errors import StoreUnavailable

_LOCK_NUMBER = 0x6D656E6A696E  # "menjin"
_LOCK_NAME = sa.func.concat("menjin.", sa.func.left(sa.func.database(), 50))
_TURNS = 10
_TURN_SECONDS = 2  # below the limit of a statement


def create_tables(connection: sa.Connection, metadata: sa.MetaData) -> None:
    """Create the tables that are missing, one process after another.

    Raises:
        StoreUnavailable: Another process holds the lock for more than 20 s.
    """
    if _has_all(connection, metadata):
        return
    if connection.dialect.name == "mysql":
        _create_on_mysql(connection, metadata)
        return
    if connection.dialect.name == "postgresql":
        _wait_on_postgres(connection)
    _create(connection, metadata)


def _has_all(connection: sa.Connection, metadata: sa.MetaData) -> bool:
    return set(sa.inspect(connection).get_table_names()).issuperset(metadata.tables)


def _create(connection: sa.Connection, metadata: sa.MetaData) -> None:
    if not _has_all(connection, metadata):  # else another process was faster
        metadata.create_all(connection)


def _wait_on_postgres(connection: sa.Connection) -> None:
    """Take a lock that ends with the transaction; the waiting is the server's."""
    naps = 5
    for _ in range(_TURNS * _TURN_SECONDS * naps):
        if connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK_NUMBER))):
            return
        connection.execute(sa.select(sa.func.pg_sleep(1 / naps)))
    raise StoreUnavailable


def _create_on_mysql(connection: sa.Connection, metadata: sa.MetaData) -> None:
    """Hold a named lock meanwhile: every CREATE commits by itself."""
    take = sa.select(sa.func.get_lock(_LOCK_NAME, _TURN_SECONDS))
    if not any(connection.scalar(take) == 1 for _ in range(_TURNS)):
        raise StoreUnavailable
    try:
        _create(connection, metadata)
    finally:
        connection.execute(sa.select(sa.func.release_lock(_LOCK_NAME)))
