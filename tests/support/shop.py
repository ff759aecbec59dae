"""Stores in a colour, and that colour's way to run what is awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from menjin import Stores
from menjin.bridge import drive

T = TypeVar("T")


@dataclass
class Shop:
    """The stores, and their colour's way to run a coroutine."""

    stores: Stores
    runner: asyncio.Runner | None

    def run(self, flow: Coroutine[Any, Any, T]) -> T:
        """Run one flow to its end."""
        return self.runner.run(flow) if self.runner is not None else drive(flow)

    def run_at_once(self, make: Callable[[int], Coroutine[Any, Any, T]], count: int) -> list[T]:
        """Run `count` flows at once: in threads, or in tasks."""
        if self.runner is not None:
            return self.runner.run(_gather([make(number) for number in range(count)]))
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda number: drive(make(number)), range(count)))


async def _gather(flows: list[Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*flows))
