"""drive and settle."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Generator

import pytest

from menjin.bridge import drive, settle


class Suspend:
    """Suspends whoever awaits it."""

    def __await__(self) -> Generator[None, None, str]:
        yield
        return "resumed"


async def _suspending(seen: list[str]) -> str:
    try:
        return await Suspend()
    finally:
        seen.append("closed")


async def _returning(value: str) -> str:
    later: str | Awaitable[str] = _plain(value)
    return await settle(value) + await settle(later)


async def _plain(value: str) -> str:
    return value


async def _failing() -> None:
    raise KeyError("from the flow")


def test_a_flow_that_never_suspends_is_driven_to_its_end() -> None:
    """Its result comes back, and its errors as they are."""
    assert drive(_returning("a")) == "aa"
    assert asyncio.run(_returning("a")) == "aa"
    with pytest.raises(KeyError, match="from the flow"):
        drive(_failing())


def test_a_flow_that_suspends_is_refused_and_closed() -> None:
    """A clear error, and the flow's finally blocks have run; nothing is left to be awaited."""
    seen: list[str] = []
    flow = _suspending(seen)
    with pytest.raises(RuntimeError, match="AsyncMenjin"):
        drive(flow)
    assert seen == ["closed"]
    assert inspect.getcoroutinestate(flow) == inspect.CORO_CLOSED


def test_driving_works_under_a_running_loop() -> None:
    """A sync caller inside an event loop drives all the same: no loop is asked for."""

    async def outer() -> str:
        return drive(_returning("b"))

    assert asyncio.run(outer()) == "bb"
