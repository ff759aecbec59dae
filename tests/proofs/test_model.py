"""The Spin models of the centre with two processes; `scripts/model` checks them with four."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.spin import CONTROLS, PROMISES, SMALL, Variant, check

# To leave out two safeguards or three is left to scripts/model: one is enough.
WEAKER = [one for one in CONTROLS if len([part for part in one.without if part != "COUNT_CALLS"]) == 1]


@pytest.mark.servers
@pytest.mark.parametrize("variant", PROMISES, ids=lambda variant: variant.name)
def test_the_protocol_serves_no_dead_token(variant: Variant, tmp_path: Path) -> None:
    """Whoever is killed or paused, at any point: nobody is handed a token that a call of ours has killed."""
    verdict = check(variant, SMALL, tmp_path)
    assert verdict.holds, verdict.output
    assert verdict.is_whole, verdict.output
    assert verdict.states > 1000


@pytest.mark.servers
@pytest.mark.parametrize("variant", WEAKER, ids=lambda variant: variant.name)
def test_control_each_weaker_protocol_fails(variant: Variant, tmp_path: Path) -> None:
    """Control: without the fence, the intent, the fresh lease, or any other safeguard, a counterexample is found."""
    assert not check(variant, SMALL, tmp_path).holds
