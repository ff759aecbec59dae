"""An account, an identity, and what a login or a binding comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from menjin.accounts.phone import Phone
from menjin.values import AccountId, AppId, IdentityId, OpenId, UnionId

DORMANT_AFTER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Account:
    """One person of ours.

    Attributes:
        external_id: Its id in the business's own system; None until bound.
        phone: The number that was verified to be its person's.
        last_used_at: When somebody last signed in to it, a day exactly; None: never since it was made.
        successor_id: The account its person went on to, leaving nothing behind that leads here.
    """

    account_id: AccountId
    realm: str
    external_id: str | None
    created_at: datetime
    disabled: bool = False
    phone: Phone | None = None
    last_used_at: datetime | None = None
    successor_id: AccountId | None = None

    def is_dormant(self, now: datetime) -> bool:
        """Whether nobody signed in for over ninety days: its number may have been sold on since."""
        return now - (self.last_used_at or self.created_at) > DORMANT_AFTER


@dataclass(frozen=True, slots=True)
class Identity:
    """One (appid, openid), with its unionid once known, and its account once bound.

    Attributes:
        is_unionid_vouched: Whether WeChat itself said the unionid, not a ciphertext the phone handed on.
        is_detached: Whether the person unbound it: only a binding leads it to an account that others have.
    """

    identity_id: IdentityId
    appid: AppId
    openid: OpenId
    unionid: UnionId | None
    account_id: AccountId | None
    created_at: datetime
    is_unionid_vouched: bool = False
    is_detached: bool = False

    @property
    def vouched_unionid(self) -> UnionId | None:
        """The unionid, if it is WeChat's own word."""
        return self.unionid if self.is_unionid_vouched else None


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who logged in.

    Attributes:
        account: None while unbound.
        is_new: Whether this login made the account.
        conflict: Whether the unionid names another account; the identity's own was used.
        was_attached: Whether the identity was known, had no account, and has one now: its other sessions do not know.
    """

    identity: Identity
    account: Account | None
    is_new: bool = False
    conflict: bool = False
    was_attached: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """What a binding came to.

    Attributes:
        account: The identity's account from now on; None after an unbinding.
        deed: What was done, for events: bound, moved, phone_changed, phone_taken_over, unbound or kept.
        stale: Other identities whose sessions say what is no longer so.
        is_new: Whether the account was made for it.
        loser: The account that the identity was taken from, or the number.
    """

    account: Account | None
    deed: str
    stale: tuple[IdentityId, ...] = ()
    is_new: bool = False
    loser: AccountId | None = None
