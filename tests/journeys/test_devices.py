"""Several sessions of one person: policies, listing, ending, rotating, stepping up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from conftest import MakeHouse
from menjin import Device, SignedIn
from menjin.errors import (
    BindingRequired,
    CredentialsInvalid,
    KickedOut,
    LoginCodeInvalid,
    NotFound,
    Replaced,
    SessionRotated,
    SignedOut,
)
from support.doors import APP, BOUND_APP, MEMBERS, House
from wxsim import FIRST_APPID


def sign_in(house: House, person: str = "ming", device: str | None = None) -> SignedIn:
    """Sign a person in, on a device; a second passes."""
    house.advance(1)
    made = Device(device, f"{device}'s label") if device is not None else None
    found: SignedIn = house.door.sign_in(FIRST_APPID, house.code(person), made)
    return found


def token(signed_in: SignedIn) -> str:
    """Return the token as text."""
    return signed_in.session_token.reveal()


def refusal(house: House, signed_in: SignedIn) -> type[Exception] | None:
    """Return how a token is refused, or None."""
    try:
        house.door.authenticate(token(signed_in))
    except Exception as error:  # noqa: BLE001 - whichever it is, is compared
        return type(error)
    return None


def test_the_twenty_first_session_replaces_the_first(house: House) -> None:
    """20 sessions of one identity live; the oldest gives way and says `replaced`."""
    made = [sign_in(house) for _ in range(21)]
    assert refusal(house, made[0]) is Replaced
    assert all(refusal(house, one) is None for one in made[1:])


def test_one_per_device(make_house: MakeHouse) -> None:
    """A device that signs in again replaces its own session; another device's lives on."""
    house = make_house(replace(APP, devices="one_per_device"))
    first, other, again = (sign_in(house, device=name) for name in ("a" * 22, "b" * 22, "a" * 22))
    assert [refusal(house, one) for one in (first, other, again)] == [Replaced, None, None]


def test_single(make_house: MakeHouse) -> None:
    """The newest session is the only one; another person's is another matter."""
    house = make_house(replace(APP, devices="single"))
    hong, first, second = sign_in(house, "hong"), sign_in(house), sign_in(house)
    assert [refusal(house, one) for one in (first, second, hong)] == [Replaced, None, None]


def test_list_and_end(house: House) -> None:
    """One sees one's own sessions with their devices, ends one, then all others."""
    phone, pad, old = (sign_in(house, device=name) for name in ("phone-phone-phone", "pad-pad-pad-pad-pa", "o" * 20))
    sign_in(house, "hong")
    own, live = house.door.list_sessions(token(phone))
    assert own.session_id == phone.session.session_id
    assert [session.device.id for session in live] == ["o" * 20, "pad-pad-pad-pad-pa", "phone-phone-phone"]
    house.door.end_session(token(phone), old.session.session_id)
    assert refusal(house, old) is KickedOut
    assert house.door.end_other_sessions(token(phone)) == 1
    assert refusal(house, pad) is KickedOut
    assert refusal(house, phone) is None
    house.door.end_session(token(phone), phone.session.session_id)
    assert refusal(house, phone) is SignedOut


def test_nobody_ends_anothers_session(house: House) -> None:
    """Another person's session id is not there for me, and goes on."""
    ming, hong = sign_in(house), sign_in(house, "hong")
    with pytest.raises(NotFound):
        house.door.end_session(token(ming), hong.session.session_id)
    assert refusal(house, hong) is None


def test_rotate(house: House) -> None:
    """The new token is the same session; the old one says so for a minute; a second rotation of it fails."""
    old = sign_in(house)
    new = house.door.rotate(token(old))
    assert new.session.session_id == old.session.session_id
    assert new.account == old.account
    assert refusal(house, old) is SessionRotated
    with pytest.raises(SessionRotated):
        house.door.rotate(token(old))
    assert refusal(house, new) is None


def test_step_up_by_login_code(house: House) -> None:
    """A fresh wx.login of the same person moves authenticated_at; another person's code does not."""
    old = sign_in(house)
    house.advance(3600)
    with pytest.raises(LoginCodeInvalid):
        house.door.step_up_by_login_code(token(old), house.code("hong"))
    new = house.door.step_up_by_login_code(token(old), house.code())
    assert new.session.authenticated_at == house.clock.now()
    assert house.door.authenticate(token(new)).session.authenticated_at == house.clock.now()
    assert refusal(house, old) is SessionRotated


@pytest.mark.parametrize("code", ["", " ", "登录", "0" * 129, "0" * 31 + "\n"])
def test_an_impossible_login_code_is_no_step_up_and_not_asked_for(house: House, code: str) -> None:
    """What WeChat can never know is refused here, as at sign-in. Control: what it might know is asked for."""
    old, entries = sign_in(house), house.world.journal.entries
    asked = len(entries)
    with pytest.raises(LoginCodeInvalid):
        house.door.step_up_by_login_code(token(old), code)
    assert len(entries) == asked
    with pytest.raises(LoginCodeInvalid):
        house.door.step_up_by_login_code(token(old), "0" * 32)
    assert len(entries) == asked + 1


def test_step_up_by_password(make_house: MakeHouse) -> None:
    """The bound account's own password, no other; an unbound session has none to prove."""
    house = make_house(BOUND_APP)
    unbound = token(sign_in(house))
    with pytest.raises(BindingRequired):
        house.door.step_up_by_password(unbound, "ming", MEMBERS["ming"])
    bound = token(house.door.bind_by_password(unbound, "ming", MEMBERS["ming"]))
    house.advance(3600)
    for name, password in (("ming", "wrong"), ("hong", MEMBERS["hong"])):
        with pytest.raises(CredentialsInvalid):
            house.door.step_up_by_password(bound, name, password)
    new = house.door.step_up_by_password(bound, "ming", MEMBERS["ming"])
    assert new.session.authenticated_at == house.clock.now()
    assert new.account.external_id == "ming"


@pytest.mark.parametrize(
    "deed",
    [
        lambda house, dead: house.door.rotate(dead),
        lambda house, dead: house.door.list_sessions(dead),
        lambda house, dead: house.door.end_other_sessions(dead),
        lambda house, dead: house.door.end_session(dead, "ses_x"),
        lambda house, dead: house.door.step_up_by_password(dead, "ming", "x"),
        lambda house, dead: house.door.step_up_by_login_code(dead, "x"),
    ],
)
def test_every_deed_asks_for_a_live_session(house: House, deed: Callable[[House, str], object]) -> None:
    """A signed-out token does nothing any more."""
    dead = token(sign_in(house))
    house.door.sign_out(dead)
    with pytest.raises(SignedOut):
        deed(house, dead)
