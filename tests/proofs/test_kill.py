"""kill -9 in the middle of signing in and out: `scripts/soak kill-sign-in-out`, scaled down."""

from __future__ import annotations

import asyncio

from soak.kill_sign_in_out import prove
from support.fleet import Zygote


def test_kill_9_loses_no_acknowledged_fact(zygote: Zygote) -> None:
    """After 8 kills under load every acknowledged session lives, every acknowledged end holds, bindings too."""
    verdict = asyncio.run(prove(zygote, kills=8))
    assert verdict.violations == []
    assert verdict.seen["kills"] == 8
    assert verdict.seen["checked: lives, 200"]
    assert verdict.seen["checked: ended, 401 signed_out"]


def test_control_stores_in_memory_lose_facts(zygote: Zygote) -> None:
    """CONTROL: a build that keeps everything in memory loses sessions, and the same check sees it."""
    verdict = asyncio.run(prove(zygote, kills=2, build="memory"))
    assert any("is gone" in violation for violation in verdict.violations)
