"""kill -9 in the middle of signing in and out: `scripts/soak kill-sign-in-out`, scaled down."""

from __future__ import annotations

import asyncio

import pytest

from soak.kill_sign_in_out import prove
from support.fleet import Zygote
from support.servers import PostgresServer, RedisServer


def test_kill_9_loses_no_acknowledged_fact(zygote: Zygote) -> None:
    """After 8 kills under load every acknowledged session lives, every acknowledged end holds, bindings too."""
    verdict = asyncio.run(prove(zygote, kills=8))
    assert verdict.violations == []
    assert verdict.seen["kills"] == 8
    assert verdict.seen["checked: lives, 200"]
    assert verdict.seen["checked: ended, 401 signed_out"]


@pytest.mark.servers
def test_kill_9_after_a_stalled_store_loses_no_acknowledged_fact(
    zygote: Zygote, redis_server: RedisServer, postgres_server: PostgresServer
) -> None:
    """On Redis and PostgreSQL, either frozen before each kill: a 503 says nothing, all else that was said holds."""
    database = postgres_server.fresh_database()
    stores = (redis_server, postgres_server)
    proof = prove(zygote, kills=6, database=database, redis=redis_server.url, stalled=stores, stall_every=1)
    verdict = asyncio.run(proof)
    assert verdict.violations == []
    assert verdict.seen["stalls"] == 6
    assert any(what.endswith("503 store_unavailable") for what in verdict.seen)
    assert verdict.seen["checked: lives, 200"]
    assert verdict.seen["checked: ended, 401 signed_out"]


def test_control_stores_in_memory_lose_facts(zygote: Zygote) -> None:
    """CONTROL: a build that keeps everything in memory loses sessions, and the same check sees it."""
    verdict = asyncio.run(prove(zygote, kills=2, build="memory"))
    assert any("is gone" in violation for violation in verdict.violations)
