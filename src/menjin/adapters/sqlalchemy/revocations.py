"""The revocation log on SQL."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.tables import REVOCATIONS
from menjin.clock import from_micros, to_micros
from menjin.sessions.model import EndReason
from menjin.sessions.revocations import Revocation
from menjin.values import SessionId

_SKEW = timedelta(minutes=1)  # of two machines' clocks, and from an entry's time to its number


class SqlRevocationLog:
    """Keeps one row an end."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.works_without_loop = database.works_without_loop

    async def record(self, session_id: SessionId, reason: EndReason, now: datetime, keep_until: datetime) -> bool:
        """Commit an end; inside an open transaction it is committed with it, and False is returned.

        Raises:
            StoreUnavailable: It may not have been committed.
        """
        row = {
            "session_id": session_id,
            "reason": reason,
            "created_at": to_micros(now),
            "keep_until": to_micros(keep_until),
        }
        is_joining = self._database.in_transaction
        async with self._database.transaction() as work:
            await work.add(REVOCATIONS, row)
        return not is_joining

    async def find_start(self, since: datetime) -> int:
        """Return a number before that of every entry made at `since` or later, those not committed yet included.

        A lower number may be committed later: so it is not the first visible entry that counts, but the last that is
        older by more than clocks differ and a write takes; 0 if there is none. One whose clock was further behind
        may carry a high number, so no visible entry made since is left out for it.
        """
        made_at = REVOCATIONS.c.created_at
        older = sa.select(REVOCATIONS.c.number).where(made_at < to_micros(since - _SKEW))
        # Of the number itself PostgreSQL would look for the smallest by the primary key, from the oldest entry on.
        first = sa.select(sa.func.min(REVOCATIONS.c.number + 0)).where(made_at >= to_micros(since))
        async with self._database.reading() as work:
            before = await work.first(older.order_by(made_at.desc()).limit(1))
            visible = await work.first(first)
        if before is None:
            return 0
        if visible is None or visible[0] is None:
            return int(before.number)
        return min(int(before.number), int(visible[0]) - 1)

    async def read_after(self, number: int, limit: int) -> list[Revocation]:
        """Return the next entries after `number`, in the order of their numbers."""
        after = sa.select(REVOCATIONS).where(REVOCATIONS.c.number > number).order_by(REVOCATIONS.c.number).limit(limit)
        async with self._database.reading() as work:
            return [
                Revocation(row.number, row.session_id, row.reason, from_micros(row.keep_until))
                for row in await work.run(after)
            ]

    async def purge(self, before: datetime, limit: int) -> int:
        """Forget entries whose session would have ended by itself before `before`; return how many."""
        old = sa.select(REVOCATIONS.c.number).where(REVOCATIONS.c.keep_until < to_micros(before)).limit(limit)
        async with self._database.transaction() as work:
            numbers = [row.number for row in await work.run(old)]
            if numbers:
                await work.run(sa.delete(REVOCATIONS).where(REVOCATIONS.c.number.in_(numbers)))
            return len(numbers)
