"""Every cell of the decision tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import get_args

import pytest

from menjin.accounts.binding import (
    AskStepUp,
    BindDecision,
    Fill,
    Holder,
    Join,
    Keep,
    Move,
    Refuse,
    Shown,
    TakeNumber,
    Unknown,
    bind_member,
    bind_phone,
)
from menjin.accounts.model import Account
from menjin.accounts.phone import Phone, parse_phone
from menjin.accounts.rules import Attach, Conflict, Create, Leave, Occasion, Stale, Use, resolve
from menjin.apps import PhoneMatch, SignInPolicy
from menjin.values import AccountId
from support.clock import START

A = Account(AccountId("acc_a"), "default", None, START)
B = Account(AccountId("acc_b"), "default", "b", START)
A_AGAIN = replace(A)
WITH_PHONE = replace(A, phone=Phone("86", "13800138000"))
POLICIES: tuple[SignInPolicy, ...] = get_args(SignInPolicy)
MATCHES: tuple[PhoneMatch, ...] = get_args(PhoneMatch)
OCCASIONS: tuple[Occasion, ...] = get_args(Occasion)
BOTH = (False, True)
OWNS: tuple[Account | None, ...] = (None, A, WITH_PHONE)


@pytest.mark.parametrize("policy", POLICIES)
def test_resolve_where_the_policy_has_no_say(policy: SignInPolicy) -> None:
    """The openid's account comes first, the unionid's is attached, and two are a conflict."""
    assert resolve(A, None, policy) == Use(A)
    assert resolve(A, A_AGAIN, policy) == Use(A)
    assert resolve(A, B, policy) == Conflict(A)
    assert resolve(B, A, policy) == Conflict(B)
    assert resolve(None, B, policy) == Attach(B)


def test_resolve_where_nothing_is_known() -> None:
    """An open app makes an account, a bound one waits, and no word outside a login makes one."""
    assert resolve(None, None, "open") == Create()
    assert resolve(None, None, "bound") == Leave()
    assert resolve(None, None, "open", "word") == Leave()
    assert resolve(None, None, "open", "user_data") == Leave()


def test_resolve_is_total_and_never_merges() -> None:
    """Every combination is decided, and never for an account other than the openid's, if it has one."""
    people = (None, A, B)
    for own, other, policy, occasion, session, detached in product(people, people, POLICIES, OCCASIONS, people, BOTH):
        decision = resolve(own, other, policy, occasion, session, is_detached=detached)
        assert isinstance(decision, (Use, Conflict, Attach, Create, Leave, Stale))
        if own is not None and not isinstance(decision, Stale):
            assert getattr(decision, "account", None) is own
        if isinstance(decision, Attach):
            assert (own, session) == (None, None)
            assert occasion != "user_data"
            assert not detached


def test_a_ciphertexts_unionid_attaches_nobody() -> None:
    """What a phone handed on can be forged: another account's unionid in it is a conflict, also for the unbound."""
    assert resolve(None, B, "bound", "user_data") == Conflict(None)
    assert resolve(None, B, "bound", "word") == Attach(B)


def test_a_session_of_another_account_records_nothing() -> None:
    """Whoever was moved, or unbound, since the session was issued does not speak for the old account."""
    assert resolve(A, None, "open", "word", B) == Stale()
    assert resolve(None, B, "open", "word", B) == Stale()
    assert resolve(A, None, "open", "word", A_AGAIN) == Use(A)


def test_who_unbound_stays_so() -> None:
    """A unionid does not lead an identity back to the account its person left."""
    assert resolve(None, B, "bound", is_detached=True) == Leave()
    assert resolve(None, B, "open", is_detached=True) == Create()


REFUSED = Refuse(("sign_in_as_other", "move_with_password", "ask_operator"))
YES = Shown(is_member=True, is_stepped_up=True, is_confirmed=True)


@pytest.mark.parametrize(
    ("own", "holder", "shown", "decision"),
    [
        (None, None, Shown(), Join(None)),
        (None, B, Shown(), Join(B)),
        (A, None, Shown(), Fill(A)),
        (A, B, Shown(), REFUSED),
        (A, B, Shown(is_confirmed=True), AskStepUp()),
        (A, B, YES, Move(B)),
        (B, B, Shown(), Keep(B)),
        (replace(A, external_id="a"), None, Shown(is_stepped_up=True), REFUSED),
        (replace(A, external_id="a"), None, YES, Move(None)),
        (replace(A, external_id="a"), B, Shown(), REFUSED),
    ],
)
def test_bind_member(own: Account | None, holder: Account | None, shown: Shown, decision: BindDecision) -> None:
    """Join the member's account, fill one's own; to leave one's own for it takes a ticket and a fresh proof."""
    assert bind_member(own, holder, "b", shown) == decision


def test_a_number_nobody_has_is_given() -> None:
    """The first number is given, another takes a fresh proof, and without an account there is none to give it to."""
    assert bind_phone(A, None, Shown(), "never") == Fill(A)
    assert bind_phone(WITH_PHONE, None, Shown(), "bind") == AskStepUp()
    assert bind_phone(WITH_PHONE, None, Shown(is_stepped_up=True), "never") == Fill(WITH_PHONE)
    assert bind_phone(WITH_PHONE, None, Shown(), "never", is_same_number=True) == Keep(WITH_PHONE)
    assert bind_phone(None, None, YES, "bind") == Unknown()


def test_a_member_of_the_directory_with_this_number() -> None:
    """A member without an account with us is joined as the policy says, and never over another member's id."""
    member = Holder(None, "m")
    asked = Refuse(("confirm", "move_with_password", "ask_operator"))
    for own, done in ((None, Join(None)), (A, Fill(A, with_member=True))):
        assert bind_phone(own, member, Shown(), "bind") == done
        assert bind_phone(own, member, Shown(), "confirm") == asked
        assert bind_phone(own, member, Shown(is_confirmed=True), "confirm") == done
    assert bind_phone(None, member, Shown(is_confirmed=True), "never") == Refuse(("move_with_password", "ask_operator"))
    assert bind_phone(A, member, Shown(is_confirmed=True), "never") == Fill(A)
    bound = replace(A, external_id="a")
    assert bind_phone(bound, member, Shown(is_confirmed=True), "bind") == Fill(bound)


def test_a_number_alone_never_leads_to_an_account_in_use_or_forgotten() -> None:
    """Into an account that a WeChat identity leads to, or a dormant one, by WeChat's word or a password only."""
    flags = product(*[BOTH] * 6)
    for own, policy, (member, stepped_up, confirmed, has_wechat, same, dormant) in product(OWNS, MATCHES, flags):
        holder = Holder(B, "b", has_wechat=has_wechat, is_same_person=same, is_dormant=dormant)
        decision = bind_phone(own, holder, Shown(member, stepped_up, confirmed), policy)
        if isinstance(decision, (Join, Move)):
            assert decision.account is B
            assert member or same or not (has_wechat or dormant)
            assert member or same or policy == "bind" or (policy == "confirm" and confirmed)
        if isinstance(decision, Move):
            assert (member, stepped_up) == (True, True)
        if isinstance(decision, TakeNumber):
            assert (decision.account, decision.holder) == (own, B)
            assert (dormant, stepped_up) == (True, True)
        if isinstance(decision, Refuse):
            assert decision.choices[-1] == "ask_operator"


def test_dormant_is_over_ninety_days() -> None:
    """Counted from the last sign-in, or from when the account was made; ninety days exactly are not over."""
    assert not A.is_dormant(START + timedelta(days=90))
    assert A.is_dormant(START + timedelta(days=90, microseconds=1))
    assert not replace(A, last_used_at=START + timedelta(days=1)).is_dormant(START + timedelta(days=91))


def test_a_phone_number_hides_itself() -> None:
    """It is shown masked, never whole in a repr, and comes back from what a store seals."""
    phone = Phone("86", "13800138000")
    assert (phone.e164, phone.masked) == ("+8613800138000", "+86 138****8000")
    assert Phone("65", "61234567").masked == "+65 61****67"
    assert Phone("290", "22158").masked == "+290 ****58"
    assert "13800138000" not in repr(phone)
    assert parse_phone(phone.to_text()) == phone
    for country, national in (
        ("", "13800138000"),
        ("086", "13800138000"),
        ("86", "138-00"),
        ("86", "１３８００１３８０００"),
    ):
        with pytest.raises(ValueError, match="not a phone number"):
            Phone(country, national)
