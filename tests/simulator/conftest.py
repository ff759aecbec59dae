"""Fixtures for the simulator's own tests."""

from __future__ import annotations

import pytest

from wxsim import Clock, World


@pytest.fixture
def world() -> World:
    """A world whose clock stands still at the beginning of 2027."""
    return World(clock=Clock(1_800_000_000, frozen=True))
