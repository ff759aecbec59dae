"""Binding by password and by phone, parting again, and what each does to sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from menjin.apps import PhoneMatch
from menjin.errors import BindingConflict, KickedOut, SessionExpired, SessionRotated
from support.doors import DIRECTORY, MEMBERS
from support.town import ABROAD, DESK, MALL, SHOP, PhoneDirectory, Town

MING, HONG = "13800138000", "13900139000"
MakeTown = Callable[..., Town]


def test_the_first_number_is_bound_and_shown_masked(town: Town) -> None:
    """A tap binds the number to the person's account; the session rotates and shows it masked, whoever asks."""
    ming = town.person("ming", number=MING).sign_in()
    old, account = ming.token, ming.account_id
    done = ming.bind_phone()
    assert (done.account.id, done.account.phone_masked) == (account, "+86 138****8000")
    assert town.door.authenticate(ming.token).account.phone_masked == "+86 138****8000"
    with pytest.raises(SessionRotated):
        town.door.authenticate(old)
    assert town.person("ming").sign_in().do("authenticate").account.phone_masked == "+86 138****8000"
    assert town.heard.names()[:2] == ["signed_in", "bound"]


def test_a_number_verified_in_the_session_binds_without_another_tap(town: Town) -> None:
    """A tap is paid for: for ten minutes the number it gave binds without a code, in this session only."""
    ming = town.person("ming", number=MING).sign_in()
    assert ming.code_of("bind_by_phone") == "verified_phone_required"
    ming.do("phone_by_code", town.wechat.tap("ming", SHOP))
    assert town.person("ming").sign_in().code_of("bind_by_phone") == "verified_phone_required"
    town.clock.advance(seconds=599)
    assert ming.do("bind_by_phone").account.phone_masked == "+86 138****8000"
    ming.do("phone_by_code", town.wechat.tap("ming", SHOP))
    town.clock.advance(seconds=601)
    assert ming.code_of("bind_by_phone") == "verified_phone_required"


def test_a_ciphertext_binds_only_if_wechat_vouches_for_it(town: Town) -> None:
    """The same number, opened from a ciphertext WeChat does not know, is shown and never bound."""
    ming = town.person("ming", number=MING).sign_in()
    forged = ming.seal_phone(genuine=False)
    assert ming.code_of("bind_by_phone", encrypted=forged) == "stale_session_key"
    assert ming.do("open_phone", *forged).national_number == MING
    assert ming.code_of("bind_by_phone") == "verified_phone_required"
    town.clock.advance(seconds=1)
    genuine = ming.seal_phone(genuine=True)
    assert ming.do("bind_by_phone", encrypted=genuine).account.phone_masked == "+86 138****8000"


def test_other_sessions_of_the_identity_end(town: Town) -> None:
    """Binding ends the identity's other sessions as expired, so that they log in silently; nobody else's."""
    ming, tablet = (town.person("ming", number=MING).sign_in() for _ in range(2))
    hong = town.person("hong").sign_in()
    ming.bind_phone()
    with pytest.raises(SessionExpired):
        town.door.authenticate(tablet.token)
    assert hong.account_id != ming.account_id


def test_a_session_that_must_bind_can_do_nothing_else(town: Town) -> None:
    """In a bound app the session has no account, user data is refused, and a binding opens the door."""
    ming = town.person("ming", DESK, MING).sign_in()
    assert ming.account_id is None
    assert ming.code_of("open_user_info", signed=("{}", "0" * 40)) == "binding_required"
    assert ming.code_of("step_up_by_password", "ming", "x") == "binding_required"
    assert ming.code_of("step_up_by_phone_code", town.wechat.tap("ming", DESK)) == "binding_required"
    assert ming.code_of("unbind") == "binding_required"
    assert ming.code_of("bind_by_phone", town.wechat.tap("ming", DESK)) == "account_not_found"
    assert ming.do("bind_by_password", "ming", MEMBERS["ming"]).account.external_id == "ming"
    assert ming.code_of("open_user_info", signed=("{}", "0" * 40)) == "stale_session_key"


def test_the_number_survives_a_binding_that_found_nobody(town: Town) -> None:
    """After account_not_found the number counts as verified still: the person binds otherwise, then keeps it."""
    ming = town.person("ming", DESK, MING).sign_in()
    assert ming.code_of("bind_by_phone", town.wechat.tap("ming", DESK)) == "account_not_found"
    ming.do("bind_by_password", "ming", MEMBERS["ming"])
    assert ming.do("bind_by_phone").account.phone_masked == "+86 138****8000"


@pytest.mark.parametrize(
    ("policy", "first", "second"),
    [("bind", "ok", "ok"), ("confirm", "binding_conflict", "ok"), ("never", "binding_conflict", "binding_conflict")],
)
def test_phone_match_policies(make_town: MakeTown, policy: PhoneMatch, first: str, second: str) -> None:
    """A member of the directory without an account is bound at once, once confirmed, or never, by a number alone."""
    directory = PhoneDirectory(DIRECTORY, {f"+86{MING}": "ming"})
    town = make_town((replace(DESK, phone_match=policy),), directory=directory)
    ming = town.person("ming", DESK, MING).sign_in()
    code = town.wechat.tap("ming", DESK)
    if first == "ok":
        assert ming.do("bind_by_phone", code).account.external_id == "ming"
        return
    conflict = ming.refused("bind_by_phone", code)
    assert conflict.choices == (*(("confirm",) if policy == "confirm" else ()), "move_with_password", "ask_operator")
    assert conflict.bind_ticket is not None
    again = ming.code_of("bind_by_phone", bind_ticket=conflict.bind_ticket.reveal())
    assert again == (second if second == "ok" else "bind_ticket_invalid")
    if second == "ok":
        account = town.door.authenticate(ming.token).account
        assert (account.external_id, account.phone_masked) == ("ming", "+86 138****8000")


def test_an_open_account_gets_the_members_id(make_town: MakeTown) -> None:
    """In an open app a number that the directory knows fills the account's external_id, once confirmed."""
    town = make_town(directory=PhoneDirectory(DIRECTORY, {f"+86{MING}": "ming"}))
    ming = town.person("ming", number=MING).sign_in()
    account = ming.account_id
    ticket = ming.refused("bind_by_phone", town.wechat.tap("ming", SHOP)).bind_ticket
    assert ticket is not None
    done = ming.do("bind_by_phone", bind_ticket=ticket.reveal())
    assert (done.account.id, done.account.external_id) == (account, "ming")


def test_a_ticket_is_good_once_here_and_now(make_town: MakeTown) -> None:
    """It is tied to its session and its choices, good for ten minutes, and for one binding."""
    town = make_town((DESK,), directory=PhoneDirectory(DIRECTORY, {f"+86{MING}": "ming"}))
    ming, tablet = (town.person("ming", DESK, MING).sign_in() for _ in range(2))

    def ticket() -> str:
        found = ming.refused("bind_by_phone", town.wechat.tap("ming", DESK)).bind_ticket
        assert found is not None
        return found.reveal()

    first = ticket()
    assert tablet.code_of("bind_by_phone", bind_ticket=first) == "bind_ticket_invalid"
    assert ming.code_of("bind_by_phone", bind_ticket="mjb_" + "A" * 32) == "bind_ticket_invalid"
    assert ming.code_of("bind_by_password", "hong", MEMBERS["hong"], bind_ticket=first) == "credentials_invalid"
    town.clock.advance(seconds=601)
    assert ming.code_of("bind_by_phone", bind_ticket=first) == "bind_ticket_invalid"
    second = ticket()
    assert ming.code_of("bind_by_phone", bind_ticket=second) == "ok"
    assert ming.code_of("bind_by_phone", bind_ticket=second) == "bind_ticket_invalid"


def test_to_leave_an_account_takes_password_ticket_and_a_fresh_proof(town: Town) -> None:
    """An account of one's own is never merged: 409 first, then it moves, if its person proved who they are."""
    first = town.person("ming").sign_in()
    first.do("bind_by_password", "ming", MEMBERS["ming"])
    hong = town.person("hong", MALL, HONG).sign_in()
    hong.bind_phone()
    left = hong.account_id
    conflict = hong.refused("bind_by_password", "ming", MEMBERS["ming"])
    assert conflict.choices == ("sign_in_as_other", "move_with_password", "ask_operator")
    assert conflict.bind_ticket is not None
    ticket = conflict.bind_ticket.reveal()
    town.clock.advance(seconds=601)
    assert hong.code_of("bind_by_password", "ming", MEMBERS["ming"], bind_ticket=ticket) == "bind_ticket_invalid"
    ticket = hong.refused("bind_by_password", "ming", MEMBERS["ming"]).bind_ticket.reveal()  # type: ignore[union-attr] # there is one
    assert hong.code_of("bind_by_password", "ming", MEMBERS["ming"], bind_ticket=ticket) == "step_up_required"
    hong.do("step_up_by_login_code", town.wechat.code("hong", MALL))
    assert hong.code_of("bind_by_password", "ming", "wrong", bind_ticket=ticket) == "credentials_invalid"
    done = hong.do("bind_by_password", "ming", MEMBERS["ming"], bind_ticket=ticket)
    assert done.account.id == first.account_id != left
    assert done.account.phone_masked == "+86 139****9000"
    assert "moved" in town.heard.names()
    assert town.person("hong", MALL).sign_in().account_id == first.account_id


def test_unbinding_parts_and_stays_so(town: Town) -> None:
    """After a fresh proof the identity has no account, its other sessions end, and no unionid leads it back."""
    ming = town.person("ming").sign_in()
    other = town.person("ming", MALL).sign_in()
    assert ming.account_id == other.account_id
    tablet = town.person("ming", MALL).sign_in()
    town.clock.advance(seconds=601)
    assert other.code_of("unbind") == "step_up_required"
    other.do("step_up_by_login_code", town.wechat.code("ming", MALL))
    done = other.do("unbind")
    assert (done.account, done.binding) == (None, "required")
    with pytest.raises(SessionExpired):
        town.door.authenticate(tablet.token)
    again = town.person("ming", MALL).sign_in()
    assert again.account_id not in {None, ming.account_id}
    assert town.door.authenticate(ming.token).account.id == ming.account_id


def test_the_last_way_in_stays_open(town: Town) -> None:
    """The only identity of an account without external_id is not unbound; with one it may be."""
    ming = town.person("ming").sign_in()
    assert ming.code_of("unbind") == "last_way_in"
    ming.do("bind_by_password", "ming", MEMBERS["ming"])
    account = ming.account_id
    assert ming.code_of("unbind") == "ok"
    back = town.person("hong", DESK).sign_in()
    assert back.do("bind_by_password", "ming", MEMBERS["ming"]).account.id == account


def test_another_number_takes_a_fresh_proof(town: Town) -> None:
    """A number is replaced after a step-up; the old one is free then."""
    ming = town.person("ming", number=MING).sign_in()
    ming.bind_phone()
    town.person("ming", number="13700137000")
    town.clock.advance(seconds=601)
    assert ming.code_of("bind_by_phone", town.wechat.tap("ming", SHOP)) == "step_up_required"
    ming.do("step_up_by_login_code", town.wechat.code("ming", SHOP))
    assert ming.do("bind_by_phone").account.phone_masked == "+86 137****7000"
    assert town.heard.names()[-1] == "phone_changed"
    hong = town.person("hong", number=MING).sign_in()
    assert hong.bind_phone().account.phone_masked == "+86 138****8000"


def test_step_up_by_phone_code(town: Town) -> None:
    """WeChat's number of the person must be the account's; the token rotates, and the proof is fresh."""
    ming = town.person("ming", number=MING).sign_in()
    assert ming.code_of("step_up_by_phone_code", town.wechat.tap("ming", SHOP)) == "phone_mismatch"
    ming.bind_phone()
    town.clock.advance(seconds=3600)
    ming.do("step_up_by_phone_code", town.wechat.tap("ming", SHOP))
    assert town.door.authenticate(ming.token).session.authenticated_at == town.clock.now()
    town.person("ming", number="13700137000")
    assert ming.code_of("step_up_by_phone_code", town.wechat.tap("ming", SHOP)) == "phone_mismatch"
    assert ming.code_of("step_up_by_phone_code", "made up") == "phone_code_invalid"


def test_one_number_is_one_accounts_in_each_realm(town: Town) -> None:
    """Realms share nothing: the same person has the same number in both, and an account in each."""
    here = town.person("ming", SHOP, MING).sign_in()
    there = town.person("ming", ABROAD).sign_in()
    assert here.bind_phone().account.phone_masked == there.bind_phone().account.phone_masked
    assert here.account_id != there.account_id


def test_a_sold_number_leaves_the_account_where_it_is(town: Town) -> None:
    """In use, it keeps the number; forgotten for ninety days, the new owner's account gets that, and nothing else."""
    ming = town.person("ming", number=MING).sign_in()
    ming.bind_phone()
    ming.do("bind_by_password", "ming", MEMBERS["ming"])
    hong = town.person("hong", number=MING).sign_in()
    own = hong.account_id
    conflict = hong.refused("bind_by_phone", town.wechat.tap("hong", SHOP))
    assert conflict.choices == ("sign_in_as_other", "move_with_password", "ask_operator")
    assert hong.account_id == own
    town.clock.advance(days=91)
    hong.sign_in()
    assert hong.bind_phone().account.phone_masked == "+86 138****8000"
    assert hong.account_id == own
    assert town.heard.names()[-1] == "phone_taken_over"
    ming.sign_in()
    account = town.door.authenticate(ming.token).account
    assert (account.external_id, account.phone_masked) == ("ming", None)


def test_a_kicked_out_session_binds_nothing(town: Town) -> None:
    """The proof of a number does not outlive its session."""
    ming = town.person("ming", number=MING).sign_in()
    ming.do("phone_by_code", town.wechat.tap("ming", SHOP))
    town.person("ming").sign_in().do("end_other_sessions")
    with pytest.raises(KickedOut):
        ming.do("bind_by_phone")


def test_without_a_directory_no_password_is_offered(make_town: MakeTown) -> None:
    """A conflict never offers what this installation cannot do."""
    town = make_town(directory=None)
    town.person("ming", number=MING).sign_in().bind_phone()
    hong = town.person("hong", number=MING).sign_in()
    with pytest.raises(BindingConflict) as caught:
        hong.bind_phone()
    assert (caught.value.choices, caught.value.bind_ticket) == (("sign_in_as_other", "ask_operator"), None)


def test_a_victim_under_attack_still_gets_in(town: Town) -> None:
    """A hundred wrong passwords for a name: by WeChat as ever; by password with the number the account has."""
    ming = town.person("ming", number=MING).sign_in()
    ming.bind_phone()
    ming.do("bind_by_password", "ming", MEMBERS["ming"])
    for number in range(20):
        thief = town.person(f"thief{number}", number=f"1370000{number:04}").sign_in()
        for _ in range(5):
            assert thief.code_of("bind_by_password", "ming", "wrong") == "credentials_invalid"
    late = town.person("thief", number="13799990000").sign_in()
    assert late.code_of("bind_by_password", "ming", MEMBERS["ming"]) == "verified_phone_required"
    assert late.code_of("bind_by_password", "nobody at all", "x") == "credentials_invalid"
    late.do("phone_by_code", town.wechat.tap("thief", SHOP))
    assert late.code_of("bind_by_password", "ming", MEMBERS["ming"]) == "credentials_invalid"
    assert town.person("ming").sign_in().account_id == ming.account_id
    ming.do("phone_by_code", town.wechat.tap("ming", SHOP))
    assert ming.do("step_up_by_password", "ming", MEMBERS["ming"]).account.external_id == "ming"
    assert ming.do("bind_by_password", "ming", MEMBERS["ming"]).account.external_id == "ming"


def test_a_session_that_says_unbound_ends_when_a_login_finds_an_account(town: Town) -> None:
    """Parted in an open app, the next login has an account of its own: the session that says there is none ends."""
    ming = town.person("ming").sign_in()
    ming.do("bind_by_password", "ming", MEMBERS["ming"])
    ming.do("unbind")
    again = town.person("ming").sign_in()
    assert again.account_id is not None
    with pytest.raises(SessionExpired):
        town.door.authenticate(ming.token)
