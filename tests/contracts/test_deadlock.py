"""Two transactions that wait for each other: the database undoes one, and it is run again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.tables import ACCOUNTS
from menjin.errors import StoreUnavailable
from support.benches import Bench

pytestmark = pytest.mark.servers


def cross(bench: Bench, run: Callable[[Callable[[Work], Coroutine[Any, Any, None]]], Any]) -> list[Any]:
    """Let two transactions lock two rows in opposite order, each holding its first when it asks for the second."""
    for name in ("a", "b"):
        bench.query(f"INSERT INTO accounts (account_id, realm, created_at) VALUES ('{name}', 'r', 0)")  # noqa: S608 - names of our own
    is_async = bench.kind.endswith("-async")
    meet: Any = asyncio.Barrier(2) if is_async else threading.Barrier(2)
    met: set[str] = set()

    async def deed(first: str, second: str, work: Work) -> None:
        for name in (first, second):
            one = sa.update(ACCOUNTS).where(ACCOUNTS.c.account_id == name)
            await work.run(one.values(created_at=ACCOUNTS.c.created_at + 1))
            if first not in met:
                met.add(first)
                met_now = meet.wait()
                if is_async:
                    await met_now

    return bench.at_once([lambda: run(partial(deed, "a", "b")), lambda: run(partial(deed, "b", "a"))])


def counts(bench: Bench) -> list[Any]:
    """Return how often each row was changed."""
    return [row[0] for row in bench.query("SELECT created_at FROM accounts ORDER BY account_id")]


def database_of(bench: Bench) -> Database:
    """Return the bench's database."""
    assert bench.database is not None
    return bench.database


def test_a_whole_transaction_is_run_again(server_bench: Bench) -> None:
    """Both come through, and each did its work exactly once."""
    assert cross(server_bench, database_of(server_bench).run) == [None, None]
    assert counts(server_bench) == [2, 2]


def test_control_a_transaction_of_the_callers_is_not(server_bench: Bench) -> None:
    """One of the two ends as StoreUnavailable and did nothing: the deadlock above is real."""

    async def run(deed: Callable[[Work], Coroutine[Any, Any, None]]) -> None:
        async with database_of(server_bench).transaction() as work:
            await deed(work)

    results = cross(server_bench, run)
    assert sorted(isinstance(result, StoreUnavailable) for result in results) == [False, True]
    assert counts(server_bench) == [1, 1]
