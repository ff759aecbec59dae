"""The flows, wired to the parts of an installation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from menjin.access_tokens.flow import AccessTokens
from menjin.access_tokens.means import Means
from menjin.access_tokens.ports import Once
from menjin.accounts.flow import Accounts
from menjin.adapters.counters import MemoryAppStates
from menjin.adapters.once import ThreadOnce
from menjin.adapters.slots import ThreadSlots
from menjin.assembly.parts import Parts
from menjin.assembly.stores import Stores
from menjin.clients.flow import Clients
from menjin.ledger.flow import Ledger
from menjin.limits.fair_queue import ANY_NUMBER
from menjin.limits.flow import Limits
from menjin.limits.keys import KeyMaker
from menjin.limits.store import Slots
from menjin.limits.upstream import Upstream
from menjin.login.bind import Bind
from menjin.login.claims import Claims
from menjin.login.devices import Devices
from menjin.login.ending import Ending
from menjin.login.follow import FollowWeChat
from menjin.login.in_turn import InTurn
from menjin.login.open_data import OpenData
from menjin.login.operator import Operator
from menjin.login.passwords import Passwords
from menjin.login.phone import Phone
from menjin.login.proofs import Proofs
from menjin.login.rebinding import Rebinding
from menjin.login.records import Records
from menjin.login.sign_in import SignIn
from menjin.login.sign_out import SignOut
from menjin.login.step_up import StepUp
from menjin.login.unionids import UnionIds
from menjin.login.who import Authenticate
from menjin.session_keys.flow import SessionKeys
from menjin.sessions.flow import Sessions
from menjin.sessions.model import Session
from menjin.values import Secret
from menjin.wechat.authorised import AuthorisedWeChat
from menjin.wechat.client import Caller, WeChat
from menjin.wechat.token_calls import TokenCalls

_PEOPLE_AT_ONCE = 10_000
MakeSlots = Callable[[int, int, int], Slots]


@dataclass(frozen=True, slots=True)
class Deeds:
    """The assembled flows."""

    sign_in: SignIn
    authenticate: Authenticate
    open_data: OpenData
    phone: Phone
    bind: Bind
    unionids: UnionIds
    operator: Operator
    step_up: StepUp
    devices: Devices
    sign_out: SignOut
    follow: FollowWeChat
    wechat: AuthorisedWeChat
    access_tokens: AccessTokens
    session_keys: SessionKeys
    sessions: Sessions
    claims: Claims
    proofs: Proofs
    clients: Clients
    stores: Stores

    async def purge(self) -> int:
        """Forget what ended long ago; return how many."""
        rooms = (self.sessions, self.claims, self.session_keys, self.proofs, self.clients)
        return sum([await room.purge() for room in rooms])


def assemble(parts: Parts, make_slots: MakeSlots = ThreadSlots, once: Once | None = None) -> Deeds:
    """Wire the flows to the parts.

    Args:
        parts: What to wire.
        make_slots: Makes the queue towards WeChat in the caller's colour: so many an app, in total, waiting.
        once: In the caller's colour.
    """
    rooms = _open_rooms(parts, make_slots, once or ThreadOnce())
    bind = _to_bind(parts, rooms)
    devices, sign_out = _to_ends(parts, rooms)
    return Deeds(
        sign_in=_to_sign_in(parts, rooms, bind),
        authenticate=Authenticate(rooms.sessions, parts.clock),
        open_data=rooms.open_data,
        phone=rooms.phones,
        bind=bind,
        unionids=rooms.unionids,
        operator=_to_operator(parts, rooms),
        step_up=_to_step_up(parts, rooms),
        devices=devices,
        sign_out=sign_out,
        follow=_to_follow(parts, rooms),
        wechat=rooms.authorised,
        access_tokens=rooms.access_tokens,
        session_keys=rooms.session_keys,
        sessions=rooms.sessions,
        claims=rooms.claims,
        proofs=rooms.proofs,
        clients=Clients(parts.stores.clients, parts.service_clients, parts.clock, parts.randomness),
        stores=parts.stores,
    )


@dataclass(frozen=True, slots=True)
class _Rooms:
    """What the deeds are made of."""

    wechat: WeChat
    authorised: AuthorisedWeChat
    access_tokens: AccessTokens
    accounts: Accounts
    session_keys: SessionKeys
    sessions: Sessions
    claims: Claims
    limits: Limits
    passwords: Passwords
    proofs: Proofs
    unionids: UnionIds
    open_data: OpenData
    phones: Phone
    ledger: Ledger
    records: Records
    ending: Ending
    turns: Slots


def _open_rooms(parts: Parts, make_slots: MakeSlots, once: Once) -> _Rooms:
    stores, clock, figures = parts.stores, parts.clock, parts.upstream
    upstream = Upstream(make_slots(figures.per_app, figures.in_total, ANY_NUMBER), MemoryAppStates(), figures, clock)
    caller = Caller(parts.http, clock, parts.pause, parts.wechat_deadline, upstream)
    limits = _make_limits(parts, make_slots(figures.codes_per_address, figures.codes_in_total, figures.codes_waiting))
    base_url = parts.base_url.rstrip("/")
    wechat = WeChat(caller, clock, base_url)
    access_tokens = _make_access_tokens(parts, once, base_url)
    authorised = AuthorisedWeChat(caller, access_tokens, clock, base_url)
    accounts = Accounts(stores.accounts, clock, parts.randomness, parts.apps)
    session_keys = SessionKeys(stores.keyrings, stores.attempts, clock)
    pardon = partial(_is_open, accounts)
    sessions = Sessions(stores.sessions, stores.revocations, clock, parts.randomness, pardon)
    proofs = Proofs(stores.proofs, clock, parts.randomness)
    unionids = _make_unionids(parts, accounts, sessions, authorised, limits)
    open_data = OpenData(
        apps=parts.apps,
        unionids=unionids,
        session_keys=session_keys,
        sessions=sessions,
        wechat=authorised,
        clock=clock,
        listener=parts.listener,
        in_turn=InTurn(make_slots(1, _PEOPLE_AT_ONCE, ANY_NUMBER), parts.pause, clock),
    )
    phones = Phone(
        apps=parts.apps,
        wechat=authorised,
        sessions=sessions,
        open_data=open_data,
        proofs=proofs,
        limits=limits,
        listener=parts.listener,
    )
    ledger = Ledger(stores.ledger, clock, parts.randomness)
    records = Records(ledger)
    return _Rooms(
        turns=make_slots(1, _PEOPLE_AT_ONCE, ANY_NUMBER),
        wechat=wechat,
        authorised=authorised,
        accounts=accounts,
        session_keys=session_keys,
        sessions=sessions,
        access_tokens=access_tokens,
        claims=Claims(stores.claims, clock, parts.randomness, parts.pause),
        limits=limits,
        passwords=Passwords(parts.directory, limits, accounts, parts.apps),
        proofs=proofs,
        unionids=unionids,
        open_data=open_data,
        phones=phones,
        ledger=ledger,
        records=records,
        ending=_make_ending(stores, sessions, records),
    )


def _make_ending(stores: Stores, sessions: Sessions, records: Records) -> Ending:
    return Ending(
        sessions=sessions, transactions=stores.transactions, records=records, one_database=stores.one_database
    )


def _make_unionids(
    parts: Parts, accounts: Accounts, sessions: Sessions, wechat: AuthorisedWeChat, limits: Limits
) -> UnionIds:
    return UnionIds(
        apps=parts.apps,
        accounts=accounts,
        sessions=sessions,
        wechat=wechat,
        pause=parts.pause,
        limits=limits,
        listener=parts.listener,
    )


async def _is_open(accounts: Accounts, session: Session) -> bool:
    bound = session.subject.account
    return bound is not None and await accounts.is_open(bound.id)


def _to_operator(parts: Parts, rooms: _Rooms) -> Operator:
    return Operator(
        apps=parts.apps,
        store=parts.stores.accounts,
        bindings=rooms.accounts.bindings,
        sessions=rooms.sessions,
        ledger=rooms.ledger,
        clock=parts.clock,
        ending=rooms.ending,
    )


def _make_access_tokens(parts: Parts, once: Once, base_url: str) -> AccessTokens:
    deadline = min(parts.wechat_deadline, parts.tokens.deadline)
    means = Means(
        calls=TokenCalls(parts.http, parts.clock, parts.pause, deadline, base_url),
        store=parts.stores.tokens,
        once=once,
        clock=parts.clock,
        stopwatch=parts.stopwatch,
        randomness=parts.randomness,
        pause=parts.pause,
        figures=parts.tokens,
        observer=parts.token_observer,
    )
    return AccessTokens(parts.apps, means)


def _to_sign_in(parts: Parts, rooms: _Rooms, bind: Bind) -> SignIn:
    return SignIn(
        apps=parts.apps,
        wechat=rooms.wechat,
        accounts=rooms.accounts,
        session_keys=rooms.session_keys,
        sessions=rooms.sessions,
        transactions=parts.stores.transactions,
        limits=rooms.limits,
        claims=rooms.claims,
        clock=parts.clock,
        listener=parts.listener,
        records=rooms.records,
        turns=rooms.turns,
        bind=bind,
        open_data=rooms.open_data,
        one_database=parts.stores.one_database,
        one_writer=parts.stores.one_writer,
    )


def _to_bind(parts: Parts, rooms: _Rooms) -> Bind:
    rebinding = Rebinding(
        sessions=rooms.sessions,
        transactions=parts.stores.transactions,
        listener=parts.listener,
        records=rooms.records,
        one_database=parts.stores.one_database,
    )
    return Bind(
        apps=parts.apps,
        passwords=rooms.passwords,
        phones=rooms.phones,
        proofs=rooms.proofs,
        accounts=rooms.accounts,
        sessions=rooms.sessions,
        rebinding=rebinding,
        limits=rooms.limits,
        clock=parts.clock,
    )


def _to_step_up(parts: Parts, rooms: _Rooms) -> StepUp:
    return StepUp(
        apps=parts.apps,
        wechat=rooms.wechat,
        passwords=rooms.passwords,
        phones=rooms.phones,
        accounts=rooms.accounts,
        limits=rooms.limits,
        session_keys=rooms.session_keys,
        sessions=rooms.sessions,
        clock=parts.clock,
        listener=parts.listener,
    )


def _to_ends(parts: Parts, rooms: _Rooms) -> tuple[Devices, SignOut]:
    sessions, clock, listener = rooms.sessions, parts.clock, parts.listener
    sign_out = SignOut(
        apps=parts.apps,
        wechat=rooms.authorised,
        session_keys=rooms.session_keys,
        sessions=sessions,
        clock=clock,
        listener=listener,
        ending=rooms.ending,
    )
    devices = Devices(
        sessions=sessions, ending=rooms.ending, sign_out=sign_out, limits=rooms.limits, clock=clock, listener=listener
    )
    return devices, sign_out


def _to_follow(parts: Parts, rooms: _Rooms) -> FollowWeChat:
    return FollowWeChat(
        apps=parts.apps,
        wechat=rooms.authorised,
        accounts=rooms.accounts,
        session_keys=rooms.session_keys,
        checks=parts.stores.key_checks,
        sessions=rooms.sessions,
        clock=parts.clock,
    )


def _make_limits(parts: Parts, turns: Slots) -> Limits:
    key = parts.counters_key or Secret(parts.randomness.random_bytes(32).hex())
    return Limits(
        counters=parts.counters,
        figures=parts.figures,
        keys=KeyMaker(key),
        clock=parts.clock,
        turns=turns,
        patience=parts.upstream.codes_patience,
    )
