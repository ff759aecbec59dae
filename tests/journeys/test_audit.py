"""The audit lines of a person's deeds and an operator's, in both colours."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from conftest import MakeHouse
from menjin import SignedIn
from menjin.bridge import settle
from menjin.errors import AccountDisabled, MenjinError, SessionExpired
from menjin.ledger.model import Line
from menjin.ledger.request import within_request
from menjin.login.beside import Beside
from menjin.login.operator import ByExternalId, ByOpenId
from menjin.values import AccountId, OpenId
from support.doors import APP, MEMBERS, House
from wxsim import FIRST_APPID

TENANT_APP = replace(APP, tenants=frozenset({"hotel-7"}))


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    """A house whose app has a tenant."""
    return make_house(TENANT_APP)


def sign_in(house: House, person: str = "ming", tenant: str | None = None) -> SignedIn:
    """Sign a person in; a second passes."""
    house.advance(1)
    found: SignedIn = house.door.sign_in(FIRST_APPID, house.code(person), beside=Beside(tenant))
    return found


def sign_in_within(house: House, request_id: str) -> SignedIn:
    """Sign Ming in, for a tenant, as part of a request."""
    house.advance(1)
    menjin, code = house.door._menjin, house.code()

    async def flow() -> SignedIn:
        with within_request(request_id):
            found: SignedIn = await settle(menjin.sign_in(FIRST_APPID, code, beside=Beside("hotel-7")))
            return found

    return house.door.run(flow())


def token(signed_in: SignedIn) -> str:
    """Return the token as text."""
    return signed_in.session_token.reveal()


def account_of(signed_in: SignedIn) -> AccountId:
    """Return the account."""
    assert signed_in.account is not None
    return signed_in.account.id


def lines_of(house: House, account_id: AccountId) -> list[Line]:
    """Return an account's lines."""
    ledger = house.parts.stores.ledger
    return list(house.door.run(ledger.list_lines(account_id)))


def deeds(house: House, account_id: AccountId) -> list[tuple[str, str, str | None]]:
    """Return what was done to an account, by whom, and how sessions ended."""
    return [(line.deed, line.actor, line.reason) for line in lines_of(house, account_id)]


def test_every_deed_has_its_line(house: House) -> None:
    """Signing in, binding, ending others, signing out: in order, with app, tenant and request."""
    first = sign_in_within(house, "req-00000001")
    sign_in(house, tenant="hotel-7")
    bound = house.door.bind_by_password(token(first), "ming", MEMBERS["ming"])
    sign_in(house, tenant="hotel-7")
    house.door.end_other_sessions(token(bound))
    house.door.sign_out(token(bound))
    house.door.sign_out(token(bound))
    account_id = account_of(first)
    assert deeds(house, account_id) == [
        ("signed_in", "person", None),
        ("signed_in", "person", None),
        ("bound", "person", None),
        ("signed_in", "person", None),
        ("session_revoked", "person", "kicked_out"),
        ("session_revoked", "person", "signed_out"),
    ]
    lines = lines_of(house, account_id)
    assert {(line.appid, line.tenant) for line in lines} == {(FIRST_APPID, "hotel-7")}
    assert len({line.pseudonym for line in lines}) == 1
    assert [line.request_id for line in lines][:2] == ["req-00000001", None]


def test_what_failed_has_no_line(house: House) -> None:
    """A wrong password, a spent code: nothing was done, nothing is written."""
    first = sign_in(house)
    code = house.code()
    house.door.sign_in(FIRST_APPID, code)
    for deed, *words in (
        ("bind_by_password", token(first), "ming", "wrong"),
        ("sign_in", FIRST_APPID, code),
        ("sign_out", "mjs_unknown"),
    ):
        with pytest.raises(MenjinError):
            getattr(house.door, deed)(*words)
    assert deeds(house, account_of(first)) == [("signed_in", "person", None)] * 2


def test_the_log_says_it_too_and_names_nobody(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """One line a deed at INFO, with the same words, and no openid, account or session in it."""
    with caplog.at_level(logging.INFO, "menjin.ledger"):
        signed_in = sign_in_within(house, "req-00000001")
    (said,) = [record.getMessage() for record in caplog.records if record.name == "menjin.ledger"]
    (line,) = lines_of(house, account_of(signed_in))
    for word in ("deed=signed_in", f"pseudonym={line.pseudonym}", "tenant=hotel-7", "id=req-00000001"):
        assert word in said
    subject = signed_in.session.subject
    for secret in (subject.openid, subject.identity_id, account_of(signed_in), signed_in.session.session_id):
        assert secret not in said


def run_operator(house: House, deed: str, *args: object, **named: object) -> object:
    """Have the operator do something."""
    return house.door.do("operator", deed, *args, **named)


def test_a_disabled_account_and_its_lines(house: House) -> None:
    """Its sessions are refused as disabled, a login too; opened again, they log in silently; all of it audited."""
    ming, hong = sign_in(house), sign_in(house, "hong")
    account_id = account_of(ming)
    run_operator(house, "disable", account_id, dry_run=True)
    house.door.authenticate(token(ming))
    run_operator(house, "disable", account_id)
    for attempt in (lambda: house.door.authenticate(token(ming)), lambda: sign_in(house)):
        with pytest.raises(AccountDisabled):
            attempt()
    house.door.authenticate(token(hong))
    run_operator(house, "enable", account_id)
    with pytest.raises(SessionExpired):
        house.door.authenticate(token(ming))
    assert account_of(sign_in(house)) == account_id
    assert deeds(house, account_id) == [
        ("signed_in", "person", None),
        ("account_disabled", "operator", None),
        ("session_revoked", "operator", "disabled"),
        ("account_enabled", "operator", None),
        ("signed_in", "person", None),
    ]


def test_a_dry_run_changes_nothing(house: House) -> None:
    """Neither binding nor its line, nor a session; the answer is what the real run then does."""
    ming = sign_in(house)
    reference = ByOpenId(TENANT_APP, OpenId(ming.session.subject.openid))
    foreseen = run_operator(house, "bind", reference, "m-1", dry_run=True)
    assert house.door.authenticate(token(ming)).account.external_id is None
    assert len(lines_of(house, account_of(ming))) == 1
    assert run_operator(house, "bind", reference, "m-1") == foreseen
    with pytest.raises(SessionExpired):
        house.door.authenticate(token(ming))
    assert run_operator(house, "show", ByExternalId("m-1")).account.account_id == account_of(ming)  # type: ignore[attr-defined] # a Seen
    assert deeds(house, account_of(ming))[-1] == ("bound", "operator", None)
