"""Which account a login belongs to: a total table over what was found. Pure; printed in docs/accounts.md.

The openid comes first: it is what WeChat vouched for in this login. A unionid leads to an account only on WeChat's
own word. Two accounts are never made one here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from menjin.accounts.model import Account
from menjin.apps import SignInPolicy

# login: WeChat named the person in this very login. word: WeChat, or somebody the operator trusts, named the unionid
# of a person at another moment. user_data: it stood in a ciphertext that the phone handed on.
Occasion = Literal["login", "word", "user_data"]


@dataclass(frozen=True, slots=True)
class Use:
    """The identity's own account."""

    account: Account


@dataclass(frozen=True, slots=True)
class Conflict:
    """The identity's own account, or none; the unionid names another and is not recorded."""

    account: Account | None


@dataclass(frozen=True, slots=True)
class Attach:
    """The account that has what was shown."""

    account: Account


@dataclass(frozen=True, slots=True)
class Create:
    """A new account."""


@dataclass(frozen=True, slots=True)
class Leave:
    """No account yet."""


@dataclass(frozen=True, slots=True)
class Stale:
    """The session speaks for an account that is not the identity's any more: nothing is recorded."""


Decision = Use | Conflict | Attach | Create | Leave | Stale


def resolve(
    by_openid: Account | None,
    by_unionid: Account | None,
    policy: SignInPolicy,
    occasion: Occasion = "login",
    signed_in_as: Account | None = None,
    *,
    is_detached: bool = False,
) -> Decision:
    """Decide.

    Args:
        by_openid: The identity's account.
        by_unionid: The account that has the unionid, if one is known.
        policy: The app's.
        occasion: Who says the unionid, and when.
        signed_in_as: The account of the session in which it was said; None in a login, or while unbound.
        is_detached: Whether the person unbound this identity.
    """
    if signed_in_as is not None and not _same(signed_in_as, by_openid):
        return Stale()
    if by_openid is not None:
        return Use(by_openid) if by_unionid is None or _same(by_unionid, by_openid) else Conflict(by_openid)
    if by_unionid is not None and occasion == "user_data":
        return Conflict(None)
    if by_unionid is not None and not is_detached:
        return Attach(by_unionid)
    return Create() if occasion == "login" and policy == "open" else Leave()


def _same(one: Account, other: Account | None) -> bool:
    return other is not None and one.account_id == other.account_id
