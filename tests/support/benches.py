"""Every store on every database, in the colours its drivers have, behind one blocking face."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import redis as redis_py
import sqlalchemy as sa

from menjin import AesGcmVault, Database, Secret, Stores, memory_stores, open_async_engine, open_engine, sql_stores
from menjin.adapters.redis.access_tokens import RedisTokens
from menjin.adapters.redis.clients import open_async_redis, open_redis
from menjin.adapters.redis.sessions import RedisSessions
from menjin.adapters.sqlalchemy.tables import METADATA
from menjin.bridge import drive
from support.servers import MariaDbServer, PostgresServer, RedisServer

T = TypeVar("T")
Kind = Literal[
    "memory",
    "sqlite-sync",
    "sqlite-async",
    "postgres-sync",
    "postgres-async",
    "mariadb-sync",
    "mariadb-async",
    "redis-sync",
    "redis-async",
    "valkey-sync",
    "valkey-async",
]
KINDS: tuple[Kind, ...] = (
    "memory",
    "sqlite-sync",
    "sqlite-async",
    "postgres-sync",
    "postgres-async",
    "mariadb-sync",
    "mariadb-async",
    "redis-sync",
    "redis-async",
    *(("valkey-sync", "valkey-async") if shutil.which("valkey-server") else ()),
)
_KEYS = {"k1": Secret("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")}
_WIDTH = 16


class Bench:
    """Stores of one kind, and a way to run flows on them.

    Args:
        kind: Which.
        url: Of the database; none for memory and Redis.
        server: What it lives in, if it is a server.
        redis: Where sessions and access_tokens live, and nothing else.
    """

    def __init__(
        self,
        kind: Kind,
        url: str | None = None,
        server: PostgresServer | MariaDbServer | None = None,
        redis: RedisServer | None = None,
    ) -> None:
        self.kind = kind
        self.url = url
        self._server = server
        self._redis = redis
        self._runner = asyncio.Runner() if kind.endswith("-async") else None
        self.database = self._open(url) if url is not None else None
        self.stores: Stores = self._make()
        self.run(self.stores.prepare())

    @property
    def server(self) -> PostgresServer | MariaDbServer:
        """The server; only where there is one."""
        assert self._server is not None
        return self._server

    def run(self, flow: Coroutine[Any, Any, T]) -> T:
        """Run one flow to its end."""
        return self._runner.run(flow) if self._runner is not None else drive(flow)

    def at_once(
        self, makers: Sequence[Callable[[], Coroutine[Any, Any, T]]], width: int = _WIDTH
    ) -> list[T | BaseException]:
        """Run flows, so many at the same time, in tasks or in threads; return what each gave or raised.

        More at a time would find the wait for a connection too long on a busy machine, as it is meant to be.
        """
        if self._runner is not None:

            async def gather() -> list[T | BaseException]:
                room = asyncio.Semaphore(width)

                async def attempt(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
                    async with room:
                        return await make()

                return await asyncio.gather(*map(attempt, makers), return_exceptions=True)

            return self._runner.run(gather())

        def attempt(make: Callable[[], Coroutine[Any, Any, T]]) -> T | BaseException:
            try:
                return drive(make())
            except Exception as error:  # noqa: BLE001 - the test judges it
                return error

        with ThreadPoolExecutor(width) as pool:
            return list(pool.map(attempt, makers))

    def wipe(self) -> None:
        """Empty the stores."""
        if self._redis is not None:
            self._redis.flush()
        if self.url is None:
            self.run(self.stores.close())
            self.stores = self._make()
            return
        engine = open_engine(self.url, pool_size=1)
        with engine.begin() as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(sa.delete(table))
        engine.dispose()

    def dump(self) -> str:
        """Return all that is kept of access_tokens, as whoever steals it reads it."""
        if self._redis is not None:
            with redis_py.Redis.from_url(self._redis.url, decode_responses=True) as client:
                return "\n".join(f"{key} {client.hgetall(key)}" for key in client.scan_iter("mj:at:*"))
        return "\n".join(map(str, self.query("SELECT * FROM access_tokens")))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement beside the stores, in a transaction of its own; return its rows, if it has any."""
        assert self.url is not None
        engine = open_engine(self.url, pool_size=1)
        try:
            with engine.begin() as connection:
                result = connection.execute(sa.text(statement))
                return [tuple(row) for row in result] if result.returns_rows else []
        finally:
            engine.dispose()

    def close(self) -> None:
        """Give everything back."""
        self.run(self.stores.close())
        if self._runner is not None:
            self._runner.close()
        if self._server is not None and self.url is not None:
            self._server.drop_database(self.url)

    def _open(self, url: str) -> Database:
        return Database(open_async_engine(url) if self._runner is not None else open_engine(url))

    def _make(self) -> Stores:
        if self._redis is not None:
            client = open_redis(self._redis.url) if self._runner is None else open_async_redis(self._redis.url)
            sessions = RedisSessions(client)
            tokens = RedisTokens(client, AesGcmVault("k1", _KEYS))
            return replace(memory_stores(), sessions=sessions, tokens=tokens, close=sessions.close)
        if self.database is None:
            return memory_stores()
        return sql_stores(self.database, AesGcmVault("k1", _KEYS))


def open_bench(kind: Kind, folder: Path, get_server: Callable[[str], Any]) -> Bench:
    """Return a bench on a fresh database.

    Args:
        kind: Which.
        folder: For SQLite.
        get_server: Returns the fixture of a name.
    """
    name = kind.partition("-")[0]
    if name == "memory":
        return Bench(kind)
    if name in {"redis", "valkey"}:
        return Bench(kind, redis=get_server(f"{name}_server"))
    if name == "sqlite":
        return Bench(kind, f"sqlite:///{folder / f'{kind}.db'}")
    server = get_server(f"{name}_server")
    return Bench(kind, server.fresh_database(), server)
