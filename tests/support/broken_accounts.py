"""Account stores that break one promise: controls of the proofs about accounts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from menjin import Stores
from menjin.accounts.store import AccountStore
from menjin.adapters.memory import MemoryTransactions

_BETWEEN_STEPS = 0.02  # long enough for another process to come in between


class StepsApart:
    """BROKEN: each step of a transaction is one by itself.

    Args:
        inner: The store that each step asks.
    """

    works_without_loop = False

    def __init__(self, inner: AccountStore) -> None:
        self._inner = inner

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """Open nothing."""
        yield self

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands in for every step
        async def step(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - the same
            await asyncio.sleep(_BETWEEN_STEPS)
            async with self._inner.transaction() as work:
                return await getattr(work, name)(*args, **named)

        return step


class NumbersFree:
    """BROKEN: whoever asks for a number gets it.

    Args:
        inner: The store that does all else.
    """

    works_without_loop = False

    def __init__(self, inner: AccountStore) -> None:
        self._inner = inner

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """Open the store's own, with two steps that lie."""
        async with self._inner.transaction() as work:
            yield _Lying(work)

    reading = transaction


class _Lying:
    def __init__(self, work: Any) -> None:  # noqa: ANN401 - the store's own
        self._work = work

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - every other step
        return getattr(self._work, name)

    async def find_account_by_phone(self, *_args: object) -> None:
        """Say that nobody has it."""

    async def put_phone(self, *_args: object) -> bool:
        """Say that it is done."""
        return True


def break_steps(stores: Stores) -> Stores:
    """Return stores whose account transactions fall apart."""
    return replace(stores, accounts=StepsApart(stores.accounts), transactions=MemoryTransactions())


def break_numbers(stores: Stores) -> Stores:
    """Return stores that give a number to everybody."""
    return replace(stores, accounts=NumbersFree(stores.accounts))
