"""Requests in flight while the session changes hands: `scripts/soak rotate-in-flight`, scaled down."""

from __future__ import annotations

import asyncio

from soak.rotate_in_flight import prove
from support.fleet import Zygote


def test_bind_and_rotate_with_100_in_flight(zygote: Zygote) -> None:
    """A client that follows the contract loses no request, and no old token works after the answer."""
    verdict = asyncio.run(prove(zygote, rounds=2, in_flight=100, processes=2))
    assert verdict.violations == []
    assert verdict.seen["request 200"] >= 400
    assert verdict.seen["replayed"]


def test_control_a_build_whose_old_tokens_live_is_seen(zygote: Zygote) -> None:
    """CONTROL: where a replaced token goes on working, the same proof says so."""
    verdict = asyncio.run(prove(zygote, rounds=1, in_flight=20, processes=2, build="old_tokens_live"))
    assert any("the old token says 200" in violation for violation in verdict.violations)
