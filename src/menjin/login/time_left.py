"""The wire's way to say how long something lasts."""

from __future__ import annotations

from datetime import timedelta


def whole_seconds(left: timedelta) -> int:
    """Return whole seconds, rounded down, never negative: a client may trust them."""
    return max(0, int(left.total_seconds()))
