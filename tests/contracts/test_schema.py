"""Several that start at once on an empty database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from menjin import Database, open_engine
from menjin.bridge import drive
from support.servers import MariaDbServer, PostgresServer

_STARTERS = 6


def start_at_once(url: str) -> list[str]:
    """Prepare one database six times at the same moment, each over connections of its own; return the complaints."""
    together = threading.Barrier(_STARTERS)

    def start(_: int) -> str:
        database = Database(open_engine(url))
        together.wait()
        try:
            drive(database.create_schema())
            drive(database.ping())
        except Exception as error:  # noqa: BLE001 - the test judges it
            return repr(error)
        finally:
            drive(database.close())
        return ""

    with ThreadPoolExecutor(_STARTERS) as pool:
        return list(pool.map(start, range(_STARTERS)))


def test_sqlite(tmp_path: Path) -> None:
    """Each finds the tables or makes them; none fails."""
    for number in range(5):
        assert start_at_once(f"sqlite:///{tmp_path}/{number}.db") == [""] * _STARTERS


@pytest.mark.servers
def test_postgres(postgres_server: PostgresServer) -> None:
    """The same on PostgreSQL."""
    url = postgres_server.fresh_database()
    assert start_at_once(url) == [""] * _STARTERS
    postgres_server.drop_database(url)


@pytest.mark.servers
def test_mariadb(mariadb_server: MariaDbServer) -> None:
    """The same on MariaDB, by the URL it calls its own."""
    url = mariadb_server.fresh_database()
    assert start_at_once(url.replace("mysql://", "mariadb://")) == [""] * _STARTERS
    mariadb_server.drop_database(url)
