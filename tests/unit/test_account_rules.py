"""Every cell of both decision tables."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from menjin.accounts.model import Account
from menjin.accounts.rules import Attach, Conflict, Create, Fill, Leave, Refuse, Use, bind, resolve
from menjin.apps import SignInPolicy
from menjin.values import AccountId
from support.clock import START

A = Account(AccountId("acc_a"), "default", None, START)
B = Account(AccountId("acc_b"), "default", "b", START)
A_AGAIN = replace(A)
POLICIES: tuple[SignInPolicy, ...] = get_args(SignInPolicy)


@pytest.mark.parametrize("policy", POLICIES)
def test_resolve_where_the_policy_has_no_say(policy: SignInPolicy) -> None:
    """The openid's account comes first, the unionid's is attached, and two are a conflict."""
    assert resolve(A, None, policy) == Use(A)
    assert resolve(A, A_AGAIN, policy) == Use(A)
    assert resolve(A, B, policy) == Conflict(A)
    assert resolve(B, A, policy) == Conflict(B)
    assert resolve(None, B, policy) == Attach(B)


def test_resolve_where_nothing_is_known() -> None:
    """An open app makes an account, a bound one waits."""
    assert resolve(None, None, "open") == Create()
    assert resolve(None, None, "bound") == Leave()


def test_resolve_is_total_and_never_merges() -> None:
    """Every combination is decided, and never for an account other than the openid's, if it has one."""
    for own, other, policy in product((None, A, B), (None, A, B), POLICIES):
        decision = resolve(own, other, policy)
        assert isinstance(decision, (Use, Conflict, Attach, Create, Leave))
        if own is not None:
            assert getattr(decision, "account", None) is own


@pytest.mark.parametrize(
    ("own", "holder", "decision"),
    [
        (None, None, Create()),
        (None, B, Attach(B)),
        (A, None, Fill(A)),
        (A, B, Refuse()),
        (B, B, Use(B)),
        (replace(A, external_id="a"), None, Refuse()),
        (replace(A, external_id="a"), B, Refuse()),
    ],
)
def test_bind(own: Account | None, holder: Account | None, decision: object) -> None:
    """Attach to the member's account, fill a free one, use one's own; whatever else is refused."""
    assert bind(own, holder, "b") == decision
