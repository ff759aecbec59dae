"""A failover that forgets the last writes does not bring a signed-out session back."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.failover import lose_the_last_writes

pytestmark = pytest.mark.servers


def test_no_acknowledged_sign_out_comes_back(tmp_path: Path) -> None:
    """100 sign-outs that the promoted replica never heard of: 0 alive in any process, 0 in the promoted Redis."""
    outcome = lose_the_last_writes(tmp_path, 100)
    assert outcome.alive == (0, 0, 0)
    assert outcome.kept == 0


def test_control_without_the_log_they_come_back(tmp_path: Path) -> None:
    """The same with a build that forgot the log: the attack is real, sessions are alive again."""
    outcome = lose_the_last_writes(tmp_path, 10, log=False)
    assert min(outcome.alive) > 0
    assert outcome.kept > 0
