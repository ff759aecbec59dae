"""The account store on SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from menjin.accounts.model import Account, Identity
from menjin.accounts.phone import Phone
from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.phones import Phones
from menjin.adapters.sqlalchemy.statements import are
from menjin.adapters.sqlalchemy.tables import ACCOUNTS, IDENTITIES, UNIONIDS
from menjin.clock import from_micros, to_micros
from menjin.errors import BindingConflict
from menjin.session_keys.vault import Vault
from menjin.values import AccountId, AppId, IdentityId, OpenId, UnionId, is_external_id, is_wechat_id

_BY_UNIONID = (
    sa.select(ACCOUNTS)
    .join(UNIONIDS, UNIONIDS.c.account_id == ACCOUNTS.c.account_id)
    .where(*are(UNIONIDS, UNIONIDS.primary_key.columns.keys()))
)


class SqlAccounts:
    """Keeps accounts, identities, and whose a unionid is.

    Args:
        vault: Seals phone numbers.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._phones = Phones(vault)
        self.works_without_loop = database.works_without_loop

    async def prepare(self) -> None:
        """Make what phone numbers are found by, once the tables are there.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        await self._phones.prepare(self._database)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[_SqlAccountWork]:
        """Open a transaction, or join the one that is open in this flow."""
        async with self._database.transaction() as work:
            yield _SqlAccountWork(work, self._phones)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[_SqlAccountWork]:
        """Open one that only asks, or join the one that is open in this flow."""
        async with self._database.reading() as work:
            yield _SqlAccountWork(work, self._phones)


class _SqlAccountWork:
    """What a transaction may ask and do."""

    def __init__(self, work: Work, phones: Phones) -> None:
        self._work = work
        self._phones = phones

    async def find_identity(self, appid: AppId, openid: OpenId) -> Identity | None:
        if not is_wechat_id(openid):
            return None  # some collations would fold or cut it into somebody else's
        row = await self._work.find(IDENTITIES, locks=True, appid=appid, openid=openid)
        return _to_identity(row) if row is not None else None

    async def find_account(self, account_id: AccountId) -> Account | None:
        return self._to_found(await self._work.find(ACCOUNTS, account_id=account_id))

    async def lock_account(self, account_id: AccountId) -> Account | None:
        return self._to_found(await self._work.find(ACCOUNTS, locks=True, account_id=account_id))

    async def list_identities(self, account_id: AccountId) -> tuple[Identity, ...]:
        rows = await self._work.run(sa.select(IDENTITIES).where(IDENTITIES.c.account_id == account_id))
        return tuple(_to_identity(row) for row in rows)

    async def find_account_by_phone(self, realm: str, phone: Phone) -> Account | None:
        index = await self._phones.index(self._work, realm, phone)
        return await self._account(
            sa.select(ACCOUNTS).where(ACCOUNTS.c.realm == realm, ACCOUNTS.c.phone_index == index)
        )

    async def find_account_by_noted_unionid(self, appids: Sequence[AppId], unionid: UnionId) -> Account | None:
        if not is_wechat_id(unionid):
            return None
        said = (IDENTITIES.c.unionid == unionid, IDENTITIES.c.appid.in_(appids), IDENTITIES.c.is_unionid_vouched)
        joined = sa.select(ACCOUNTS).join(IDENTITIES, IDENTITIES.c.account_id == ACCOUNTS.c.account_id)
        return await self._account(joined.where(*said).order_by(ACCOUNTS.c.account_id).limit(1))

    async def find_account_by_unionid(self, realm: str, open_platform: str, unionid: UnionId) -> Account | None:
        if not is_wechat_id(unionid):
            return None
        held = {"realm": realm, "open_platform": open_platform, "unionid": unionid}
        return self._to_found(await self._work.first(_BY_UNIONID, held))

    async def find_account_by_external_id(self, realm: str, external_id: str) -> Account | None:
        if not is_external_id(external_id):
            return None
        found = self._to_found(await self._work.find(ACCOUNTS, realm=realm, external_id=external_id))
        # MySQL's utf8mb4_bin takes "ming" and "ming " for the same.
        return found if found is not None and found.external_id == external_id else None

    async def add_identity(self, identity: Identity) -> Identity:
        known = await self.find_identity(identity.appid, identity.openid)
        if known is not None:
            return known
        values = {
            "identity_id": identity.identity_id,
            "appid": identity.appid,
            "openid": identity.openid,
            "unionid": identity.unionid,
            "account_id": identity.account_id,
            "created_at": to_micros(identity.created_at),
        }
        await self._work.add_or_keep(IDENTITIES, values)
        return await self.find_identity(identity.appid, identity.openid) or identity

    async def add_account(self, account: Account) -> Account:
        values = {
            "account_id": account.account_id,
            "realm": account.realm,
            "external_id": account.external_id,
            "created_at": to_micros(account.created_at),
        }
        await self._work.add_or_keep(ACCOUNTS, values)
        if account.external_id is None:
            return account
        kept = await self.find_account_by_external_id(account.realm, account.external_id)
        if kept is None:
            raise BindingConflict  # MySQL: taken by one that differs in trailing blanks only
        return kept

    async def remove_account(self, account_id: AccountId) -> None:
        await self._work.remove(ACCOUNTS, account_id=account_id)

    async def put_account_of_identity(self, identity_id: IdentityId, account_id: AccountId) -> None:
        await self._put_identity(identity_id, account_id=account_id, detached_at=None)

    async def detach_identity(self, identity_id: IdentityId, at: datetime) -> None:
        await self._put_identity(identity_id, account_id=None, detached_at=to_micros(at))

    async def put_unionid(self, identity_id: IdentityId, unionid: UnionId, *, is_vouched: bool = False) -> None:
        await self._put_identity(identity_id, unionid=unionid, is_unionid_vouched=is_vouched)

    async def release_unionid(self, account_id: AccountId, unionid: UnionId) -> None:
        await self._work.remove(UNIONIDS, account_id=account_id, unionid=unionid)

    async def put_phone(self, account_id: AccountId, phone: Phone | None) -> bool:
        if phone is None:
            await self._put_account(account_id, phone_index=None, phone_sealed=None)
            return True
        row = await self._work.first(sa.select(ACCOUNTS.c.realm).where(ACCOUNTS.c.account_id == account_id))
        if row is None:
            return False
        index = await self._phones.index(self._work, row.realm, phone)
        changed = sa.update(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id)
        sealed = self._phones.seal(account_id, phone)
        return await self._work.try_run(changed.values(phone_index=index, phone_sealed=sealed))

    async def put_last_used(self, account_id: AccountId, at: datetime) -> None:
        await self._put_account(account_id, last_used_at=to_micros(at))

    async def put_disabled(self, account_id: AccountId, at: datetime | None) -> None:
        await self._put_account(account_id, disabled_at=to_micros(at) if at is not None else None)

    async def put_successor(self, account_id: AccountId, successor_id: AccountId) -> None:
        await self._put_account(account_id, successor_id=successor_id)

    async def hold_unionid(self, realm: str, open_platform: str, unionid: UnionId, account_id: AccountId) -> None:
        values = {"realm": realm, "open_platform": open_platform, "unionid": unionid, "account_id": account_id}
        await self._work.add_or_keep(UNIONIDS, values)

    async def put_external_id(self, account_id: AccountId, external_id: str) -> bool:
        changed = sa.update(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id)
        return await self._work.try_run(changed.values(external_id=external_id))

    async def _put_account(self, account_id: AccountId, **values: object) -> None:
        await self._work.change(ACCOUNTS, values, account_id=account_id)

    async def _put_identity(self, identity_id: IdentityId, **values: object) -> None:
        await self._work.change(IDENTITIES, values, identity_id=identity_id)

    async def _account(self, query: sa.Select[Any]) -> Account | None:
        return self._to_found(await self._work.first(query))

    def _to_found(self, row: sa.Row[Any] | None) -> Account | None:
        return self._to_account(row) if row is not None else None

    def _to_account(self, row: sa.Row[Any]) -> Account:
        return Account(
            row.account_id,
            row.realm,
            row.external_id,
            from_micros(row.created_at),
            disabled=row.disabled_at is not None,
            phone=self._phones.open(row),
            last_used_at=from_micros(row.last_used_at) if row.last_used_at is not None else None,
            successor_id=row.successor_id,
        )


def _to_identity(row: sa.Row[Any]) -> Identity:
    return Identity(
        row.identity_id,
        row.appid,
        row.openid,
        row.unionid,
        row.account_id,
        from_micros(row.created_at),
        is_unionid_vouched=bool(row.is_unionid_vouched),
        is_detached=row.detached_at is not None,
    )
