"""Opens Redis from a URL: one server, Sentinel or Cluster, for either colour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import SentinelConnectionPool as AsyncSentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry
from redis.sentinel import SentinelConnectionPool

from menjin.adapters.redis.cluster import AsyncCluster, BlockingCluster
from menjin.errors import StoreUnavailable

AnyRedis = redis.Redis | redis.RedisCluster | redis.asyncio.Redis | redis.asyncio.RedisCluster

# Connections to a server; who finds them all in use waits so many seconds for one.
_POOL: dict[str, Any] = {"max_connections": 50, "timeout": 1}
_BLOCKING: Any = redis  # redis-py leaves Sentinel and ClusterNode untyped
_ASYNC: Any = redis.asyncio
_OPTIONS: dict[str, Any] = {
    "socket_timeout": 1.0,
    "socket_connect_timeout": 1.0,
    "socket_keepalive": True,
    # Under RESP3 redis-py listens for notices of maintenance, and hands out pooled connections that the server closed.
    "protocol": 2,
}
_FORMS = (
    "not a usable redis://host:port/0, rediss://, unix:///path, redis+sentinel://host:port,host:port/master/0 "
    "or redis+cluster://host:port,host:port"
)
_SENTINEL_PORT, _REDIS_PORT = 26379, 6379


@dataclass(frozen=True, slots=True)
class _Place:
    kind: str
    hosts: tuple[tuple[str, int], ...]
    path: tuple[str, ...]
    login: dict[str, str] = field(repr=False)
    sentinel_login: dict[str, str] = field(repr=False)
    tls: dict[str, bool]

    def url_of(self, host: str, port: int) -> str:
        """Return the URL of a cluster's node, without the login."""
        return f"{'rediss' if self.tls else 'redis'}://{f'[{host}]' if ':' in host else host}:{port}/0"


class _SentinelPool(SentinelConnectionPool, redis.BlockingConnectionPool):
    """Waits for a connection to the master, where redis-py's own refuses."""

    def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's
        """Close the connections, or with `inuse_connections` false those that nobody uses (redis-py 7.1 has that)."""
        if inuse_connections:
            super().disconnect()
        else:
            for connection in [one for one in self.pool.queue if one is not None]:
                connection.disconnect()


class _AsyncSentinelPool(AsyncSentinelConnectionPool, redis.asyncio.BlockingConnectionPool):
    """Waits for a connection to the master, where redis-py's own refuses."""


def open_redis(url: str) -> redis.Redis | redis.RedisCluster:
    """Open Redis for callers without an event loop; one second for a connection and for an answer, no retries.

    Args:
        url: `redis://`, `rediss://`, `unix://`; `redis+sentinel://host:port,host:port/master/0`;
            `redis+cluster://host:port,host:port` (`rediss+…` for TLS; `?sentinel_password=` for the sentinels' own).

    Raises:
        ValueError: The URL has none of these forms.
        StoreUnavailable: A cluster cannot be asked for its nodes.
    """
    place = _read(url)
    options = {**_OPTIONS, "retry": Retry(NoBackoff(), 0)}

    def open_server(url: str, login: dict[str, str]) -> redis.Redis:
        return redis.Redis.from_pool(redis.BlockingConnectionPool.from_url(url, **_POOL, **options, **login))

    if place is None:
        return open_server(url, {})
    if place.kind == "sentinel":
        sentinel_options = {**options, **place.tls, **place.sentinel_login}
        sentinel = _BLOCKING.Sentinel(
            place.hosts, sentinel_kwargs=sentinel_options, **options, **place.tls, **place.login
        )
        pool = {"connection_pool_class": _SentinelPool, **_POOL}
        master: redis.Redis = sentinel.master_for(place.path[0], db=_read_db(place), **pool)
        return master
    nodes = [_BLOCKING.cluster.ClusterNode(host, port) for host, port in place.hosts]
    try:
        return BlockingCluster(
            lambda host, port: open_server(place.url_of(host, port), place.login),
            startup_nodes=nodes,
            require_full_coverage=False,
            **options,
            **place.tls,
            **place.login,
        )
    except (RedisError, RedisClusterException, OSError):
        pass
    raise StoreUnavailable


def open_async_redis(url: str) -> redis.asyncio.Redis | redis.asyncio.RedisCluster:
    """Open Redis for callers with an event loop; otherwise as `open_redis`.

    Raises:
        ValueError: The URL has none of the known forms.
    """
    place = _read(url)
    options = {**_OPTIONS, "retry": AsyncRetry(NoBackoff(), 0)}

    def open_server(url: str, login: dict[str, str]) -> redis.asyncio.Redis:
        pool = redis.asyncio.BlockingConnectionPool.from_url(url, **_POOL, **options, **login)
        return redis.asyncio.Redis.from_pool(pool)

    if place is None:
        return open_server(url, {})
    if place.kind == "sentinel":
        sentinel_options = {**options, **place.tls, **place.sentinel_login}
        sentinel = _ASYNC.Sentinel(place.hosts, sentinel_kwargs=sentinel_options, **options, **place.tls, **place.login)
        pool = {"connection_pool_class": _AsyncSentinelPool, **_POOL}
        master: redis.asyncio.Redis = sentinel.master_for(place.path[0], db=_read_db(place), **pool)
        return master
    return AsyncCluster(
        lambda host, port: open_server(place.url_of(host, port), place.login),
        startup_nodes=[_ASYNC.cluster.ClusterNode(host, port) for host, port in place.hosts],
        require_full_coverage=False,
        **options,
        **place.tls,
        **place.login,
    )


def check_redis_url(url: str) -> None:
    """Do nothing; nobody is asked.

    Raises:
        ValueError: The URL cannot be used. Its text holds nothing of the URL, where a password may be.
    """
    try:
        open_async_redis(url)
    except (ValueError, TypeError):
        pass
    else:
        return
    raise ValueError(_FORMS)


def _read(url: str) -> _Place | None:
    """Return where Sentinel or Cluster is, or None for a plain URL."""
    scheme, _, rest = url.partition("://")
    base, _, kind = scheme.partition("+")
    if not kind:
        return None
    if base not in {"redis", "rediss"} or kind not in {"sentinel", "cluster"}:
        raise ValueError(_FORMS)
    place, _, query = rest.partition("?")
    where, *path = place.split("/")
    credentials, _, hosts = where.rpartition("@")
    path = [unquote(part) for part in path if part]
    if kind == "sentinel" and not path:
        raise ValueError("redis+sentinel:// lacks the master's name: redis+sentinel://host:port/name/0")
    port = _SENTINEL_PORT if kind == "sentinel" else _REDIS_PORT
    tls = {"ssl": True} if base == "rediss" else {}
    own = dict(parse_qsl(query)).get("sentinel_password")
    sentinel_login = {"password": own} if own else {}
    found = tuple(_read_host(host, port) for host in hosts.split(","))
    return _Place(kind, found, tuple(path), _read_login(credentials), sentinel_login, tls)


def _read_host(text: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError("a host of the Redis URL has no name")
    return parts.hostname, parts.port or port


def _read_login(credentials: str) -> dict[str, str]:
    name, _, password = (unquote(part) for part in credentials.partition(":"))
    return ({"username": name} if name else {}) | ({"password": password} if password else {})


def _read_db(place: _Place) -> int:
    return int(place.path[1]) if len(place.path) > 1 else 0
