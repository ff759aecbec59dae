"""The decision tables of accounts, printed by asking the rules themselves, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from typing import Literal, get_args

from menjin.accounts import binding, rules
from menjin.accounts.binding import Holder, Shown
from menjin.accounts.model import Account
from menjin.accounts.phone import Phone
from menjin.accounts.rules import Occasion
from menjin.apps import PhoneMatch, SignInPolicy
from menjin.values import AccountId

_MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
A = Account(AccountId("A"), "default", None, _MADE_AT)
B = Account(AccountId("B"), "default", "b", _MADE_AT)
_BOTH = (False, True)
_POLICIES: tuple[SignInPolicy, ...] = get_args(SignInPolicy)
_MATCHES: tuple[PhoneMatch, ...] = get_args(PhoneMatch)
_OCCASIONS: tuple[Occasion, ...] = get_args(Occasion)

Sameness = Literal["same", "other", "none"]


def print_resolve() -> str:
    """Return the table of `rules.resolve`."""
    rows = []
    people = (None, A, B)
    for own, other, session, occasion in product((None, A), people, people, _OCCASIONS):
        if occasion == "login" and session is not None:
            continue  # a login has no session yet
        told = [_tell(rules.resolve(own, other, policy, occasion, session)) for policy in _POLICIES]
        detached = [
            _tell(rules.resolve(own, other, policy, occasion, session, is_detached=True)) for policy in _POLICIES
        ]
        cells = (_name(own), _name(other), _name(session), occasion, *told, "; ".join(dict.fromkeys(detached)))
        rows.append(cells)
    head = (
        "openid's account",
        "unionid's account",
        "signed in as",
        "said in",
        "open app",
        "bound app",
        "after unbinding",
    )
    return _table(head, _merge(rows, 3))


def print_bind_member() -> str:
    """Return the table of `binding.bind_member`."""
    rows = []
    mine = replace(A, external_id="b")
    for own, holder in ((None, None), (None, B), (mine, None), (A, None), (A, B), (replace(A, external_id="a"), B)):
        for confirmed, stepped_up in product(_BOTH, _BOTH):
            shown = Shown(is_member=True, is_stepped_up=stepped_up, is_confirmed=confirmed)
            decision = binding.bind_member(own, mine if own is mine else holder, "b", shown)
            cells = (_describe(own), _name(holder), _yes(said=confirmed), _yes(said=stepped_up), _tell(decision))
            rows.append(cells)
    head = ("own account", "member's account", "bind_ticket", "fresh proof", "what happens")
    return _table(head, _merge(_merge(rows, 3), 2))


def print_bind_phone() -> str:
    """Return the table of `binding.bind_phone`, where neither password nor WeChat's word is shown."""
    rows = []
    with_phone = replace(A, phone=Phone("86", "13800138000"))
    holders = {
        "nobody": None,
        "a member without an account": Holder(None, "b"),
        "B, no WeChat identity": Holder(B, "b"),
        "B, no WeChat identity, dormant": Holder(B, "b", is_dormant=True),
        "B, another's WeChat identity": Holder(B, "b", has_wechat=True),
        "B, another's WeChat identity, dormant": Holder(B, "b", has_wechat=True, is_dormant=True),
        "B, by unionid the same person's": Holder(B, "b", has_wechat=True, is_same_person=True),
    }
    owns = {"none": None, "A": A, "A with a number": with_phone}
    for (holder_name, holder), (own_name, own), confirmed, stepped_up in product(
        holders.items(), owns.items(), _BOTH, _BOTH
    ):
        shown = Shown(is_stepped_up=stepped_up, is_confirmed=confirmed)
        told = [_tell(binding.bind_phone(own, holder, shown, policy)) for policy in _MATCHES]
        rows.append((holder_name, own_name, _yes(said=confirmed), _yes(said=stepped_up), *told))
    head = ("who has the number", "own account", "confirmed", "fresh proof", *(f"`{match}`" for match in _MATCHES))
    return _table(head, _merge(_merge(rows, 3), 2))


@dataclass(frozen=True, slots=True)
class Cell:
    """Somebody shows the number of the victim's account, which has a password and the victim's WeChat identity.

    Attributes:
        openid: Whether it is the victim's.
        unionid: The same; none where WeChat says none.
        is_dormant: Whether the victim did not sign in for ninety days.
        knows_password: Whether they know the victim's password, and go on by it after a conflict.
        is_stepped_up: Whether their session is younger than ten minutes.
    """

    openid: Sameness
    unionid: Sameness
    is_dormant: bool
    knows_password: bool
    is_stepped_up: bool


def cells() -> Iterator[Cell]:
    """Return every cell of the take-over table."""
    openids: tuple[Sameness, ...] = ("same", "other")
    unionids: tuple[Sameness, ...] = ("same", "other", "none")
    for values in product(openids, unionids, _BOTH, _BOTH, _BOTH):
        yield Cell(*values)


def decide(cell: Cell, policy: SignInPolicy) -> str:
    """Return what becomes of a cell, in an app of this policy: sign in, show the number, go on by password if known."""
    victim = replace(B, phone=Phone("86", "13800138000"))
    stranger = Account(AccountId("C"), "default", None, _MADE_AT)
    by_openid = victim if cell.openid == "same" else None
    held_by_another = cell.openid == "same" and cell.unionid == "other"
    by_unionid = victim if cell.unionid == "same" else stranger if held_by_another else None
    signed_in = rules.resolve(by_openid, by_unionid, policy)
    own = A if isinstance(signed_in, rules.Create) else getattr(signed_in, "account", None)
    if own is victim:
        how = "its openid" if cell.openid == "same" else "WeChat's word (unionid)"
        return f"in the victim's account at login, by {how}"
    holder = Holder(victim, "b", has_wechat=True, is_dormant=cell.is_dormant)
    decision = binding.bind_phone(own, holder, Shown(is_stepped_up=cell.is_stepped_up), "bind")
    if isinstance(decision, binding.Refuse) and cell.knows_password:
        shown = Shown(is_member=True, is_stepped_up=cell.is_stepped_up, is_confirmed=True)
        return f"409, then with the password: {_tell(binding.bind_phone(own, holder, shown, 'bind'))}"
    return _tell(decision)


def print_take_over() -> str:
    """Return the take-over table."""
    rows = []
    for cell in cells():
        told = [decide(cell, policy) for policy in _POLICIES]
        life = "dormant" if cell.is_dormant else "active"
        known, fresh = _yes(said=cell.knows_password), _yes(said=cell.is_stepped_up)
        rows.append((cell.openid, cell.unionid, life, known, fresh, *told))
    return _table(("openid", "unionid", "account", "password", "fresh proof", "open app", "bound app"), rows)


def _tell(decision: rules.Decision | binding.BindDecision) -> str:
    """Return a decision in words."""
    account = getattr(decision, "account", None)
    name = account.account_id if account is not None else None
    if isinstance(decision, binding.Refuse):
        return f"409: {', '.join(decision.choices)}"
    if isinstance(decision, binding.Fill) and decision.with_member:
        return "the own account gets number and member's id"
    by_kind: dict[type, str] = {
        rules.Use: f"use {name}",
        rules.Conflict: f"conflict: {f'use {name}' if name else 'none'}, not recorded",
        rules.Attach: f"**attach to {name}**",
        rules.Create: "a new account",
        rules.Leave: "none yet",
        rules.Stale: "401 session_expired",
        binding.Keep: "so already",
        binding.Fill: "the own account gets it",
        binding.Join: f"**joins {name}**" if name else "**joins** a new account",
        binding.Move: f"**moves to {name}**" if name else "**moves** to a new account",
        binding.TakeNumber: "the own account takes the number, nothing else",
        binding.Unknown: "409 account_not_found",
        binding.AskStepUp: "403 step_up_required",
    }
    return by_kind[type(decision)]


def _name(account: Account | None) -> str:
    return "none" if account is None else account.account_id


def _describe(account: Account | None) -> str:
    if account is None:
        return "none"
    return {None: "A, unbound", "b": "A, bound to the member"}.get(account.external_id, "A, bound to another member")


def _yes(*, said: bool) -> str:
    return "yes" if said else "no"


def _merge(rows: Iterable[tuple[str, ...]], column: int) -> list[tuple[str, ...]]:
    """Return the rows with `any` in a column where every value there comes to the same."""
    rows = list(rows)
    values = {row[column] for row in rows}
    groups: dict[tuple[str, ...], set[str]] = {}
    for row in rows:
        groups.setdefault((*row[:column], *row[column + 1 :]), set()).add(row[column])
    merged = []
    for row in rows:
        whole = groups[*row[:column], *row[column + 1 :]] == values
        line = (*row[:column], "any", *row[column + 1 :]) if whole else row
        if line not in merged:
            merged.append(line)
    return merged


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
