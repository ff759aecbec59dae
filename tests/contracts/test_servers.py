"""The servers that tests start: they answer, freeze, die and come back with their data."""

from __future__ import annotations

import psycopg
import pymysql
import pytest

from support.processes import ask
from support.servers import MariaDbServer, NginxServer, PostgresServer, RedisServer

pytestmark = pytest.mark.servers


def test_redis_freezes_dies_and_comes_back(redis_server: RedisServer) -> None:
    """A paused server says nothing, a killed one is gone, a restarted one answers on the same port."""
    redis_server.flush()
    redis_server.pause()
    with pytest.raises(TimeoutError):
        ask(redis_server.port, b"PING\r\n", b"+PONG")
    redis_server.resume()
    redis_server.kill()
    with pytest.raises(ConnectionRefusedError):
        ask(redis_server.port, b"PING\r\n", b"+PONG")
    redis_server.start()
    assert ask(redis_server.port, b"PING\r\n", b"+PONG")


def test_redis_with_an_append_only_file_keeps_its_data() -> None:
    """Options reach the server, and a kill keeps what was written to the file."""
    server = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    try:
        assert ask(server.port, b"SET a 1\r\n", b"+OK")
        server.restart()
        assert ask(server.port, b"GET a\r\n", b"$1\r\n1")
    finally:
        server.remove()


def test_postgres_keeps_what_was_committed_over_a_kill(postgres_server: PostgresServer) -> None:
    """A commit survives SIGKILL of every process of the server."""
    url = postgres_server.fresh_database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    postgres_server.restart()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT a FROM t").fetchone() == (1,)
    postgres_server.drop_database(url)


def test_mariadb_keeps_what_was_committed_over_a_kill(mariadb_server: MariaDbServer) -> None:
    """A commit survives SIGKILL."""
    url = mariadb_server.fresh_database()
    name = url.rpartition("/")[2]

    def connect() -> pymysql.Connection[pymysql.cursors.Cursor]:
        port = mariadb_server.port
        return pymysql.connect(host="127.0.0.1", port=port, user="menjin", password="menjin", database=name)

    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a INT) ENGINE=InnoDB")
        cursor.execute("INSERT INTO t VALUES (1)")
        connection.commit()
    mariadb_server.restart()
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT a FROM t")
        assert cursor.fetchone() == (1,)
    mariadb_server.drop_database(url)


def test_nginx_serves_what_it_is_told() -> None:
    """The server block reaches nginx."""
    server = NginxServer('location = /hello { return 200 "hello there"; }')
    try:
        assert ask(server.port, b"GET /hello HTTP/1.0\r\n\r\n", b"hello there")
    finally:
        server.remove()
