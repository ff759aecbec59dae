"""Real servers for tests, as session-wide fixtures: Redis, PostgreSQL, MariaDB; nginx on request.

A test that hurts a server (kill, pause) asks for its own by the starter (`start_redis()` …) or leaves the shared
one running again. fsync is off: a killed process loses nothing that the system took over, only a power cut would.
"""

from __future__ import annotations

import itertools
import signal
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pymysql
import pytest

from support.processes import Server, ask, find_program, make_folder, run_once

_COUNT = itertools.count(1)
_PG_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin")


class RedisServer(Server):
    """redis-server, keeping nothing on disk unless `options` say so.

    Args:
        options: Further words of its command line, such as `--appendonly yes`.
        program: Or `valkey-server`.
        sentinel_config: Makes it a sentinel with these lines of configuration.
    """

    def __init__(self, *options: str, program: str = "redis-server", sentinel_config: str | None = None) -> None:
        path = find_program(program)

        def command(port: int, folder: Path) -> Sequence[str | Path]:
            quiet = ("--save", "", "--appendonly", "no", "--loglevel", "warning")
            return (path, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, *quiet, *options)

        def sentinel_command(port: int, folder: Path) -> Sequence[str | Path]:
            file = folder / "sentinel.conf"
            file.write_text(f"port {port}\nbind 127.0.0.1\n{sentinel_config}")
            file.chmod(0o666)  # the sentinel writes it, under whatever user it runs
            return (path, file, "--sentinel")

        chosen = command if sentinel_config is None else sentinel_command
        super().__init__("redis", chosen, lambda port: ask(port, b"PING\r\n", b"+PONG"))

    @property
    def url(self) -> str:
        """Of database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    def flush(self) -> None:
        """Empty every database."""
        assert ask(self.port, b"FLUSHALL\r\n", b"+OK")


class PostgresServer(Server):
    """PostgreSQL with a user `menjin`, whose password is `menjin`."""

    stop_signal = signal.SIGINT  # SIGTERM would wait for the clients to leave

    def __init__(self, *settings: str) -> None:
        program = find_program("postgres", *_PG_FOLDERS)
        folder = make_folder("postgres")
        initdb = find_program("initdb", *_PG_FOLDERS)
        run_once(folder, initdb, "-D", folder / "data", "-U", "menjin", "-A", "trust", "-E", "UTF8", "--no-sync")
        fixed = ("fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=32MB", *settings)
        options = [word for setting in fixed for word in ("-c", setting)]

        def command(port: int, folder: Path) -> Sequence[str | Path]:
            return (program, "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder, *options)

        super().__init__("postgres", command, _postgres_answers, folder=folder)

    def fresh_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test_{next(_COUNT)}"
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql://menjin:menjin@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is connected."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)".encode())

    def dsn(self, database: str) -> str:
        """Return what psycopg takes."""
        return f"host=127.0.0.1 port={self.port} user=menjin password=menjin dbname={database}"


class MariaDbServer(Server):
    """MariaDB with a user `menjin`, whose password is `menjin`.

    New databases are latin1 and fold case unless our tables say otherwise: what a careless server has.
    """

    def __init__(self, *settings: str) -> None:
        program = find_program("mariadbd")
        folder = make_folder("mariadb")
        make = ("--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
        own = f"--tmpdir={folder}"  # two in one folder of the machine take each other's temporary tables away
        small = ("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=32M", own)
        run_once(folder, find_program("mariadb-install-db"), *make, f"--datadir={folder / 'data'}", *small)

        def command(port: int, folder: Path) -> Sequence[str | Path]:
            place = (f"--datadir={folder / 'data'}", f"--socket={folder / 'socket'}", f"--port={port}")
            careless = ("--character-set-server=latin1", "--collation-server=latin1_swedish_ci")
            quick = ("--innodb-flush-log-at-trx-commit=2", "--max-connections=200", "--skip-name-resolve", *small)
            local = ("--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}")
            return (program, "--no-defaults", *place, *local, *careless, *quick, *settings)

        super().__init__("mariadb", command, _mariadb_answers, folder=folder)
        self._run("CREATE USER menjin@'127.0.0.1' IDENTIFIED BY 'menjin'")
        self._run("GRANT ALL ON *.* TO menjin@'127.0.0.1'")

    def fresh_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test_{next(_COUNT)}"
        self._run(f"CREATE DATABASE {name}")
        return f"mysql://menjin:menjin@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Remove a database."""
        self._run(f"DROP DATABASE {url.rpartition('/')[2]}")

    def _run(self, statement: str) -> None:
        with (
            pymysql.connect(unix_socket=str(self.folder / "socket"), user="root", autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


class NginxServer(Server):
    """nginx with one `server` on its port.

    Args:
        server: What stands inside `server { … }`, such as `location / { … }`; `listen` is there already.
        http: What stands beside it, such as an `upstream`.
    """

    def __init__(self, server: str, http: str = "") -> None:
        program = find_program("nginx")

        def command(port: int, folder: Path) -> Sequence[str | Path]:
            names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            kept = " ".join(f"{name}_temp_path {folder}/{name};" for name in names)
            (folder / "nginx.conf").write_text(
                f"daemon off; master_process off; pid {folder}/pid; error_log stderr warn; worker_processes 1;\n"
                "events { worker_connections 1024; }\n"
                f"http {{ access_log off; {kept}\n{http}\n"
                f"server {{ listen 127.0.0.1:{port};\n{server}\n}} }}\n"
            )
            return (program, "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr")

        super().__init__("nginx", command, lambda port: ask(port, b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1"))

    @property
    def url(self) -> str:
        """Of its root, without a slash."""
        return f"http://127.0.0.1:{self.port}"


def _postgres_answers(port: int) -> bool:
    try:
        psycopg.connect(f"host=127.0.0.1 port={port} user=menjin dbname=postgres connect_timeout=2").close()
    except psycopg.OperationalError:
        return False
    return True


def _mariadb_answers(port: int) -> bool:
    return ask(port, b"", struct.pack("B", 10))  # the greeting begins with protocol 10


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for all tests; each flushes it first."""
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[RedisServer]:
    """A Valkey for the whole run, where it is installed."""
    server = RedisServer(program="valkey-server")
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests; each takes a fresh database."""
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDbServer]:
    """One MariaDB for all tests; each takes a fresh database."""
    server = MariaDbServer()
    yield server
    server.remove()
