"""Which account a login belongs to: a total table over what was found. Pure.

| identity's account | account of the unionid | policy | decision |
|---|---|---|---|
| A | none or A | any | Use A |
| A | B | any | Conflict: use A, the unionid stays B's |
| none | B | any | Attach to B |
| none | none | open | Create |
| none | none | bound | Leave: unbound |

The openid comes first: it is what WeChat vouched for in this login. Two accounts are never made one here.
"""

from __future__ import annotations

from dataclasses import dataclass

from menjin.accounts.model import Account
from menjin.apps import SignInPolicy


@dataclass(frozen=True, slots=True)
class Use:
    """The identity's own account."""

    account: Account


@dataclass(frozen=True, slots=True)
class Conflict:
    """The identity's own account; the unionid names another and is not recorded."""

    account: Account


@dataclass(frozen=True, slots=True)
class Attach:
    """The account that already has this unionid."""

    account: Account


@dataclass(frozen=True, slots=True)
class Create:
    """A new account."""


@dataclass(frozen=True, slots=True)
class Leave:
    """No account yet."""


Decision = Use | Conflict | Attach | Create | Leave


def resolve(by_openid: Account | None, by_unionid: Account | None, policy: SignInPolicy) -> Decision:
    """Decide; see the table above."""
    if by_openid is not None:
        differs = by_unionid is not None and by_unionid.account_id != by_openid.account_id
        return Conflict(by_openid) if differs else Use(by_openid)
    if by_unionid is not None:
        return Attach(by_unionid)
    return Create() if policy == "open" else Leave()


@dataclass(frozen=True, slots=True)
class Fill:
    """Give the identity's own account this external_id."""

    account: Account


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nothing may be changed: somebody else has one of the two."""


BindDecision = Use | Fill | Attach | Create | Refuse


def bind(own: Account | None, holder: Account | None, external_id: str) -> BindDecision:
    """Decide a binding to `external_id`, proved by the directory.

    Args:
        own: The identity's account, if it has one.
        holder: The account that has `external_id`, if there is one.
        external_id: The member's id in the business's own system.
    """
    if own is None:
        return Attach(holder) if holder is not None else Create()
    if own.external_id == external_id:
        return Use(own)
    if own.external_id is None and holder is None:
        return Fill(own)
    return Refuse()
