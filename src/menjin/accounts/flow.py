"""Resolve an identity at login, record a unionid, bind to a member of the directory."""

from __future__ import annotations

import logging
from dataclasses import replace

from menjin.accounts import rules
from menjin.accounts.directory import Member
from menjin.accounts.model import Account, Identity, Resolved
from menjin.accounts.store import AccountStore, AccountTransaction
from menjin.apps import App
from menjin.clock import Clock, Randomness
from menjin.errors import AccountDisabled, BindingConflict, SessionInvalid
from menjin.values import AccountId, IdentityId, OpenId, UnionId, new_id

_LOG = logging.getLogger("menjin.accounts")


class Accounts:
    """Every account and identity of this installation."""

    def __init__(self, store: AccountStore, clock: Clock, randomness: Randomness) -> None:
        self._store = store
        self._clock = clock
        self._randomness = randomness

    async def resolve(self, app: App, openid: OpenId, unionid: UnionId | None) -> Resolved:
        """Return who logged in, made or attached as the table in `rules` says; safe against itself.

        Raises:
            AccountDisabled: An operator disabled the account.
            StoreUnavailable: Nothing was changed.
        """
        async with self._store.transaction() as work:
            identity = await work.add_identity(self._new_identity(app, openid))
            own = await self._account_of(work, identity)
            other = await self._account_by_unionid(work, app, unionid)
            decision = rules.resolve(own, other, app.sign_in)
            if isinstance(decision, rules.Conflict):
                _LOG.warning("unionid of another account, not recorded: identity=%s", identity.identity_id)
                return Resolved(identity, _enabled(decision.account), conflict=True)
            account = await self._carry_out(work, app, identity, decision)
            identity = replace(identity, account_id=account.account_id if account else None)
            if isinstance(decision, rules.Create) and unionid is not None:
                return await self._settle_new(work, app, identity, unionid)
            identity = await self._note_unionid(work, app, identity, unionid)
            return Resolved(identity, _enabled(account), is_new=isinstance(decision, rules.Create))

    async def record_unionid(self, app: App, openid: OpenId, unionid: UnionId) -> Resolved | None:
        """Note a unionid that came in user data; None if the openid never logged in.

        It makes and attaches no account: user data can be forged, so another account's unionid is a conflict.

        Raises:
            AccountDisabled: An operator disabled the account.
            StoreUnavailable: Nothing was changed.
        """
        async with self._store.transaction() as work:
            identity = await work.find_identity(app.appid, openid)
            if identity is None:
                return None
            account = _enabled(await self._account_of(work, identity))
            other = await self._account_by_unionid(work, app, unionid)
            if other is not None and (account is None or other.account_id != account.account_id):
                _LOG.warning("unionid of another account, not recorded: identity=%s", identity.identity_id)
                return Resolved(identity, account, conflict=True)
            return Resolved(await self._note_unionid(work, app, identity, unionid), account)

    async def find_identity(self, app: App, openid: OpenId) -> Identity | None:
        """Return the identity of an openid, or None if it never logged in.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        async with self._store.transaction() as work:
            return await work.find_identity(app.appid, openid)

    async def bind(self, app: App, openid: OpenId, member: Member) -> Account:
        """Bind an identity to the account of a directory member, and return that account.

        Raises:
            BindingConflict: The identity's account or the member's is bound otherwise; nothing was changed.
            AccountDisabled: The member's account is disabled.
            StoreUnavailable: Nothing was changed.
        """
        async with self._store.transaction() as work:
            identity = await work.find_identity(app.appid, openid)
            if identity is None:
                raise SessionInvalid
            own = _enabled(await self._account_of(work, identity))
            holder = await work.find_account_by_external_id(app.realm, member.external_id)
            account = await self._bind(work, app, identity, rules.bind(own, holder, member.external_id), member)
            bound = replace(identity, account_id=account.account_id)
            await self._note_unionid(work, app, bound, identity.unionid)
            return account

    async def _bind(
        self, work: AccountTransaction, app: App, identity: Identity, decision: rules.BindDecision, member: Member
    ) -> Account:
        match decision:
            case rules.Refuse():
                raise BindingConflict
            case rules.Fill(account):
                if not await work.put_external_id(account.account_id, member.external_id):
                    raise BindingConflict
                return replace(account, external_id=member.external_id)
            case rules.Use(account):
                return _enabled_account(account)
            case rules.Attach(account):
                await work.put_account_of_identity(identity.identity_id, _enabled_account(account).account_id)
                return account
            case rules.Create():
                return await self._create(work, app, identity, member.external_id)

    async def _carry_out(
        self, work: AccountTransaction, app: App, identity: Identity, decision: rules.Decision
    ) -> Account | None:
        match decision:
            case rules.Use(account) | rules.Conflict(account):
                return account
            case rules.Attach(account):
                await work.put_account_of_identity(identity.identity_id, account.account_id)
                return account
            case rules.Create():
                return await self._create(work, app, identity, None)
            case rules.Leave():
                return None

    async def _create(self, work: AccountTransaction, app: App, identity: Identity, external_id: str | None) -> Account:
        now = self._clock.now()
        account_id = AccountId(new_id("acc_", now, self._randomness.random_bytes(10)))
        account = await work.add_account(Account(account_id, app.realm, external_id, now))
        await work.put_account_of_identity(identity.identity_id, _enabled_account(account).account_id)
        return account

    async def _settle_new(self, work: AccountTransaction, app: App, identity: Identity, unionid: UnionId) -> Resolved:
        """Note the unionid of an account just made; if another first login of it was faster, join that account."""
        own = await self._account_of(work, identity)
        noted = await self._note_unionid(work, app, identity, unionid)
        other = await self._account_by_unionid(work, app, unionid)
        if own is None or other is None or other.account_id == own.account_id:
            return Resolved(noted, own, is_new=True)
        await work.put_account_of_identity(identity.identity_id, other.account_id)
        await work.remove_account(own.account_id)
        return Resolved(replace(noted, account_id=other.account_id), _enabled(other))

    async def _note_unionid(
        self, work: AccountTransaction, app: App, identity: Identity, unionid: UnionId | None
    ) -> Identity:
        if unionid is None:
            return identity
        if identity.unionid != unionid:
            await work.put_unionid(identity.identity_id, unionid)
        if identity.account_id is not None and app.open_platform is not None:
            await work.hold_unionid(app.realm, app.open_platform, unionid, identity.account_id)
        return replace(identity, unionid=unionid)

    async def _account_of(self, work: AccountTransaction, identity: Identity) -> Account | None:
        return await work.find_account(identity.account_id) if identity.account_id else None

    async def _account_by_unionid(self, work: AccountTransaction, app: App, unionid: UnionId | None) -> Account | None:
        if unionid is None or app.open_platform is None:
            return None
        return await work.find_account_by_unionid(app.realm, app.open_platform, unionid)

    def _new_identity(self, app: App, openid: OpenId) -> Identity:
        now = self._clock.now()
        identity_id = IdentityId(new_id("idn_", now, self._randomness.random_bytes(10)))
        return Identity(identity_id, app.appid, openid, None, None, now)


def _enabled_account(account: Account) -> Account:
    if account.disabled:
        raise AccountDisabled
    return account


def _enabled(account: Account | None) -> Account | None:
    return _enabled_account(account) if account is not None else None
