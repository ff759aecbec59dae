"""Texts that some store will not keep, at every door of the library: refused by a typed error, or kept whole."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from menjin import Apps, AsyncMenjin, Device, FunctionHttp, MemoryDirectory, Menjin, MenjinError, Parts, Secret
from menjin.accounts.directory import Directory
from menjin.adapters.directories.local import LocalDirectory
from menjin.adapters.sqlalchemy.database import StatementRefused
from menjin.errors import RequestInvalid
from menjin.login.beside import Beside
from menjin.login.operator import ByExternalId, ByOpenId
from menjin.sessions.model import Session
from menjin.values import AccountId, ClientId, OpenId, SessionId
from support.benches import Bench
from support.clock import NoPause
from support.doors import APP, MEMBERS, answer_from
from wxsim import World

NUL, HALF = "a\x00b", "a\ud800b"
HOSTILE = {
    "NUL": NUL,
    "half a character": HALF,
    "other half first": "\udc00\ud800",
    "C1 control": "a\x9bb",
    "line break": "a\nb",
    "separator": "a\u2028b",
    "astral": "😀" * 20,
    "astral, longest": "😀" * 64,
    "long": "x" * 100_000,
    "Chinese": "小明的手机",
    "no characters": "\ufffe\uffff",
    "direction": "\u202eabc",
    "quote": "';--",
    "blanks": "  x  ",
    "empty": "",
}
BAD_LABELS = ("NUL", "half a character", "other half first", "C1 control", "line break", "separator", "long")
EVERY_TEXT = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


class Hall:
    """A library on a bench's stores, with a WeChat beside it."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.world = World()
        directory: Directory = MemoryDirectory(MEMBERS)
        if bench.database is not None:
            directory = self.members = LocalDirectory(bench.database)
        parts = Parts(
            Apps([replace(APP, tenants=frozenset({"hotel"}))]),
            FunctionHttp(answer_from(self.world)),
            bench.stores,
            NoPause(),
            directory=directory,
            keeps_tokens=False,
        )
        self.menjin: Any = AsyncMenjin(parts) if bench.kind.endswith("-async") else Menjin(parts)

    def ask(self, deed: Callable[[], Any]) -> Any:  # noqa: ANN401 - any deed's
        """Do a deed in the bench's colour."""
        found = deed()
        return self._bench.run(found) if inspect.iscoroutine(found) else found

    def code(self) -> str:
        """Return a fresh login_code."""
        found: str = self.world.phone("ming").login()["code"]
        return found

    def sign_in(self, device: Device | None = None) -> str:
        """Log in; return the token."""
        signed_in = self.ask(lambda: self.menjin.sign_in(APP.appid, self.code(), device))
        token: str = signed_in.session_token.reveal()
        return token


def is_typed(hall: Hall, deed: Callable[[], Any]) -> bool:
    """Whether a deed is done, or refused by an error of ours; anything else is a bug and is raised."""
    try:
        hall.ask(deed)
    except MenjinError as error:
        return error.code not in {"internal_error", "store_unavailable"}
    return True


@pytest.fixture
def hall(session_bench: Bench) -> Hall:
    """A library on every kind of store."""
    return Hall(session_bench)


@pytest.fixture
def sql_hall(sql_bench: Bench) -> Iterator[Hall]:
    """A library on every kind of database, with the local directory."""
    found = Hall(sql_bench)
    yield found
    sql_bench.run(found.members.close())


@EVERY_TEXT
def test_a_label_is_refused_or_kept_whole(hall: Hall, text: str) -> None:
    """What cannot be kept is refused where the device is named, with no code spent; the rest comes back as it was."""
    try:
        device = Device("d" * 22, text)
    except RequestInvalid:
        assert text in [HOSTILE[name] for name in BAD_LABELS]
        return
    token = hall.sign_in(device)
    assert hall.ask(lambda: hall.menjin.authenticate(token)).session.device == device


@EVERY_TEXT
def test_a_devices_id_is_refused_or_kept_whole(hall: Hall, text: str) -> None:
    """The same of its id, which may not be empty."""
    try:
        device = Device(text)
    except RequestInvalid:
        assert not text or text in [HOSTILE[name] for name in BAD_LABELS]
        return
    token = hall.sign_in(device)
    assert hall.ask(lambda: hall.menjin.authenticate(token)).session.device == device


def force(device: Device, label: str) -> Device:
    """Return a device as it could be before labels were looked at: the broken variant."""
    made = replace(device)
    object.__setattr__(made, "label", label)
    return made


@pytest.mark.servers
@pytest.mark.kinds("postgres")
def test_control_an_unchecked_label_is_refused_by_the_database_alone(sql_hall: Hall) -> None:
    """The broken variant: nobody looks at the label, and PostgreSQL refuses the session when the code is spent."""
    with pytest.raises(StatementRefused):
        sql_hall.sign_in(force(Device("d" * 22), NUL))


@pytest.mark.kinds("sqlite", "redis", "valkey")
def test_a_session_of_an_older_label_lives_on(hall: Hall) -> None:
    """A session kept with a NUL before labels were looked at is served, without it."""
    token = hall.sign_in(force(Device("d" * 22), NUL))
    session: Session = hall.ask(lambda: hall.menjin.authenticate(token)).session
    assert session.device == Device("d" * 22, "ab")


@EVERY_TEXT
def test_every_text_of_a_login_is_refused_by_a_typed_error(hall: Hall, text: str) -> None:
    """appid, login_code, phone_code, tenant and Idempotency-Key: each is refused or does its work."""
    menjin = hall.menjin
    for deed in (
        lambda: menjin.sign_in(text, hall.code()),
        lambda: menjin.sign_in(APP.appid, text),
        lambda: menjin.sign_in(APP.appid, hall.code(), phone_code=text),
        lambda: menjin.sign_in(APP.appid, hall.code(), beside=Beside(tenant=text)),
        lambda: menjin.sign_in(APP.appid, hall.code(), idempotency_key=text),
        lambda: menjin.sign_in(APP.appid, hall.code(), address=text[:50]),
    ):
        assert is_typed(hall, deed)


@EVERY_TEXT
def test_every_text_of_a_session_is_refused_by_a_typed_error(sql_hall: Hall, text: str) -> None:
    """Names, passwords, codes, tickets, numbers of payments, ids of sessions, ciphertexts: the same."""
    hall, menjin, token = sql_hall, sql_hall.menjin, sql_hall.sign_in()
    for deed in (
        lambda: menjin.authenticate(text),
        lambda: menjin.bind_by_password(token, text, "right"),
        lambda: menjin.bind_by_password(token, "somebody", text),
        lambda: menjin.bind_by_password(token, "somebody", "right", bind_ticket=text),
        lambda: menjin.bind_by_phone(token, text),
        lambda: menjin.bind_by_phone(token, encrypted=(text, text)),
        lambda: menjin.bind_by_phone(token, bind_ticket=text),
        lambda: menjin.phone_by_code(token, text),
        lambda: menjin.open_phone(token, text, text),
        lambda: menjin.open_data(token, "user_info", encrypted=(text, text)),
        lambda: menjin.open_data(token, "user_info", signed=(text, text)),
        lambda: menjin.step_up_by_login_code(token, text),
        lambda: menjin.step_up_by_password(token, text, text),
        lambda: menjin.step_up_by_phone_code(token, text),
        lambda: menjin.record_paid_unionid(token, transaction_id=text),
        lambda: menjin.record_paid_unionid(token, mch_id=text, out_trade_no=text),
        lambda: menjin.end_session(token, text),
    ):
        assert is_typed(hall, deed)
    assert hall.ask(lambda: menjin.authenticate(token)).session.session_id


@EVERY_TEXT
def test_every_text_of_an_operator_is_refused_by_a_typed_error(sql_hall: Hall, text: str) -> None:
    """References, external_ids, realms, members, names and ids of clients, identities: the same."""
    hall, menjin, openid = sql_hall, sql_hall.menjin, OpenId("o" * 28)
    token = hall.sign_in()
    known = hall.ask(lambda: menjin.authenticate(token)).session.subject.openid
    for deed in (
        lambda: menjin.operator.show(AccountId(text)),
        lambda: menjin.operator.show(ByExternalId(text)),
        lambda: menjin.operator.show(ByExternalId("somebody", text)),
        lambda: menjin.operator.show(ByOpenId(APP, OpenId(text))),
        lambda: menjin.operator.bind(ByOpenId(APP, known), text),
        lambda: menjin.operator.revoke(AccountId(text), SessionId(text)),
        lambda: menjin.accounts.record_unionid(text, openid, "u" * 28),
        lambda: menjin.accounts.record_unionid(APP.appid, text, "u" * 28),
        lambda: menjin.accounts.record_unionid(APP.appid, openid, text),
    ):
        assert is_typed(hall, deed)


@EVERY_TEXT
def test_every_text_of_members_and_clients_is_refused_by_a_typed_error(sql_hall: Hall, text: str) -> None:
    """Usernames, passwords, ids and numbers of members; names, ids and credentials of service clients: the same."""
    hall, members, clients = sql_hall, sql_hall.members, sql_hall.menjin.clients
    for deed in (
        lambda: members.add(text, Secret("right")),
        lambda: members.add("a", Secret(text)),
        lambda: members.add("b", Secret("right"), text),
        lambda: members.add("c", Secret("right"), "c", text),
        lambda: members.change_password(text, Secret("right")),
        lambda: members.verify_password(text, Secret(text)),
        lambda: members.find_by_phone(text),
        lambda: clients.add(text, None, frozenset()),
        lambda: clients.revoke(ClientId(text)),
        lambda: clients.authorise(Secret(text), "identity:assert", None),
    ):
        assert is_typed(hall, deed)
