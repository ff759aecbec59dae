"""Noticing, without asking, that the database closed a connection while it lay in the pool.

An idle connection has nothing to say: if its socket is readable, that is the end of the stream or a last word.
Only then it is asked; so a restarted database is used again at once, at no cost to every other transaction.
"""

from __future__ import annotations

import select
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection


def watch_idle_connections(engine: sa.Engine) -> None:
    """Look at each connection of `engine` before it is used; throw the pool away if it died."""
    dialect = engine.dialect

    @sa.event.listens_for(engine, "checkout")
    def look(connection: Any, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:  # noqa: ANN401 - a DB-API connection has no type
        if _is_quiet(record.driver_connection):
            return
        try:
            alive = dialect.do_ping(connection)
        except (dialect.loaded_dbapi.Error, OSError, EOFError):
            alive = False
        if not alive:
            raise exc.InvalidatePoolError


def _is_quiet(connection: Any) -> bool:  # noqa: ANN401 - one of three drivers'
    """Whether the socket is open and has nothing to read; False if that cannot be told."""
    try:
        descriptor = _find_socket(connection)
        if descriptor < 0:
            return False
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return not poll.poll(0)
    except (AttributeError, OSError, ValueError, RuntimeError):
        return False


def _find_socket(connection: Any) -> int:  # noqa: ANN401 - the same
    if hasattr(connection, "pgconn"):
        return int(connection.pgconn.socket)
    if hasattr(connection, "_transport"):  # asyncmy
        transport = connection._transport  # noqa: SLF001 - no public way; without it the connection is asked each time
        return -1 if transport.is_closing() else int(transport.get_extra_info("socket").fileno())
    return int(connection._sock.fileno())  # noqa: SLF001 - pymysql; the same
