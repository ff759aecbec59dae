"""Many processes on one access_token: `scripts/soak token-centre`, `-faults`, `-reports`, `-outage`, scaled down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from menjin.apps import TokenMode
from soak import token_centre, token_faults, token_outage, token_reports
from support.servers import PostgresServer, RedisServer

pytestmark = pytest.mark.servers
MODES: tuple[TokenMode, ...] = ("stable", "legacy")
both_modes = pytest.mark.parametrize("mode", MODES)


@both_modes
def test_one_call_a_cycle_and_no_bad_read_on_redis(redis_server: RedisServer, mode: TokenMode) -> None:
    """6 processes through two renewals: no call too many, no read that WeChat would refuse."""
    redis_server.flush()
    verdict = asyncio.run(token_centre.prove(redis_server.url, mode, processes=6, seconds=10, least_reads=2000))
    assert verdict.violations == []
    assert verdict.seen["calls"] >= 2


def test_one_call_a_cycle_and_no_bad_read_on_postgres(postgres_server: PostgresServer) -> None:
    """The same on PostgreSQL, in the mode that forgives nothing."""
    url = postgres_server.fresh_database()
    verdict = asyncio.run(token_centre.prove(url, "legacy", processes=6, seconds=10, least_reads=2000))
    assert verdict.violations == []


@both_modes
def test_control_without_the_lease_there_are_calls_too_many(redis_server: RedisServer, mode: TokenMode) -> None:
    """CONTROL: where nobody sees another's lease there are many calls a cycle, and in legacy mode bad reads."""
    redis_server.flush()
    verdict = asyncio.run(token_centre.control(redis_server.url, mode, processes=8, seconds=14))
    assert verdict.violations == []
    assert verdict.seen["calls too many"] > 2
    assert (verdict.seen["bad reads"] > 0) is (mode == "legacy")


@both_modes
def test_a_killed_or_paused_holder_costs_one_call_and_no_read(redis_server: RedisServer, mode: TokenMode) -> None:
    """Killed and paused before the call went: at most one call more a fault, and every token served is good."""
    redis_server.flush()
    verdict = asyncio.run(token_faults.prove(redis_server.url, mode, processes=5, faults=2))
    assert verdict.violations == []
    assert verdict.seen["kill acquired"] == verdict.seen["stop acquired"] == 1


def _fresh(redis: RedisServer) -> Callable[[], str]:
    def empty() -> str:
        redis.flush()
        return redis.url

    return empty


@both_modes
def test_reports_from_many_processes(redis_server: RedisServer, mode: TokenMode) -> None:
    """600 reports of an old and of a good token renew nothing; of a bad one from 6 processes at once, one."""
    verdict = asyncio.run(token_reports.prove(_fresh(redis_server), mode, processes=6, reports=600))
    assert verdict.violations == []


def test_control_without_the_lease_a_bad_token_is_replaced_again_and_again(redis_server: RedisServer) -> None:
    """CONTROL: each of 8 processes that report it replaces it, and the same check sees it."""
    proof = token_reports.prove(_fresh(redis_server), "stable", processes=8, reports=80, build="no-lease")
    verdict = asyncio.run(proof)
    assert any(violation.startswith("bad:") for violation in verdict.violations)


@both_modes
def test_readers_outlive_redis(own_redis: RedisServer, mode: TokenMode) -> None:
    """Redis killed for 6 s, while tokens of 8 s end: as the soak, with 3 processes."""
    verdict = asyncio.run(token_outage.prove(own_redis, mode, "kill", processes=3, scale=0.1))
    assert verdict.violations == []


def test_on_sqlite_processes_share_a_token_too(tmp_path: Path) -> None:
    """4 processes on one file."""
    url = f"sqlite:///{tmp_path / 'tokens.db'}"
    verdict = asyncio.run(token_centre.prove(url, "legacy", processes=4, seconds=7, least_reads=500))
    assert verdict.violations == []
