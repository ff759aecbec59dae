"""The steps that logging in and binding have in common, each inside the caller's transaction."""

from __future__ import annotations

from dataclasses import replace

from menjin.accounts.model import Account, Identity
from menjin.accounts.store import AccountTransaction
from menjin.apps import App, Apps
from menjin.clock import Clock, Randomness
from menjin.errors import AccountDisabled
from menjin.values import AccountId, IdentityId, OpenId, UnionId, new_id


class Steps:
    """The steps.

    Args:
        apps: All of them, so that a unionid noted before its app was said to be bound to an Open Platform account is
            found all the same.
    """

    def __init__(self, clock: Clock, randomness: Randomness, apps: Apps | None = None) -> None:
        self.clock = clock
        self._randomness = randomness
        self._apps = apps

    def new_identity(self, app: App, openid: OpenId) -> Identity:
        """Return an identity that nobody knows yet."""
        now = self.clock.now()
        identity_id = IdentityId(new_id("idn_", now, self._randomness.random_bytes(10)))
        return Identity(identity_id, app.appid, openid, None, None, now)

    async def create(
        self, work: AccountTransaction, app: App, identity: Identity, external_id: str | None = None
    ) -> Account:
        """Make an account for an identity; the one that has `external_id`, if somebody was faster.

        Raises:
            AccountDisabled: That one is disabled.
        """
        now = self.clock.now()
        account_id = AccountId(new_id("acc_", now, self._randomness.random_bytes(10)))
        account = await work.add_account(Account(account_id, app.realm, external_id, now))
        await work.put_account_of_identity(identity.identity_id, enabled_account(account).account_id)
        return account

    async def account_of(self, work: AccountTransaction, identity: Identity) -> Account | None:
        """Return an identity's account."""
        return await work.find_account(identity.account_id) if identity.account_id else None

    async def account_by_unionid(self, work: AccountTransaction, app: App, unionid: UnionId | None) -> Account | None:
        """Return the account a unionid belongs to, as far as this app may know."""
        if unionid is None or app.open_platform is None:
            return None
        held = await work.find_account_by_unionid(app.realm, app.open_platform, unionid)
        sisters = self._apps.list_sisters(app) if self._apps is not None else ()
        return held if held is not None or not sisters else await work.find_account_by_noted_unionid(sisters, unionid)

    async def note_unionid(
        self, work: AccountTransaction, app: App, identity: Identity, unionid: UnionId | None, *, is_vouched: bool
    ) -> Identity:
        """Note an identity's unionid; if WeChat said it, it belongs to the identity's account from now on.

        What a ciphertext said never replaces what WeChat said, and belongs to nobody.
        """
        if unionid is None or (identity.is_unionid_vouched and not is_vouched):
            return identity
        if identity.unionid != unionid or identity.is_unionid_vouched != is_vouched:
            await work.put_unionid(identity.identity_id, unionid, is_vouched=is_vouched)
        if is_vouched and identity.account_id is not None and app.open_platform is not None:
            await work.hold_unionid(app.realm, app.open_platform, unionid, identity.account_id)
        return replace(identity, unionid=unionid, is_unionid_vouched=is_vouched)


def enabled_account(account: Account) -> Account:
    """Return the account.

    Raises:
        AccountDisabled: An operator disabled it.
    """
    if account.disabled:
        raise AccountDisabled
    return account


def enabled(account: Account | None) -> Account | None:
    """Return the account, or None.

    Raises:
        AccountDisabled: An operator disabled it.
    """
    return enabled_account(account) if account is not None else None
