"""Clients that hang up mid-way: `scripts/soak hang-ups`, scaled down."""

from __future__ import annotations

import asyncio

import pytest

from soak.hang_ups import prove
from support.fleet import Zygote
from support.servers import RedisServer


@pytest.mark.servers
def test_no_answer_holds_anothers_principal(zygote: Zygote, redis_server: RedisServer) -> None:
    """1,500 requests through a slow Redis, a third of the clients gone mid-way: everybody reads their own session."""
    redis_server.flush()
    verdict = asyncio.run(prove(zygote, redis_server, requests=1500, people=20, processes=2))
    assert verdict.violations == []
    assert verdict.seen["hung up"] > 300
    assert verdict.seen["answered 200"] > 700


def test_control_a_crossed_answer_is_seen(zygote: Zygote) -> None:
    """CONTROL: a build that answers one look-up in fifty with the one before is found out."""
    verdict = asyncio.run(prove(zygote, None, requests=400, people=10, processes=1, build="crossed"))
    assert "an answer holds another's principal" in verdict.violations
