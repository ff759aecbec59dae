"""Two logins whose answers cross: `scripts/soak key-races`, scaled down."""

from __future__ import annotations

import asyncio

from soak.key_races import prove


def test_the_newest_key_opens_whoever_answers_last() -> None:
    """30 inverted races: the newest key opens, one made just before a login opens, one under a dead key is stale."""
    verdict = asyncio.run(prove(races=30))
    assert verdict.violations == []
    assert verdict.seen["newest key: opens"] == verdict.seen["newest key, alone: opens"] == 30
    assert verdict.seen["made just before a login: opens"] == 30
    assert verdict.seen["made under a dead key: stale_session_key"] == 30


def test_control_ordered_by_arrival_the_newest_key_is_lost() -> None:
    """CONTROL: where the last answer's key is the current one, the newest key does not open."""
    verdict = asyncio.run(prove(races=10, by_arrival=True))
    assert any(violation.startswith("newest key, alone") for violation in verdict.violations)
