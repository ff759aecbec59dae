"""Resolve an identity at login, record a unionid whenever it appears."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

from menjin.accounts import rules
from menjin.accounts.bindings import Bindings
from menjin.accounts.directory import Member
from menjin.accounts.model import Account, Identity, Resolved
from menjin.accounts.steps import Steps, enabled
from menjin.accounts.store import AccountStore, AccountTransaction
from menjin.apps import App, Apps
from menjin.clock import Clock, Randomness
from menjin.errors import SessionExpired
from menjin.values import AccountId, OpenId, UnionId

_LOG = logging.getLogger("menjin.accounts")
_DAY = timedelta(days=1)


class Accounts:
    """Every account and identity of this installation.

    Args:
        apps: All of them; without it an app knows of its own unionids only.

    Attributes:
        bindings: What joins an identity to an account, or parts them.
    """

    def __init__(self, store: AccountStore, clock: Clock, randomness: Randomness, apps: Apps | None = None) -> None:
        self._store = store
        self._clock = clock
        self._steps = Steps(clock, randomness, apps)
        self.bindings = Bindings(store, self._steps)

    async def resolve(self, app: App, openid: OpenId, unionid: UnionId | None) -> Resolved:
        """Return who logged in, made or attached as the table in `rules` says; safe against itself.

        Args:
            app: Where.
            openid: WeChat's word for who it is.
            unionid: The same, if WeChat said it; one it said earlier counts too.

        Raises:
            AccountDisabled: An operator disabled the account.
            StoreUnavailable: Nothing was changed.
        """
        async with self._store.transaction() as work:
            fresh = self._steps.new_identity(app, openid)
            identity = await work.add_identity(fresh)
            unionid = unionid or identity.vouched_unionid
            own = await self._steps.account_of(work, identity)
            other = await self._steps.account_by_unionid(work, app, unionid)
            decision = rules.resolve(own, other, app.sign_in, is_detached=identity.is_detached)
            if isinstance(decision, rules.Conflict):
                return self._refuse(identity, await self._use(work, enabled(decision.account)))
            account = await self._carry_out(work, app, identity, decision)
            was_attached = own is None and account is not None and identity.identity_id != fresh.identity_id
            identity = replace(identity, account_id=account.account_id if account else None)
            if isinstance(decision, rules.Create) and unionid is not None:
                resolved = await self._settle_new(work, app, identity, unionid, other)
                return replace(resolved, was_attached=was_attached)
            identity = await self._steps.note_unionid(work, app, identity, unionid, is_vouched=True)
            account = await self._use(work, enabled(account))
            is_new = isinstance(decision, rules.Create)
            return Resolved(identity, account, is_new=is_new, was_attached=was_attached)

    async def record_unionid(
        self,
        app: App,
        openid: OpenId,
        unionid: UnionId,
        occasion: rules.Occasion = "user_data",
        signed_in_as: AccountId | None = None,
    ) -> Resolved | None:
        """Note a unionid that appeared outside a login. Every way a unionid comes by leads through here or `resolve`.

        Args:
            app: Where.
            openid: Whose it is.
            unionid: As it was said.
            occasion: `word` of WeChat or of somebody the operator trusts; or `user_data`, which can be forged and so
                attaches nothing and belongs to nobody.
            signed_in_as: The account of the session it was said in.

        Returns:
            None if the openid never logged in and this is `user_data`.

        Raises:
            AccountDisabled: An operator disabled the account.
            SessionExpired: The session speaks for another account than the identity's; nothing was changed.
            StoreUnavailable: Nothing was changed.
        """
        is_word = occasion == "word"
        async with self._store.transaction() as work:
            if is_word:
                identity: Identity | None = await work.add_identity(self._steps.new_identity(app, openid))
            else:
                identity = await work.find_identity(app.appid, openid)
            if identity is None:
                return None
            own = enabled(await self._steps.account_of(work, identity))
            other = await self._steps.account_by_unionid(work, app, unionid)
            session_account = await work.find_account(signed_in_as) if signed_in_as is not None else None
            decision = rules.resolve(
                own, other, app.sign_in, occasion, session_account, is_detached=identity.is_detached
            )
            if isinstance(decision, rules.Stale):
                raise SessionExpired
            if isinstance(decision, rules.Conflict):
                return self._refuse(identity, own)
            account = enabled(await self._carry_out(work, app, identity, decision))
            identity = replace(identity, account_id=account.account_id if account else None)
            identity = await self._steps.note_unionid(work, app, identity, unionid, is_vouched=is_word)
            return Resolved(identity, account, was_attached=isinstance(decision, rules.Attach))

    async def find_identity(self, app: App, openid: OpenId) -> Identity | None:
        """Return the identity of an openid, or None if it never logged in.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        async with self._store.transaction() as work:
            return await work.find_identity(app.appid, openid)

    async def is_open(self, account_id: AccountId) -> bool:
        """Whether an account is there and not disabled, as of this moment.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        async with self._store.reading() as work:
            account = await work.find_account(account_id)
        return account is not None and not account.disabled

    async def find_account(self, account_id: AccountId) -> Account | None:
        """Return an account.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        async with self._store.transaction() as work:
            return await work.find_account(account_id)

    async def find_account_by_external_id(self, app: App, external_id: str) -> Account | None:
        """Return the account of the app's realm that has `external_id`.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        async with self._store.transaction() as work:
            return await work.find_account_by_external_id(app.realm, external_id)

    async def bind(self, app: App, openid: OpenId, member: Member) -> Account:
        """Bind an identity to the account of a directory member, proved by password, and return that account.

        Raises:
            BindingConflict: The identity's account or the member's is bound otherwise; nothing was changed.
            AccountDisabled: The member's account is disabled.
            StoreUnavailable: Nothing was changed.
        """
        bound = await self.bindings.by_member(app, openid, member)
        if bound.account is None:
            raise AssertionError("a binding has an account")
        return bound.account

    async def _carry_out(
        self, work: AccountTransaction, app: App, identity: Identity, decision: rules.Decision
    ) -> Account | None:
        match decision:
            case rules.Use(account):
                return account
            case rules.Attach(account):
                await work.put_account_of_identity(identity.identity_id, account.account_id)
                return account
            case rules.Create():
                return await self._steps.create(work, app, identity)
            case _:
                return None

    async def _use(self, work: AccountTransaction, account: Account | None) -> Account | None:
        """Note that an account is in use, at most once a day."""
        now = self._clock.now()
        if account is not None and now - (account.last_used_at or account.created_at) > _DAY:
            await work.put_last_used(account.account_id, now)
            return replace(account, last_used_at=now)
        return account

    async def _settle_new(
        self, work: AccountTransaction, app: App, identity: Identity, unionid: UnionId, known: Account | None
    ) -> Resolved:
        """Note the unionid of an account just made; if another first login of it was faster, join that account."""
        own = await self._steps.account_of(work, identity)
        if known is not None:  # the person unbound this identity from it
            return replace(self._refuse(identity, own), is_new=True)
        noted = await self._steps.note_unionid(work, app, identity, unionid, is_vouched=True)
        other = await self._steps.account_by_unionid(work, app, unionid)
        if own is None or other is None or other.account_id == own.account_id:
            return Resolved(noted, own, is_new=True)
        await work.put_account_of_identity(identity.identity_id, other.account_id)
        await work.remove_account(own.account_id)
        return Resolved(replace(noted, account_id=other.account_id), enabled(other))

    def _refuse(self, identity: Identity, account: Account | None) -> Resolved:
        _LOG.warning("unionid of another account, not recorded: identity=%s", identity.identity_id)
        return Resolved(identity, account, conflict=True)
