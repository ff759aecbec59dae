"""What a binding does: total tables over what is shown and what is held. Pure; printed in docs/accounts.md.

A number is no proof of who somebody is: numbers are sold on. So a number alone never leads to an account that a
WeChat identity leads to, nor to one nobody used for ninety days. A password of that account does, and WeChat's word
that it is the same person.
"""

from __future__ import annotations

from dataclasses import dataclass

from menjin.accounts.model import Account
from menjin.apps import PhoneMatch
from menjin.errors import BindChoice


@dataclass(frozen=True, slots=True)
class Keep:
    """It is so already."""

    account: Account


@dataclass(frozen=True, slots=True)
class Fill:
    """The identity's own account gets what was shown; with it the member's id, where the directory knows the number."""

    account: Account
    with_member: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """The identity, which has no account, joins the holder; or a new account, where only the directory knows it."""

    account: Account | None


@dataclass(frozen=True, slots=True)
class Move:
    """The identity leaves its account for the holder, or for a new account."""

    account: Account | None


@dataclass(frozen=True, slots=True)
class TakeNumber:
    """The number goes over to the identity's own account; the holder keeps all else."""

    account: Account
    holder: Account


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody has this number, and there is no account to give it to."""


@dataclass(frozen=True, slots=True)
class AskStepUp:
    """Prove first who you are."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nothing is changed; the person may choose."""

    choices: tuple[BindChoice, ...]


BindDecision = Keep | Fill | Join | Move | TakeNumber | Unknown | AskStepUp | Refuse


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has what was shown.

    Attributes:
        account: The account; None for a member of the directory that has none with us yet.
        external_id: Its id in the business's own system.
        has_wechat: Whether a WeChat identity leads to it.
        is_same_person: Whether WeChat says, by the unionid, that it is the same person's.
        is_dormant: Whether nobody used it for ninety days.
    """

    account: Account | None
    external_id: str | None = None
    has_wechat: bool = False
    is_same_person: bool = False
    is_dormant: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What the person shows beside the thing itself.

    Attributes:
        is_member: Whether they proved, by password, to be the member whose account the holder is.
        is_stepped_up: Whether they proved who they are in the last ten minutes.
        is_confirmed: Whether they were asked, and said yes: by a bind_ticket.
    """

    is_member: bool = False
    is_stepped_up: bool = False
    is_confirmed: bool = False


def bind_member(own: Account | None, holder: Account | None, external_id: str, shown: Shown) -> BindDecision:
    """Decide a binding to `external_id`, whose password was proved.

    Args:
        own: The identity's account, if it has one.
        holder: The account that has `external_id`, if there is one.
        external_id: The member's id in the business's own system.
        shown: What else was shown; `is_member` is taken for granted.
    """
    if own is None:
        return Join(holder)
    if own.external_id == external_id:
        return Keep(own)
    if own.external_id is None and holder is None:
        return Fill(own)
    if not shown.is_confirmed:
        return Refuse(("sign_in_as_other", "move_with_password", "ask_operator"))
    return Move(holder) if shown.is_stepped_up else AskStepUp()


def bind_phone(
    own: Account | None, holder: Holder | None, shown: Shown, policy: PhoneMatch, *, is_same_number: bool = False
) -> BindDecision:
    """Decide a binding by a verified number.

    Args:
        own: The identity's account, if it has one.
        holder: Who has the number, if anybody has.
        shown: What was shown beside it.
        policy: The app's.
        is_same_number: Whether the number is `own`'s already.
    """
    if own is not None and is_same_number:
        return Keep(own)
    if holder is None:
        return _give(own, shown)
    if own is None:
        return Join(holder.account) if shown.is_member else _join(holder, shown, policy)
    return _meet(own, holder, shown, policy)


def _meet(own: Account, holder: Holder, shown: Shown, policy: PhoneMatch) -> BindDecision:
    """Somebody with an account has the number of another."""
    if shown.is_member:
        return Move(holder.account) if shown.is_stepped_up else AskStepUp()
    if holder.account is None:
        return _fill(own, holder, shown, policy)
    if holder.is_dormant and not holder.is_same_person:
        return TakeNumber(own, holder.account) if shown.is_stepped_up else AskStepUp()
    return Refuse(_choices(holder))


def _give(own: Account | None, shown: Shown) -> BindDecision:
    """Nobody has the number. A first one is given; to change it takes a step-up."""
    if own is None:
        return Unknown()
    return Fill(own) if own.phone is None or shown.is_stepped_up else AskStepUp()


def _join(holder: Holder, shown: Shown, policy: PhoneMatch) -> BindDecision:
    """Somebody without an account has the holder's number, and no password."""
    if holder.is_same_person:
        return Join(holder.account)
    if policy == "never" or holder.has_wechat or holder.is_dormant:
        return Refuse(_choices(holder))
    if policy == "bind" or shown.is_confirmed:
        return Join(holder.account)
    return Refuse(("confirm", *_choices(holder)))


def _fill(own: Account, holder: Holder, shown: Shown, policy: PhoneMatch) -> BindDecision:
    """Somebody with an account has the number of a member of the directory that has none with us."""
    given = _give(own, shown)
    if own.external_id is not None or policy == "never" or isinstance(given, AskStepUp):
        return given
    if policy == "bind" or shown.is_confirmed:
        return Fill(own, with_member=True)
    return Refuse(("confirm", *_choices(holder)))


def _choices(holder: Holder) -> tuple[BindChoice, ...]:
    other: tuple[BindChoice, ...] = ("sign_in_as_other",) if holder.has_wechat else ()
    password: tuple[BindChoice, ...] = ("move_with_password",) if holder.external_id is not None else ()
    return (*other, *password, "ask_operator")
