"""Stores that fail in the middle of a deed, or just after its commit, when they are told to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from menjin import Stores
from menjin.errors import StoreUnavailable


@dataclass
class Crash:
    """When to fail.

    Attributes:
        steps: So many steps of stores from now on; 0: never.
        after_commit: Whether the next commit is done and its answer lost.
    """

    steps: int = 0
    after_commit: bool = False

    def step(self) -> None:
        """Count a step.

        Raises:
            StoreUnavailable: It is the one.
        """
        if self.steps:
            self.steps -= 1
            if not self.steps:
                raise StoreUnavailable

    def commit(self) -> None:
        """Note a commit.

        Raises:
            StoreUnavailable: Its answer is lost.
        """
        if self.after_commit:
            self.after_commit = False
            raise StoreUnavailable

    def disarm(self) -> None:
        """Fail no more."""
        self.steps, self.after_commit = 0, False


class _Stepping:
    """Counts every step of something."""

    def __init__(self, inner: Any, crash: Crash) -> None:  # noqa: ANN401 - any store
        self._inner = inner
        self._crash = crash

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the inner one has
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        async def step(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - the inner one's
            self._crash.step()
            done = await found(*args, **named)
            self._crash.step()
            return done

        return step


class _Accounts:
    def __init__(self, inner: Any, crash: Crash) -> None:  # noqa: ANN401 - any store
        self.works_without_loop = inner.works_without_loop
        self._inner = inner
        self._crash = crash

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        async with self._inner.transaction() as work:
            yield _Stepping(work, self._crash)

    def reading(self) -> Any:  # noqa: ANN401 - the store's own
        """Open the store's own: what only asks crashes nothing."""
        return self._inner.reading()


class _Transactions:
    def __init__(self, inner: Any, crash: Crash) -> None:  # noqa: ANN401 - any store
        self.works_without_loop = inner.works_without_loop
        self._inner = inner
        self._crash = crash

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        async with self._inner.transaction() as work:
            yield work
        self._crash.commit()


def make_crashing(stores: Stores, crash: Crash) -> Stores:
    """Return the stores, which fail as `crash` says."""
    return replace(
        stores,
        accounts=_Accounts(stores.accounts, crash),
        sessions=_Stepping(stores.sessions, crash),
        proofs=_Stepping(stores.proofs, crash),
        transactions=_Transactions(stores.transactions, crash),
    )
