"""One flow, two colours: `drive` runs an async flow without an event loop, `settle` awaits what is awaitable.

A flow is `async def` over ports. Given adapters that block, it never suspends, so a single `send(None)`
runs it to its end in the caller's thread and transaction. Given adapters that await, an event loop runs it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar, cast

T = TypeVar("T")


async def settle(value: T | Awaitable[T]) -> T:
    """Return `value`, awaited first if it is awaitable."""
    if inspect.isawaitable(value):
        return await value
    return value


def drive(flow: Coroutine[Any, Any, T]) -> T:
    """Run `flow` to its end in this thread and return its result.

    Raises:
        RuntimeError: The flow suspended: one of its adapters works only under an event loop.
    """
    try:
        flow.send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    finally:
        flow.close()
    raise RuntimeError("an async adapter was given to a sync caller; use AsyncMenjin, or a blocking adapter")
