"""One Redis for the tests of this folder, flushed before each; houses on it in both colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from menjin import App
from menjin.adapters.redis.sessions import RedisSessions
from support.clock import FakeClock
from support.doors import APP, Colour, House
from support.redis_cluster import RedisCluster
from support.redis_rig import Runner, StillStopwatch, open_client, open_house, open_stores
from support.servers import RedisServer

MakeRedisHouse = Callable[..., House]


@pytest.fixture(scope="session")
def _one_redis() -> Iterator[RedisServer]:
    server = RedisServer("--appendonly", "yes")
    yield server
    server.remove()


@pytest.fixture
def redis(_one_redis: RedisServer) -> RedisServer:
    """An empty Redis."""
    _one_redis.flush()
    return _one_redis


@pytest.fixture(scope="session")
def _one_cluster() -> Iterator[RedisCluster]:
    found = RedisCluster()
    yield found
    found.remove()


@pytest.fixture
def cluster(_one_cluster: RedisCluster) -> RedisCluster:
    """Three empty primaries; what a test froze or killed runs again."""
    _one_cluster.mend()
    return _one_cluster


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that the test may kill and freeze."""
    server = RedisServer("--appendonly", "yes")
    yield server
    server.remove()


@pytest.fixture
def run(colour: Colour) -> Iterator[Runner]:
    """Runs flows in the test's colour."""
    runner = Runner(colour)
    yield runner
    runner.close()


@pytest.fixture
def store(run: Runner, redis: RedisServer) -> Iterator[RedisSessions]:
    """The session store on an empty Redis, in the test's colour."""
    sessions = RedisSessions(open_client(run.colour, redis.url))
    yield sessions
    run(sessions.close())


@pytest.fixture
def make_redis_house(colour: Colour, redis: RedisServer, tmp_path: Path) -> Iterator[MakeRedisHouse]:
    """A function that opens a library on Redis with the apps it is given."""
    houses: list[House] = []

    def make(*apps: App) -> House:
        clock = FakeClock()
        stores = open_stores(colour, redis.url, tmp_path, clock=clock, stopwatch=StillStopwatch())
        houses.append(open_house(colour, stores, clock, apps or (APP,)))
        return houses[-1]

    yield make
    for house in houses:
        house.door.close()
