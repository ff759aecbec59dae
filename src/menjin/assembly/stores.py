"""One adapter a store port: in memory, on SQL, or with sessions in Redis."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from menjin.access_tokens.store import TokenStore
from menjin.accounts.store import AccountStore
from menjin.adapters.client_memory import MemoryClients
from menjin.adapters.following import TaskFollowing, ThreadFollowing
from menjin.adapters.memory import (
    MemoryAttempts,
    MemoryClaims,
    MemoryKeyChecks,
    MemoryKeyrings,
    MemorySessions,
    MemoryTransactions,
)
from menjin.adapters.memory_accounts import MemoryAccounts, MemoryProofs
from menjin.adapters.memory_ledger import MemoryLedger
from menjin.adapters.memory_tokens import MemoryTokens
from menjin.adapters.revocations import FollowedRevocations
from menjin.adapters.sqlalchemy.access_tokens import SqlTokens
from menjin.adapters.sqlalchemy.accounts import SqlAccounts
from menjin.adapters.sqlalchemy.attempts import SqlAttempts
from menjin.adapters.sqlalchemy.claims import SqlClaims
from menjin.adapters.sqlalchemy.clients import SqlClients
from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.key_checks import SqlKeyChecks
from menjin.adapters.sqlalchemy.keyrings import SqlKeyrings
from menjin.adapters.sqlalchemy.ledger import SqlLedger
from menjin.adapters.sqlalchemy.proofs import SqlProofs
from menjin.adapters.sqlalchemy.resealing import Resealing
from menjin.adapters.sqlalchemy.revocations import SqlRevocationLog
from menjin.adapters.sqlalchemy.sessions import SqlSessions
from menjin.clients.store import ClientStore
from menjin.clock import Clock, Stopwatch, SystemClock, SystemStopwatch
from menjin.errors import StoreUnavailable
from menjin.ledger.store import LedgerStore
from menjin.login.claims import ClaimStore
from menjin.login.ports import Transactions
from menjin.login.proofs import ProofStore
from menjin.session_keys.attempts import AttemptStore
from menjin.session_keys.checks import CheckStore
from menjin.session_keys.store import KeyringStore
from menjin.session_keys.vault import Vault
from menjin.sessions.revocations import NoRevocations, Revocations
from menjin.sessions.store import SessionStore

if TYPE_CHECKING:
    from menjin.adapters.redis.clients import AnyRedis

_LOG = logging.getLogger("menjin.assembly")


@dataclass(frozen=True, slots=True)
class Stores:
    """One adapter a store port.

    Attributes:
        prepare: Brings the tables about; may be called at every start.
        ping: Raises StoreUnavailable when the stores cannot be asked.
        close: Gives the connections back.
        one_database: Whether sessions are kept where accounts are.
        one_writer: Whether nobody else changes accounts while a transaction is open.
    """

    sessions: SessionStore
    revocations: Revocations
    claims: ClaimStore
    keyrings: KeyringStore
    attempts: AttemptStore
    key_checks: CheckStore
    accounts: AccountStore
    proofs: ProofStore
    ledger: LedgerStore
    clients: ClientStore
    transactions: Transactions
    tokens: TokenStore
    prepare: Callable[[], Coroutine[Any, Any, None]]
    ping: Callable[[], Coroutine[Any, Any, None]]
    close: Callable[[], Coroutine[Any, Any, None]]
    one_database: bool = True
    one_writer: bool = False


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
        proofs=MemoryProofs(),
        ledger=MemoryLedger(),
        clients=MemoryClients(),
        transactions=MemoryTransactions(),
        tokens=MemoryTokens(),
        prepare=_nothing,
        ping=_nothing,
        close=_nothing,
    )


def sql_stores(database: Database, vault: Vault) -> Stores:
    """Return stores on one SQL database, secrets sealed by `vault`."""
    accounts = SqlAccounts(database, vault)

    async def prepare() -> None:
        await database.create_schema()
        await Resealing(database, vault).check()  # before anything is sealed
        await accounts.prepare()

    return Stores(
        sessions=SqlSessions(database),
        revocations=NoRevocations(),
        claims=SqlClaims(database),
        keyrings=SqlKeyrings(database, vault),
        attempts=SqlAttempts(database, vault),
        key_checks=SqlKeyChecks(database),
        accounts=accounts,
        proofs=SqlProofs(database, vault),
        ledger=SqlLedger(database),
        clients=SqlClients(database),
        transactions=database,
        tokens=SqlTokens(database, vault),
        prepare=prepare,
        ping=database.ping,
        close=database.close,
        one_writer=database.backend == "sqlite",
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
    from menjin.adapters.redis.access_tokens import RedisTokens  # noqa: PLC0415 - redis-py is an extra
    from menjin.adapters.redis.sessions import RedisSessions  # noqa: PLC0415 - the same

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

    return replace(
        sql,
        sessions=sessions,
        revocations=revocations,
        tokens=RedisTokens(redis, vault),
        prepare=prepare,
        ping=ping,
        close=close,
        one_database=False,
    )


async def _nothing() -> None:
    """Do nothing."""
