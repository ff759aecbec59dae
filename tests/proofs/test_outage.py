"""A store that goes away: `scripts/soak outage`, scaled down."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest

from soak.outage import prove
from support.fleet import Zygote
from support.servers import PostgresServer, RedisServer

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def durable_redis() -> Iterator[RedisServer]:
    """A Redis that writes down what it is told, so that a killed one comes back with it."""
    server = RedisServer("--appendonly", "yes")
    yield server
    server.remove()


def test_redis_down_is_503_and_back_at_once(zygote: Zygote, durable_redis: RedisServer) -> None:
    """Killed: 503 from both processes, never 401; back within two seconds; sign-outs hold everywhere in one."""
    verdict = asyncio.run(
        prove(zygote, redis=durable_redis, postgres=None, times=1, ends=5, harms=("kill",), down=0.4, processes=2)
    )
    assert verdict.violations == []
    assert verdict.seen["redis kill, down: 503 store_unavailable"]


def test_postgres_down_is_503_and_back_at_once(zygote: Zygote, postgres_server: PostgresServer) -> None:
    """The same for sessions in PostgreSQL."""
    verdict = asyncio.run(
        prove(zygote, redis=None, postgres=postgres_server, times=1, ends=3, harms=("kill",), down=0.4, processes=2)
    )
    assert verdict.violations == []
    assert verdict.seen["postgres kill, down: 503 store_unavailable"]


def test_control_builds_that_fail_otherwise_are_seen(zygote: Zygote, durable_redis: RedisServer) -> None:
    """CONTROL: an outage told as 401, and an end that a process never hears of, are violations."""
    scaled = partial(prove, zygote, redis=durable_redis, postgres=None, harms=("kill",), down=0.3, processes=1)
    lying = asyncio.run(scaled(build="outage_as_unknown", times=1, ends=0))
    assert any("during an outage: 401" in violation for violation in lying.violations)
    deaf = asyncio.run(scaled(build="never_asks_again", times=0, ends=1))
    assert any("refused everywhere only after" in violation for violation in deaf.violations)
