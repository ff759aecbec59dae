"""Many at once: the first logins of one person, over HTTP, make one account."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from menjin import Apps, AsyncMenjin, memory_stores
from menjin.accounts.model import Identity
from menjin.accounts.store import AccountTransaction
from menjin.adapters.memory_accounts import MemoryAccounts
from support.doors import APP, open_house
from support.serving import Service, serve_menjin

MANY = 100


def first_logins(service: Service) -> list[httpx2.Response]:
    """Let one person log in for the first time, a hundred times at once."""
    service.world.settings = msgspec.structs.replace(service.world.settings, exchange_calls_per_minute=0)
    codes = [service.code() for _ in range(MANY)]
    client = service.client()
    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(client.sign_in, codes))


def accounts(replies: list[httpx2.Response]) -> set[str]:
    """Return the accounts of the logins that succeeded."""
    return {reply.json()["account"]["id"] for reply in replies if reply.status_code == 201}


def test_a_hundred_first_logins_make_one_account(tmp_path: Path) -> None:
    """On SQLite all hundred are 201, one of them is new, and there is one account and one identity."""
    with serve_menjin(tmp_path, apps=Apps([replace(APP, max_sessions=MANY)])) as service:
        replies = first_logins(service)
    assert [reply.status_code for reply in replies] == [201] * MANY
    assert len(accounts(replies)) == 1
    assert sum(reply.json()["account"]["is_new"] for reply in replies) == 1
    with closing(sqlite3.connect(service.database)) as database:
        counts = [database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES]  # noqa: S608 - our names
    assert counts == [1, 1, MANY]


TABLES = ("accounts", "identities", "sessions")


class UnguardedWork:
    """A transaction in which others get a word in between reading and writing."""

    def __init__(self, work: AccountTransaction) -> None:
        self._work = work

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        return getattr(self._work, name)

    async def add_identity(self, identity: Identity) -> Identity:
        """Keep the identity, then dawdle."""
        kept = await self._work.add_identity(identity)
        await asyncio.sleep(0.05)
        return kept


class UnguardedAccounts(MemoryAccounts):
    """An account store that forgot its lock."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """Hold nothing."""
        yield UnguardedWork(self._work)


def test_control_without_the_guard_there_are_many_accounts(tmp_path: Path) -> None:
    """Control: a person's first logins at two servers at once, on a store without its lock, make two accounts."""
    house = open_house("async", "memory", tmp_path)
    parts = replace(house.parts, stores=replace(memory_stores(), accounts=UnguardedAccounts()))

    async def log_in_at_two() -> set[str]:
        async with AsyncMenjin(parts) as one, AsyncMenjin(parts) as other:
            logins = [door.sign_in(parts.apps.all()[0].appid, house.code()) for door in (one, other)]
            found = [signed_in.account for signed_in in await asyncio.gather(*logins)]
        return {account.id for account in found if account is not None}

    try:
        assert len(asyncio.run(log_in_at_two())) > 1
    finally:
        house.door.close()


def test_one_code_many_times_is_good_once(service: Service) -> None:
    """A code presented many times at once opens one session; all others are 409 login_code_used."""
    service.world.settings = msgspec.structs.replace(service.world.settings, exchange_calls_per_minute=0)
    code, client = service.code(), service.client()
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(client.sign_in, [code] * 20))
    assert sorted(reply.status_code for reply in replies) == [201, *[409] * 19]
    assert {reply.json().get("code") for reply in replies} == {None, "login_code_used"}
