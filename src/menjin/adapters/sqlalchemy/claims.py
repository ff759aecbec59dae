"""The claim store on SQL."""

from __future__ import annotations

from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.statements import bind
from menjin.adapters.sqlalchemy.tables import CLAIMS
from menjin.clock import from_micros, to_micros
from menjin.login.claims import Claim

_PURGED_AT_ONCE = 1000


class SqlClaims:
    """Keeps one row a login_code, by its hash, for ten minutes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.works_without_loop = database.works_without_loop

    async def claim(self, code_hash: str, now: datetime, until: datetime, *, is_keyed: bool) -> bool:
        """Claim a code; False if it is claimed already."""
        values = {"code_hash": code_hash, "claimed_until": to_micros(until), "is_keyed": is_keyed}

        async def deed(work: Work) -> bool:
            if work.backend == "mysql":  # its ON DUPLICATE KEY UPDATE knows no condition
                expired = CLAIMS.c.claimed_until <= to_micros(now)
                await work.run(sa.delete(CLAIMS).where(CLAIMS.c.code_hash == code_hash, expired))
                return await work.add_if_new(CLAIMS, values)
            return (await work.run(_claim(work.backend), {**values, "now": to_micros(now)})).rowcount == 1

        return await self._database.run(deed, fleeting=True)

    async def find(self, code_hash: str) -> Claim | None:
        """Return what is known of a code."""
        async with self._database.reading() as work:
            row = await work.find(CLAIMS, code_hash=code_hash)
        if row is None:
            return None
        until = from_micros(row.answer_until) if row.answer_until is not None else None
        return Claim(row.is_keyed, row.sealed, until)

    async def put_answer(self, code_hash: str, sealed: str, until: datetime) -> None:
        """Keep the answer of a claimed code."""
        answer = {"sealed": sealed, "answer_until": to_micros(until)}
        async with self._database.transaction(fleeting=True) as work:
            await work.change(CLAIMS, answer, code_hash=code_hash)

    async def release(self, code_hash: str) -> None:
        """Give a claim back."""
        async with self._database.transaction(fleeting=True) as work:
            await work.remove(CLAIMS, code_hash=code_hash)

    async def purge_claims(self, now: datetime) -> int:
        """Forget claims past their end, a thousand at most."""
        old = sa.select(CLAIMS.c.code_hash).where(CLAIMS.c.claimed_until <= to_micros(now)).limit(_PURGED_AT_ONCE)
        async with self._database.transaction(fleeting=True) as work:
            hashes = [row.code_hash for row in await work.run(old)]
            if hashes:
                await work.run(sa.delete(CLAIMS).where(CLAIMS.c.code_hash.in_(hashes)))
            return len(hashes)


@cache
def _claim(backend: str) -> sa.Insert:
    """Return the INSERT of a claim, or the UPDATE of one past its end."""
    insert = postgresql.insert if backend == "postgresql" else sqlite.insert
    fresh = insert(CLAIMS).values(bind(CLAIMS, ("code_hash", "claimed_until", "is_keyed"))).inline()
    changes = {"claimed_until": fresh.excluded.claimed_until, "is_keyed": fresh.excluded.is_keyed}
    expired = CLAIMS.c.claimed_until <= sa.bindparam("now", type_=sa.BigInteger())
    emptied = {"sealed": None, "answer_until": None}
    claim = fresh.on_conflict_do_update(index_elements=["code_hash"], set_={**changes, **emptied}, where=expired)
    return claim.execution_options(preserve_rowcount=True)
