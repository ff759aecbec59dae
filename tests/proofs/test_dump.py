"""What a thief of the stores holds: `scripts/soak dump`, scaled down. The controls are inside: see `plant`."""

from __future__ import annotations

import asyncio

import pytest

from soak.dump import prove
from support.servers import PostgresServer, RedisServer


def test_a_dump_of_sqlite_is_worth_nothing() -> None:
    """60 sessions: no string is a token, no secret is readable, no sealed value opens elsewhere; planted ones show."""
    verdict = asyncio.run(prove(sessions=60, redis=None, pairs_of=90))
    assert verdict.violations == []
    assert verdict.figures["live sessions"] == 60


@pytest.mark.servers
def test_a_dump_of_redis_and_postgres_is_worth_nothing(
    redis_server: RedisServer, postgres_server: PostgresServer
) -> None:
    """The same with sessions in Redis and the rest in PostgreSQL."""
    redis_server.flush()
    verdict = asyncio.run(prove(sessions=40, redis=redis_server, database=postgres_server.fresh_database()))
    assert verdict.violations == []
