"""Accounts, and what a session proved a moment ago, in the memory of one process."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from menjin.accounts.model import Account, Identity
from menjin.accounts.phone import Phone
from menjin.values import AccountId, AppId, IdentityId, OpenId, UnionId

K = TypeVar("K")
V = TypeVar("V")


class MemoryAccounts:
    """The account store; one transaction at a time, undone if it ends by an error."""

    works_without_loop = True

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._work = _MemoryAccountWork()
        self._depth = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[_MemoryAccountWork]:
        """Hold the store; nothing in a flow over memory stores suspends meanwhile."""
        with self._guard:
            done = len(self._work.undo)
            self._depth += 1
            try:
                yield self._work
            except BaseException:
                while len(self._work.undo) > done:
                    self._work.undo.pop()()
                raise
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._work.undo.clear()

    def reading(self) -> AbstractAsyncContextManager[_MemoryAccountWork]:
        """Open one that only asks."""
        return self.transaction()


class _MemoryAccountWork:
    """What a transaction sees; every change notes how to take it back."""

    def __init__(self) -> None:
        self.undo: list[Callable[[], object]] = []
        self._identities: dict[str, Identity] = {}
        self._by_openid: dict[tuple[str, str], str] = {}
        self._accounts: dict[str, Account] = {}
        self._by_external_id: dict[tuple[str, str], AccountId] = {}
        self._by_unionid: dict[tuple[str, str, str], AccountId] = {}
        self._by_phone: dict[tuple[str, str], AccountId] = {}

    async def find_identity(self, appid: AppId, openid: OpenId) -> Identity | None:
        found = self._by_openid.get((appid, openid))
        return self._identities[found] if found is not None else None

    async def find_account(self, account_id: AccountId) -> Account | None:
        return self._accounts.get(account_id)

    async def find_account_by_unionid(self, realm: str, open_platform: str, unionid: UnionId) -> Account | None:
        found = self._by_unionid.get((realm, open_platform, unionid))
        return self._accounts[found] if found is not None else None

    async def lock_account(self, account_id: AccountId) -> Account | None:
        return self._accounts.get(account_id)

    async def list_identities(self, account_id: AccountId) -> tuple[Identity, ...]:
        return tuple(one for one in self._identities.values() if one.account_id == account_id)

    async def find_account_by_phone(self, realm: str, phone: Phone) -> Account | None:
        found = self._by_phone.get((realm, phone.e164))
        return self._accounts[found] if found is not None else None

    async def find_account_by_noted_unionid(self, appids: Sequence[AppId], unionid: UnionId) -> Account | None:
        found = sorted(
            one.account_id
            for one in self._identities.values()
            if one.appid in appids and one.vouched_unionid == unionid and one.account_id is not None
        )
        return self._accounts[found[0]] if found else None

    async def find_account_by_external_id(self, realm: str, external_id: str) -> Account | None:
        found = self._by_external_id.get((realm, external_id))
        return self._accounts[found] if found is not None else None

    async def add_identity(self, identity: Identity) -> Identity:
        kept = self._by_openid.get((identity.appid, identity.openid))
        if kept is not None:
            return self._identities[kept]
        self._put(self._by_openid, (identity.appid, identity.openid), identity.identity_id)
        self._put(self._identities, identity.identity_id, identity)
        return identity

    async def add_account(self, account: Account) -> Account:
        if account.external_id is not None:
            kept = self._by_external_id.get((account.realm, account.external_id))
            if kept is not None:
                return self._accounts[kept]
            self._put(self._by_external_id, (account.realm, account.external_id), account.account_id)
        self._put(self._accounts, account.account_id, account)
        return account

    async def remove_account(self, account_id: AccountId) -> None:
        account = self._take(self._accounts, account_id)
        if account is not None and account.external_id is not None:
            self._take(self._by_external_id, (account.realm, account.external_id))

    async def put_account_of_identity(self, identity_id: IdentityId, account_id: AccountId) -> None:
        self._change_identity(identity_id, account_id=account_id, is_detached=False)

    async def detach_identity(self, identity_id: IdentityId, at: datetime) -> None:  # noqa: ARG002 - the port's
        self._change_identity(identity_id, account_id=None, is_detached=True)

    async def put_unionid(self, identity_id: IdentityId, unionid: UnionId, *, is_vouched: bool = False) -> None:
        self._change_identity(identity_id, unionid=unionid, is_unionid_vouched=is_vouched)

    async def release_unionid(self, account_id: AccountId, unionid: UnionId) -> None:
        for key, holder in list(self._by_unionid.items()):
            if holder == account_id and key[2] == unionid:
                self._take(self._by_unionid, key)

    async def put_phone(self, account_id: AccountId, phone: Phone | None) -> bool:
        account = self._accounts[account_id]
        if phone is not None and self._by_phone.get((account.realm, phone.e164), account_id) != account_id:
            return False
        if account.phone is not None:
            self._take(self._by_phone, (account.realm, account.phone.e164))
        if phone is not None:
            self._put(self._by_phone, (account.realm, phone.e164), account_id)
        self._put(self._accounts, account_id, replace(account, phone=phone))
        return True

    async def put_last_used(self, account_id: AccountId, at: datetime) -> None:
        self._put(self._accounts, account_id, replace(self._accounts[account_id], last_used_at=at))

    async def put_disabled(self, account_id: AccountId, at: datetime | None) -> None:
        self._put(self._accounts, account_id, replace(self._accounts[account_id], disabled=at is not None))

    async def put_successor(self, account_id: AccountId, successor_id: AccountId) -> None:
        self._put(self._accounts, account_id, replace(self._accounts[account_id], successor_id=successor_id))

    async def hold_unionid(self, realm: str, open_platform: str, unionid: UnionId, account_id: AccountId) -> None:
        if (realm, open_platform, unionid) not in self._by_unionid:
            self._put(self._by_unionid, (realm, open_platform, unionid), account_id)

    async def put_external_id(self, account_id: AccountId, external_id: str) -> bool:
        account = replace(self._accounts[account_id], external_id=external_id)
        if self._by_external_id.get((account.realm, external_id), account_id) != account_id:
            return False
        self._put(self._accounts, account_id, account)
        self._put(self._by_external_id, (account.realm, external_id), account_id)
        return True

    def _change_identity(self, identity_id: IdentityId, **changes: Any) -> None:  # noqa: ANN401 - an identity's fields
        self._put(self._identities, identity_id, replace(self._identities[identity_id], **changes))

    def _take(self, table: dict[K, V], key: K) -> V | None:
        if key in table:
            self.undo.append(partial(table.__setitem__, key, table[key]))
        return table.pop(key, None)

    def _put(self, table: dict[K, V], key: K, value: V) -> None:
        if key in table:
            self.undo.append(partial(table.__setitem__, key, table[key]))
        else:
            self.undo.append(partial(table.pop, key, None))
        table[key] = value


class MemoryProofs:
    """The proof store."""

    works_without_loop = True

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[str, tuple[datetime, str]] = {}

    async def put(self, name: str, text: str, until: datetime) -> None:
        """Keep a text, in place of the one of the same name."""
        with self._guard:
            self._kept[name] = (until, text)

    async def find(self, name: str, now: datetime) -> str | None:
        """Return the text of a name."""
        until, text = self._kept.get(name, (now, ""))
        return text if until > now else None

    async def take(self, name: str, now: datetime) -> bool:
        """Forget a text; False if it was not there any more."""
        with self._guard:
            until, _ = self._kept.pop(name, (now, ""))
            return until > now

    async def purge_proofs(self, now: datetime) -> int:
        """Forget what is past its end."""
        with self._guard:
            gone = [name for name, (until, _) in self._kept.items() if until <= now]
            for name in gone:
                del self._kept[name]
            return len(gone)
