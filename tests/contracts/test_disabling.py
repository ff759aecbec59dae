"""An account that is disabled in the very moment of a login: the login finds out, or its session is ended."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from menjin import App, AppId, Apps, FunctionHttp, Menjin, Parts, Secret, Stores
from menjin.accounts.model import Account
from menjin.accounts.store import AccountStore, AccountTransaction
from menjin.bridge import drive
from menjin.errors import AccountDisabled
from menjin.sessions.model import Session
from menjin.sessions.store import SessionStore
from menjin.values import AccountId
from support.benches import Bench
from support.clock import NoPause

APP = App(AppId("wx0123456789abcdef"), Secret("s" * 32))


class _Interrupted:
    """A session store that lets somebody else do something in the middle of a login's transaction.

    Args:
        store: The real one.
        meanwhile: Called before a session is kept.
    """

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self.meanwhile: Callable[[], None] | None = None
        self.works_without_loop = True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands in for the whole store
        return getattr(self._store, name)

    async def add(self, session: Session, token_hash: str) -> None:
        """Keep a session, once the other is done."""
        if self.meanwhile is not None:
            other = threading.Thread(target=self.meanwhile)
            other.start()
            other.join()
        await self._store.add(session, token_hash)


class _Blind:
    """The broken variant: an account store that takes nobody for disabled."""

    works_without_loop = True

    def __init__(self, store: AccountStore) -> None:
        self._store = store

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AccountTransaction]:
        async with self._store.transaction() as work:
            yield cast("AccountTransaction", _BlindWork(work))

    reading = transaction


class _BlindWork:
    def __init__(self, work: AccountTransaction) -> None:
        self._work = work

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands in for the whole transaction
        return getattr(self._work, name)

    async def find_account(self, account_id: AccountId) -> Account | None:
        found = await self._work.find_account(account_id)
        return replace(found, disabled=False) if found is not None else None


def open_menjin(stores: Stores) -> Menjin:
    """Return a library whose WeChat knows one person."""
    answer = json.dumps({"openid": "oAbC_1_0123456789abcdef", "session_key": "MDEyMzQ1Njc4OTAxMjM0NQ=="}).encode()
    return Menjin(Parts(Apps([APP]), FunctionHttp(lambda *_: (200, answer)), stores, NoPause()))


def log_in_while_disabled(bench: Bench, accounts: AccountStore) -> bool:
    """Disable an account between a login's look at it and that login's commit; return whether the login got in."""
    sessions = _Interrupted(bench.stores.sessions)
    menjin = open_menjin(replace(bench.stores, sessions=cast("SessionStore", sessions), accounts=accounts))
    operator = open_menjin(bench.stores)._deeds.operator
    account = menjin.sign_in(APP.appid, "code-0").account
    assert account is not None
    sessions.meanwhile = lambda: cast("None", drive(operator.disable(account.id)))
    try:
        token = menjin.sign_in(APP.appid, "code-1").session_token.reveal()
    except AccountDisabled:
        return False
    sessions.meanwhile = None
    return menjin.authenticate(token) is not None


@pytest.mark.servers
@pytest.mark.kinds("postgres-sync", "mariadb-sync")
def test_a_login_in_the_moment_of_disabling_does_not_get_in(sql_bench: Bench) -> None:
    """The login saw the account open, the operator saw no session of it: the login looks once more, and is refused."""
    assert not log_in_while_disabled(sql_bench, sql_bench.stores.accounts)
    live = sql_bench.query("SELECT count(*) FROM sessions WHERE end_reason IS NULL")
    assert live == [(0,)]


@pytest.mark.servers
@pytest.mark.kinds("postgres-sync", "mariadb-sync")
def test_control_without_the_second_look_it_gets_in(sql_bench: Bench) -> None:
    """Control: a build that does not see it the second time leaves a live session of a disabled account."""
    assert log_in_while_disabled(sql_bench, cast("AccountStore", _Blind(sql_bench.stores.accounts)))
