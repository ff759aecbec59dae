"""Creating the tables, also when several processes start at once."""

from __future__ import annotations

import sqlalchemy as sa

from menjin.errors import StoreUnavailable

_LOCK_NUMBER = 0x6D656E6A696E  # "menjin"
_LOCK_SECONDS = 2
_LOCK_NAME = sa.func.concat("menjin.", sa.func.left(sa.func.database(), 50))


def create_tables(connection: sa.Connection, metadata: sa.MetaData) -> None:
    """Create the tables that are missing, one process after another.

    Raises:
        StoreUnavailable: Another process holds the lock for too long.
    """
    present = set(sa.inspect(connection).get_table_names())
    if present.issuperset(metadata.tables):
        return
    if connection.dialect.name == "mysql":
        _create_on_mysql(connection, metadata)
        return
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_NUMBER)))
    metadata.create_all(connection)


def _create_on_mysql(connection: sa.Connection, metadata: sa.MetaData) -> None:
    """Hold a named lock meanwhile: every CREATE commits by itself."""
    if connection.scalar(sa.select(sa.func.get_lock(_LOCK_NAME, _LOCK_SECONDS))) != 1:
        raise StoreUnavailable
    try:
        metadata.create_all(connection)
    finally:
        connection.execute(sa.select(sa.func.release_lock(_LOCK_NAME)))
