"""An account, an identity, and what a login resolves to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from menjin.values import AccountId, AppId, IdentityId, OpenId, UnionId


@dataclass(frozen=True, slots=True)
class Account:
    """One person of ours.

    Attributes:
        external_id: Its id in the business's own system; None until bound.
    """

    account_id: AccountId
    realm: str
    external_id: str | None
    created_at: datetime
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """One (appid, openid), with its unionid once known, and its account once bound."""

    identity_id: IdentityId
    appid: AppId
    openid: OpenId
    unionid: UnionId | None
    account_id: AccountId | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who logged in.

    Attributes:
        account: None while unbound.
        is_new: Whether this login made the account.
        conflict: Whether the unionid names another account; the identity's own was used.
    """

    identity: Identity
    account: Account | None
    is_new: bool = False
    conflict: bool = False
