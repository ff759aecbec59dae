"""An account that loses an identity or its number has a line about it, not only the one that gets it."""

from __future__ import annotations

from menjin import ByOpenId
from menjin.values import AccountId, OpenId
from support.doors import MEMBERS
from support.town import SHOP, Person, Town


def deeds(town: Town, account_id: AccountId | None) -> list[tuple[str, str]]:
    """Return what the ledger says of an account."""
    assert account_id is not None
    lines = town.door.run(town.parts.stores.ledger.list_lines(account_id))
    return [(line.deed, line.actor) for line in lines]


def member(town: Town) -> Person:
    """Return the member `ming`, bound."""
    ming = town.person("ming").sign_in()
    ming.do("bind_by_password", "ming", MEMBERS["ming"])
    return ming


def test_a_move_is_told_on_both_sides(town: Town) -> None:
    """The account moved to is bound, the one left is unbound; moved to once more, nothing is told."""
    ming, twin = member(town), town.person("twin").sign_in()
    twin.do("bind_by_password", "hong", MEMBERS["hong"])
    left = twin.account_id
    ticket = twin.refused("bind_by_password", "ming", MEMBERS["ming"]).bind_ticket
    assert ticket is not None
    for more in ({"bind_ticket": ticket.reveal()}, {}):
        twin.do("bind_by_password", "ming", MEMBERS["ming"], **more)
    assert twin.account_id == ming.account_id
    assert deeds(town, left) == [("signed_in", "person"), ("bound", "person"), ("unbound", "person")]
    assert deeds(town, ming.account_id)[2:] == [("bound", "person")]


def test_an_operators_move_too(town: Town) -> None:
    """The same by the operator's hand; a dry run leaves no line."""
    ming, twin = member(town), town.person("twin").sign_in()
    left = twin.account_id
    reference = ByOpenId(SHOP, OpenId(twin.openid))
    for dry_run in (True, False):
        town.door.do("operator", "bind", reference, "ming", move=True, dry_run=dry_run)
    assert deeds(town, left) == [("signed_in", "person"), ("unbound", "operator")]
    assert deeds(town, ming.account_id)[2:] == [("bound", "operator")]


def test_a_number_taken_over_is_told_to_the_account_that_lost_it(town: Town) -> None:
    """After ninety days the buyer has the number: phone_changed on both sides."""
    seller = town.person("seller", number="13800138000").sign_in()
    seller.bind_phone()
    lost = seller.account_id
    town.clock.advance(days=91)
    buyer = town.person("buyer", number="13800138000")
    assert buyer.sign_in_by_phone().phone_error is None
    assert deeds(town, lost)[2:] == [("phone_changed", "person")]
    assert deeds(town, buyer.account_id)[1:] == [("phone_changed", "person")]
