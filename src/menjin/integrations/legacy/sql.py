"""The legacy store on SQL: one table of its own, among menjin's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.tables import LEGACY_SESSIONS
from menjin.clock import from_micros, to_micros
from menjin.integrations.legacy.store import Entry


class SqlLegacyStore:
    """Keeps one row a name; call `prepare` once at start.

    Args:
        database: The one menjin's other stores are on, or another.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.works_without_loop = database.works_without_loop

    async def prepare(self) -> None:
        """Bring the tables about."""
        await self._database.create_schema()

    async def claim(self, name: str, entry: Entry, now: datetime) -> Entry | None:
        """Keep `entry` if none lives under `name`, else return the one there."""
        try:
            return await self._try_claim(name, entry, now)
        except exc.IntegrityError:  # another came first; its row is read in a transaction of its own
            return await self.find(name, now) or entry

    async def fill(self, name: str, sealed: str, expires_at: datetime) -> None:
        """Put `sealed` into the entry and move its end."""
        values = {"sealed": sealed, "expires_at": to_micros(expires_at)}
        async with self._database.transaction() as work:
            await work.run(sa.update(LEGACY_SESSIONS).where(LEGACY_SESSIONS.c.name == name).values(**values))

    async def find(self, name: str, now: datetime) -> Entry | None:
        """Return the living entry, or None."""
        async with self._database.reading() as work:
            row = await work.first(_select(name, now))
            return _to_entry(row) if row is not None else None

    async def forget(self, name: str) -> None:
        """Drop the entry."""
        async with self._database.transaction() as work:
            await work.run(sa.delete(LEGACY_SESSIONS).where(LEGACY_SESSIONS.c.name == name))

    async def purge(self, now: datetime, limit: int = 1000) -> int:
        """Drop entries whose end has come."""
        ended = LEGACY_SESSIONS.c.expires_at <= to_micros(now)
        async with self._database.transaction() as work:
            rows = await work.run(sa.select(LEGACY_SESSIONS.c.name).where(ended).limit(limit))
            gone = [row.name for row in rows]
            await work.run(sa.delete(LEGACY_SESSIONS).where(LEGACY_SESSIONS.c.name.in_(gone), ended))
            return len(gone)

    async def _try_claim(self, name: str, entry: Entry, now: datetime) -> Entry | None:
        async with self._database.transaction() as work:
            row = await work.first(_select(name, now))
            if row is not None:
                return _to_entry(row)
            ended = (LEGACY_SESSIONS.c.name == name, LEGACY_SESSIONS.c.expires_at <= to_micros(now))
            await work.run(sa.delete(LEGACY_SESSIONS).where(*ended))
            values = {"name": name, "proof": entry.proof, "claimed_at": to_micros(entry.claimed_at)}
            values |= {"expires_at": to_micros(entry.expires_at), "sealed": entry.sealed}
            await work.run(sa.insert(LEGACY_SESSIONS).values(**values))
            return None


def _select(name: str, now: datetime) -> sa.Select[Any]:
    alive = LEGACY_SESSIONS.c.expires_at > to_micros(now)
    return sa.select(LEGACY_SESSIONS).where(LEGACY_SESSIONS.c.name == name, alive)


def _to_entry(row: sa.Row[Any]) -> Entry:
    return Entry(row.proof, from_micros(row.claimed_at), from_micros(row.expires_at), row.sealed)
