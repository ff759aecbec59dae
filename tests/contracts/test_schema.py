"""Processes that start at once on an empty database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.servers import MariaDbServer, PostgresServer

_START = """
import sys
from menjin import Database, open_engine
from menjin.bridge import drive
sys.stdin.read(1)
database = Database(open_engine(sys.argv[1]))
drive(database.create_schema())
drive(database.ping())
drive(database.close())
"""


def start_at_once(url: str) -> list[str]:
    """Let four processes prepare one database at the same moment; return what each complained of."""
    command = [sys.executable, "-W", "error", "-c", _START, url]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(4)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    return [process.communicate(timeout=60)[0] for process in started]


def test_sqlite(tmp_path: Path) -> None:
    """Each process finds the tables or makes them; none fails."""
    assert start_at_once(f"sqlite:///{tmp_path}/menjin.db") == [""] * 4


@pytest.mark.servers
def test_postgres(postgres_server: PostgresServer) -> None:
    """The same on PostgreSQL."""
    url = postgres_server.fresh_database()
    assert start_at_once(url) == [""] * 4
    postgres_server.drop_database(url)


@pytest.mark.servers
def test_mariadb(mariadb_server: MariaDbServer) -> None:
    """The same on MariaDB, by the URL it calls its own."""
    url = mariadb_server.fresh_database()
    assert start_at_once(url.replace("mysql://", "mariadb://")) == [""] * 4
    mariadb_server.drop_database(url)
