"""Logins through the library, in both colours and on each store."""

from __future__ import annotations

import pytest

from conftest import MakeHouse
from menjin.errors import (
    BindingConflict,
    CredentialsInvalid,
    LoginCodeInvalid,
    LoginCodeUsed,
    RequestInvalid,
    SessionExpired,
    SessionInvalid,
    SessionRotated,
    SignedOut,
    UserBlocked,
    WeChatBusy,
)
from support.doors import BOUND_APP, MEMBERS, House
from wxsim import FIRST_APPID, Fault


def test_a_login_makes_a_session_and_an_account(house: House) -> None:
    """A first login makes an account; the token then says who the request is."""
    signed_in = house.door.sign_in(FIRST_APPID, house.code())
    principal = house.door.authenticate(signed_in.session_token.reveal())
    assert signed_in.is_new
    assert signed_in.binding == "bound"
    assert principal.account == signed_in.account
    assert principal.session.session_id == signed_in.session.session_id
    assert house.heard.names() == ["signed_in"]


def test_a_second_login_finds_the_same_account(house: House) -> None:
    """The same person again is the same account, and another person another."""
    first = house.door.sign_in(FIRST_APPID, house.code())
    again = house.door.sign_in(FIRST_APPID, house.code())
    other = house.door.sign_in(FIRST_APPID, house.code("hong"))
    assert again.account == first.account
    assert not again.is_new
    assert other.account.id != first.account.id


def test_a_login_makes_one_call_and_asks_for_no_access_token(house: House) -> None:
    """WeChat's journal shows one server call, to code2Session."""
    house.door.sign_in(FIRST_APPID, house.code())
    paths = [entry.path for entry in house.world.journal.entries if entry.door == "server"]
    assert paths == ["/sns/jscode2session"]


def test_a_code_is_good_once_and_must_be_known(house: House) -> None:
    """A used code and a made-up one are told apart; an app of nobody is the request's fault."""
    code = house.code()
    house.door.sign_in(FIRST_APPID, code)
    with pytest.raises(LoginCodeUsed):
        house.door.sign_in(FIRST_APPID, code)
    for made_up in ("no-such-code", "0" * 32, "with blank", "", "é", "x" * 129):
        with pytest.raises(LoginCodeInvalid):
            house.door.sign_in(FIRST_APPID, made_up)
    with pytest.raises(RequestInvalid):
        house.door.sign_in("wx0000000000000000", house.code())


def test_a_code_expires_after_five_minutes(house: House) -> None:
    """A code older than five minutes is unknown to WeChat."""
    code = house.code()
    house.advance(301)
    with pytest.raises(LoginCodeInvalid):
        house.door.sign_in(FIRST_APPID, code)


def test_bind_by_password_then_silent_ever_after(make_house: MakeHouse) -> None:
    """An unbound session binds once; the token rotates, and later logins are bound silently."""
    house = make_house(BOUND_APP)
    other_phone = house.door.sign_in(FIRST_APPID, house.code())
    first = house.door.sign_in(FIRST_APPID, house.code())
    assert first.account is None
    assert first.binding == "required"
    bound = house.door.bind_by_password(first.session_token.reveal(), "ming", MEMBERS["ming"])
    assert bound.account.external_id == "ming"
    assert bound.session.session_id == first.session.session_id
    with pytest.raises(SessionRotated):
        house.door.authenticate(first.session_token.reveal())
    with pytest.raises(SessionExpired):
        house.door.authenticate(other_phone.session_token.reveal())
    assert house.door.authenticate(bound.session_token.reveal()).account == bound.account
    later = house.door.sign_in(FIRST_APPID, house.code())
    assert later.account == bound.account


def test_a_rotated_token_is_unknown_after_a_minute_and_the_session_lives(make_house: MakeHouse) -> None:
    """The old token answers session_rotated for 60 s, then session_invalid; the new one is untouched."""
    house = make_house(BOUND_APP)
    first = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    bound = house.door.bind_by_password(first, "ming", MEMBERS["ming"]).session_token.reveal()
    house.advance(59)
    with pytest.raises(SessionRotated):
        house.door.authenticate(first)
    house.advance(1)
    with pytest.raises(SessionInvalid) as caught:
        house.door.authenticate(first)
    assert type(caught.value) is SessionInvalid
    house.door.authenticate(bound)


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(make_house: MakeHouse) -> None:
    """Neither says which of the two was wrong, and nothing changes."""
    house = make_house(BOUND_APP)
    token = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    for name, password in (("ming", "wrong"), ("nobody", "wrong"), ("ming", "")):
        with pytest.raises(CredentialsInvalid):
            house.door.bind_by_password(token, name, password)
    assert house.door.authenticate(token).account is None


def test_an_open_account_takes_a_free_external_id_and_no_other(house: House) -> None:
    """In an open app a bind fills external_id; a member somebody else has is a conflict, and nothing merges."""
    ming = house.door.sign_in(FIRST_APPID, house.code("ming"))
    bound = house.door.bind_by_password(ming.session_token.reveal(), "ming", MEMBERS["ming"])
    assert bound.account.id == ming.account.id
    hong = house.door.sign_in(FIRST_APPID, house.code("hong")).session_token.reveal()
    with pytest.raises(BindingConflict):
        house.door.bind_by_password(hong, "ming", MEMBERS["ming"])
    assert house.door.authenticate(hong).account.external_id is None
    with pytest.raises(BindingConflict):
        house.door.bind_by_password(bound.session_token.reveal(), "hong", MEMBERS["hong"])


def test_binding_twice_to_the_same_member_is_no_fault(make_house: MakeHouse) -> None:
    """After a lost answer the client logs in and binds again; it is the same account."""
    house = make_house(BOUND_APP)
    token = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    once = house.door.bind_by_password(token, "ming", MEMBERS["ming"])
    twice = house.door.bind_by_password(once.session_token.reveal(), "ming", MEMBERS["ming"])
    assert twice.account == once.account


def test_sign_out_says_so_afterwards(house: House) -> None:
    """A signed-out token says signed_out; signing out once more is no fault; other sessions live."""
    token = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    other = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    house.door.sign_out(token)
    house.door.sign_out(token)
    with pytest.raises(SignedOut):
        house.door.authenticate(token)
    house.door.authenticate(other)


def test_a_session_expires_by_idleness_and_by_age(house: House) -> None:
    """Used daily it lives 30 days; unused for 7 it is over. WeChat's key has no part in it."""
    token = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    for _ in range(29):
        house.advance(86400)
        house.door.authenticate(token)
    house.advance(86400)
    with pytest.raises(SessionExpired):
        house.door.authenticate(token)
    idle = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    house.advance(7 * 86400 - 1)
    house.door.authenticate(idle)
    house.advance(7 * 86400)
    with pytest.raises(SessionExpired):
        house.door.authenticate(idle)


def test_tokens_of_nobody_are_refused(house: House) -> None:
    """What is no token of ours by form or by store is session_invalid."""
    for token in ("", "x", "mjs_" + "A" * 43, "mjs_" + "A" * 44, "mjs_" + "é" * 43, "\x00"):
        with pytest.raises(SessionInvalid):
            house.door.authenticate(token)


def test_ended_sessions_are_purged(house: House) -> None:
    """A day after its absolute end a session is forgotten, and its token with it."""
    token = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    assert house.door.purge() == 0
    house.advance(31 * 86400 + 1)
    assert house.door.purge() == 2  # the session, and the claim on its login_code
    with pytest.raises(SessionInvalid) as caught:
        house.door.authenticate(token)
    assert type(caught.value) is SessionInvalid


def test_a_blocked_person_and_a_busy_wechat_are_typed(house: House) -> None:
    """40226 is user_blocked; -1 for ever is WeChatBusy after bounded repetitions; then a login works."""
    code = house.code()
    house.world.fault(Fault(name="errcode", path="/sns/jscode2session", times=3, errcode=-1))
    with pytest.raises(WeChatBusy):
        house.door.sign_in(FIRST_APPID, code)
    house.door.sign_in(FIRST_APPID, code)
    house.world.change_person("ming", blocked=True)
    with pytest.raises(UserBlocked):
        house.door.sign_in(FIRST_APPID, house.code())
