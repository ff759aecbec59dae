"""Who is wired to whom. Takes typed objects, reads no environment; the only room that knows all the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from menjin.access_tokens.flow import AccessTokens
from menjin.accounts.directory import Directory
from menjin.accounts.flow import Accounts
from menjin.accounts.store import AccountStore
from menjin.adapters.counters import MemoryAppStates, MemoryCounters
from menjin.adapters.following import TaskFollowing, ThreadFollowing
from menjin.adapters.memory import (
    MemoryAccounts,
    MemoryAttempts,
    MemoryClaims,
    MemoryKeyChecks,
    MemoryKeyrings,
    MemorySessions,
    MemoryTransactions,
)
from menjin.adapters.revocations import FollowedRevocations
from menjin.adapters.slots import ThreadSlots
from menjin.adapters.sqlalchemy.accounts import SqlAccounts
from menjin.adapters.sqlalchemy.attempts import SqlAttempts
from menjin.adapters.sqlalchemy.claims import SqlClaims
from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.key_checks import SqlKeyChecks
from menjin.adapters.sqlalchemy.keyrings import SqlKeyrings
from menjin.adapters.sqlalchemy.resealing import Resealing
from menjin.adapters.sqlalchemy.revocations import SqlRevocationLog
from menjin.adapters.sqlalchemy.sessions import SqlSessions
from menjin.apps import Apps
from menjin.clock import Clock, Pause, Randomness, Stopwatch, SystemClock, SystemRandomness, SystemStopwatch
from menjin.errors import StoreUnavailable
from menjin.limits.flow import Limits
from menjin.limits.keys import KeyMaker
from menjin.limits.model import Figures, UpstreamFigures
from menjin.limits.store import Counters, Slots
from menjin.limits.upstream import Upstream
from menjin.login.bind import Bind
from menjin.login.claims import Claims, ClaimStore
from menjin.login.devices import Devices
from menjin.login.events import Event, Listener
from menjin.login.follow import FollowWeChat
from menjin.login.open_data import OpenData
from menjin.login.passwords import Passwords
from menjin.login.phone import Phone
from menjin.login.ports import Transactions
from menjin.login.sign_in import SignIn
from menjin.login.sign_out import SignOut
from menjin.login.step_up import StepUp
from menjin.login.who import Authenticate
from menjin.session_keys.attempts import AttemptStore
from menjin.session_keys.checks import CheckStore
from menjin.session_keys.flow import SessionKeys
from menjin.session_keys.store import KeyringStore
from menjin.session_keys.vault import Vault
from menjin.sessions.flow import Sessions
from menjin.sessions.revocations import NoRevocations, Revocations
from menjin.sessions.store import SessionStore
from menjin.values import Secret
from menjin.wechat.authorised import AuthorisedWeChat
from menjin.wechat.client import WECHAT, Caller, WeChat
from menjin.wechat.ports import HttpPort

if TYPE_CHECKING:
    from menjin.adapters.redis.clients import AnyRedis

_LOG = logging.getLogger("menjin.assembly")


class Deaf:
    """A listener that takes no note."""

    def hear(self, event: Event) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Stores:
    """One adapter a store port.

    Attributes:
        prepare: Brings the tables about; may be called at every start.
        ping: Raises StoreUnavailable when the stores cannot be asked.
        close: Gives the connections back.
    """

    sessions: SessionStore
    revocations: Revocations
    claims: ClaimStore
    keyrings: KeyringStore
    attempts: AttemptStore
    key_checks: CheckStore
    accounts: AccountStore
    transactions: Transactions
    prepare: Callable[[], Coroutine[Any, Any, None]]
    ping: Callable[[], Coroutine[Any, Any, None]]
    close: Callable[[], Coroutine[Any, Any, None]]


def memory_stores() -> Stores:
    """Return stores in this process's memory; they end with it."""
    keyrings = MemoryKeyrings()
    return Stores(
        sessions=MemorySessions(),
        revocations=NoRevocations(),
        claims=MemoryClaims(),
        keyrings=keyrings,
        attempts=MemoryAttempts(),
        key_checks=MemoryKeyChecks(keyrings),
        accounts=MemoryAccounts(),
        transactions=MemoryTransactions(),
        prepare=_nothing,
        ping=_nothing,
        close=_nothing,
    )


def sql_stores(database: Database, vault: Vault) -> Stores:
    """Return stores on one SQL database, secrets sealed by `vault`."""

    async def prepare() -> None:
        await database.create_schema()
        await Resealing(database, vault).check()

    return Stores(
        sessions=SqlSessions(database),
        revocations=NoRevocations(),
        claims=SqlClaims(database),
        keyrings=SqlKeyrings(database, vault),
        attempts=SqlAttempts(database, vault),
        key_checks=SqlKeyChecks(database),
        accounts=SqlAccounts(database),
        transactions=database,
        prepare=prepare,
        ping=database.ping,
        close=database.close,
    )


def redis_stores(
    redis: AnyRedis,
    database: Database,
    vault: Vault,
    *,
    clock: Clock | None = None,
    stopwatch: Stopwatch | None = None,
    stale_after: timedelta = timedelta(seconds=1),
) -> Stores:
    """Return stores with sessions in Redis, ends committed in SQL first, and all else in SQL.

    Opening them starts a follower of the SQL log, which ends with them; without it nothing is vouched for.

    Args:
        redis: From `open_redis` or `open_async_redis`; in the colour of `database`.
        database: Where ends, accounts and keys are.
        vault: Seals secrets.
        clock: The same as in `Parts`.
        stopwatch: For how old our knowledge of the log is.
        stale_after: The log not followed for so long, sessions are answered with StoreUnavailable.
    """
    from menjin.adapters.redis.sessions import RedisSessions  # noqa: PLC0415 - redis-py is an extra

    sessions = RedisSessions(redis)
    log = SqlRevocationLog(database)
    clock, stopwatch = clock or SystemClock(), stopwatch or SystemStopwatch()
    revocations = FollowedRevocations(log, sessions, clock, stopwatch, stale_after)
    blocking = sessions.works_without_loop and database.works_without_loop
    following = ThreadFollowing(revocations.step) if blocking else TaskFollowing(revocations.step)
    sql = sql_stores(database, vault)

    async def prepare() -> None:
        await sql.prepare()
        try:
            await sessions.prepare()
            await revocations.step()
        except StoreUnavailable:
            _LOG.error("started without Redis or the revocation log; answering 503 until both are there")
        await following.start()

    async def ping() -> None:
        await sql.ping()
        await sessions.ping()
        revocations.check()

    async def close() -> None:
        await following.stop()
        await sessions.close()
        await sql.close()

    return replace(sql, sessions=sessions, revocations=revocations, prepare=prepare, ping=ping, close=close)


@dataclass(frozen=True, slots=True)
class Parts:
    """What an installation is made of.

    Attributes:
        base_url: WeChat's host, or a simulator's.
        wechat_deadline: For a whole call to WeChat.
        figures: How much one caller may try.
        upstream: What goes out to WeChat.
        counters: Where attempts are counted; by default in this process.
        counters_key: Hashes the counters' names; processes that share counters share it. None: made up.
    """

    apps: Apps
    http: HttpPort
    stores: Stores
    pause: Pause
    directory: Directory | None = None
    base_url: str = WECHAT
    wechat_deadline: timedelta = timedelta(seconds=3)
    clock: Clock = field(default_factory=SystemClock)
    randomness: Randomness = field(default_factory=SystemRandomness)
    listener: Listener = field(default_factory=Deaf)
    figures: Figures = field(default_factory=Figures)
    upstream: UpstreamFigures = field(default_factory=UpstreamFigures)
    counters: Counters = field(default_factory=MemoryCounters)
    counters_key: Secret | None = None


@dataclass(frozen=True, slots=True)
class Deeds:
    """The assembled flows."""

    sign_in: SignIn
    authenticate: Authenticate
    open_data: OpenData
    phone: Phone
    bind: Bind
    step_up: StepUp
    devices: Devices
    sign_out: SignOut
    follow: FollowWeChat
    wechat: AuthorisedWeChat
    session_keys: SessionKeys
    sessions: Sessions
    claims: Claims
    stores: Stores

    async def purge(self) -> int:
        """Forget what ended long ago; return how many."""
        return await self.sessions.purge() + await self.claims.purge() + await self.session_keys.purge()


def assemble(parts: Parts, make_slots: Callable[[int, int], Slots] = ThreadSlots) -> Deeds:
    """Wire the flows to the parts.

    Args:
        parts: What to wire.
        make_slots: Makes the queue towards WeChat in the caller's colour, of so many for each app and in total.
    """
    stores, clock, listener = parts.stores, parts.clock, parts.listener
    upstream = Upstream(
        make_slots(parts.upstream.per_app, parts.upstream.in_total), MemoryAppStates(), parts.upstream, clock
    )
    caller = Caller(parts.http, clock, parts.pause, parts.wechat_deadline, upstream)
    limits = _make_limits(parts, make_slots(parts.upstream.codes_per_address, parts.upstream.codes_in_total))
    passwords = Passwords(parts.directory, limits)
    base_url = parts.base_url.rstrip("/")
    wechat = WeChat(caller, clock, base_url)
    authorised = AuthorisedWeChat(caller, AccessTokens(wechat, clock), clock, base_url)
    accounts = Accounts(stores.accounts, clock, parts.randomness)
    session_keys = SessionKeys(stores.keyrings, stores.attempts, clock)
    sessions = Sessions(stores.sessions, stores.revocations, clock, parts.randomness)
    claims = Claims(stores.claims, clock, parts.randomness, parts.pause)
    return Deeds(
        sign_in=SignIn(
            apps=parts.apps,
            wechat=wechat,
            accounts=accounts,
            session_keys=session_keys,
            sessions=sessions,
            transactions=stores.transactions,
            limits=limits,
            claims=claims,
            clock=clock,
            listener=listener,
        ),
        authenticate=Authenticate(sessions, clock),
        open_data=OpenData(
            apps=parts.apps,
            accounts=accounts,
            session_keys=session_keys,
            sessions=sessions,
            wechat=authorised,
            clock=clock,
            listener=listener,
        ),
        phone=Phone(parts.apps, authorised, sessions, limits, listener),
        bind=Bind(
            apps=parts.apps,
            passwords=passwords,
            accounts=accounts,
            sessions=sessions,
            clock=clock,
            listener=listener,
        ),
        step_up=StepUp(
            apps=parts.apps,
            wechat=wechat,
            passwords=passwords,
            limits=limits,
            session_keys=session_keys,
            sessions=sessions,
            clock=clock,
            listener=listener,
        ),
        devices=Devices(sessions, clock, listener),
        sign_out=SignOut(
            apps=parts.apps,
            wechat=authorised,
            session_keys=session_keys,
            sessions=sessions,
            clock=clock,
            listener=listener,
        ),
        follow=FollowWeChat(
            apps=parts.apps,
            wechat=authorised,
            accounts=accounts,
            session_keys=session_keys,
            checks=stores.key_checks,
            sessions=sessions,
            clock=clock,
        ),
        wechat=authorised,
        session_keys=session_keys,
        sessions=sessions,
        claims=claims,
        stores=stores,
    )


def need_a_loop(parts: Parts) -> tuple[str, ...]:
    """Return the names of the adapters that work only under an event loop."""
    adapters: tuple[object, ...] = (
        parts.http,
        parts.pause,
        parts.counters,
        parts.stores.sessions,
        parts.stores.claims,
        parts.stores.keyrings,
        parts.stores.attempts,
        parts.stores.key_checks,
        parts.stores.accounts,
        parts.stores.transactions,
    )
    named = {type(adapter).__name__ for adapter in adapters if not getattr(adapter, "works_without_loop", True)}
    return tuple(sorted(named))


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


async def _nothing() -> None:
    """Do nothing."""
