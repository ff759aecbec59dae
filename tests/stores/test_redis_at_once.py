"""More requests at once than connections: they wait for one, whichever form of Redis it is."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, Literal

import pytest
import redis as redis_py
import redis.asyncio as redis_py_async
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.sentinel import Sentinel

from menjin.adapters.redis.clients import AnyRedis
from menjin.adapters.redis.sessions import RedisSessions
from menjin.bridge import drive
from menjin.errors import StoreUnavailable
from support.doors import Colour
from support.redis_cluster import RedisCluster
from support.redis_rig import Runner, make_session, open_client
from support.servers import RedisServer

pytestmark = pytest.mark.servers

Form = Literal["single", "sentinel", "cluster"]
_AT_ONCE = 150


class Servers:
    """A Redis in one form.

    Args:
        ports: Of the servers with data.
        url: What menjin is given.
        sentinel: The sentinel's port, if there is one.
    """

    def __init__(self, ports: list[int], url: str, sentinel: int | None = None) -> None:
        self.ports = ports
        self.url = url
        self.sentinel = sentinel

    def hold(self, milliseconds: int) -> None:
        """Answer nobody for a moment, so that all requests are under way at once."""
        for port in self.ports:
            with redis_py.Redis(port=port) as client:
                client.client_pause(milliseconds)

    def open_plainly(self, colour: Colour) -> AnyRedis:
        """Open Sentinel or Cluster with pools of redis-py's own kind and size."""
        if self.sentinel is not None:
            kind: Any = AsyncSentinel if colour == "async" else Sentinel
            found: AnyRedis = kind([("127.0.0.1", self.sentinel)]).master_for("shop", max_connections=100)
            return found
        port = self.ports[0]
        if colour == "async":
            return redis_py_async.RedisCluster(host="127.0.0.1", port=port, max_connections=100)
        return redis_py.RedisCluster(host="127.0.0.1", port=port, max_connections=100)


@pytest.fixture
def servers(form: Form, redis: RedisServer, request: pytest.FixtureRequest) -> Iterator[Servers]:
    """An empty Redis in the test's form."""
    if form == "cluster":
        cluster: RedisCluster = request.getfixturevalue("cluster")
        yield Servers([node.port for node in cluster.nodes], cluster.url)
    elif form == "sentinel":
        sentinel = RedisServer(sentinel_config=f"sentinel monitor shop 127.0.0.1 {redis.port} 1\n")
        yield Servers([redis.port], f"redis+sentinel://127.0.0.1:{sentinel.port}/shop/0", sentinel.port)
        sentinel.remove()
    else:
        yield Servers([redis.port], redis.url)


def _look_up_at_once(run: Runner, store: RedisSessions, hold: Callable[[], None]) -> Counter[str]:
    """Look one session up 150 times at once; return how many found it, or why not."""
    session, token = make_session()
    run(store.add(session, token.token_hash))

    async def look_up() -> str:
        try:
            found = await store.find(token.token_hash)
        except StoreUnavailable:
            return "unavailable"
        return "found" if found is not None and found.session == session else "wrong"

    async def all_at_once() -> list[str]:
        return await asyncio.gather(*(look_up() for _ in range(_AT_ONCE)))

    start = Barrier(_AT_ONCE, hold)

    def look_up_in_step(_: int) -> str:
        start.wait(30)
        return drive(look_up())

    try:
        if run.colour == "async":
            hold()
            return Counter(run(all_at_once()))
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return Counter(threads.map(look_up_in_step, range(_AT_ONCE)))
    finally:
        run(store.close())


@pytest.mark.parametrize("form", ["single", "sentinel", "cluster"])
def test_150_look_ups_at_once_are_all_answered(run: Runner, servers: Servers) -> None:
    """A healthy Redis says nothing for 200 ms and 150 requests gather: each waits its turn, none is 503."""
    store = RedisSessions(open_client(run.colour, servers.url))
    assert _look_up_at_once(run, store, lambda: servers.hold(200)) == {"found": _AT_ONCE}


@pytest.mark.parametrize("form", ["sentinel", "cluster"])
def test_control_redis_pys_own_pools_refuse_who_should_wait(run: Runner, servers: Servers) -> None:
    """The same requests on clients as redis-py makes them: the 101st and all after it are 503."""
    store = RedisSessions(servers.open_plainly(run.colour))
    assert _look_up_at_once(run, store, lambda: servers.hold(1000))["unavailable"] > 0
