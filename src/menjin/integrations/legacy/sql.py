"""The legacy store on SQL: one table of its own, among menjin's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.tables import LEGACY_SESSIONS
from menjin.clock import from_micros, to_micros
from menjin.errors import StoreUnavailable
from menjin.integrations.legacy.store import Entry

_ATTEMPTS = 4  # the row in the way may be forgotten before it is read


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
        ended = (LEGACY_SESSIONS.c.name == name, LEGACY_SESSIONS.c.expires_at <= to_micros(now))

        async def deed(work: Work) -> Entry | None:
            for _ in range(_ATTEMPTS):
                row = await work.first(_select(name, now))
                if row is not None:
                    return _to_entry(row)
                await work.run(sa.delete(LEGACY_SESSIONS).where(*ended))
                if await work.add_if_new(LEGACY_SESSIONS, _to_row(name, entry)):
                    return None  # else another came first, whose row the next statement sees
            raise StoreUnavailable

        return await self._database.run(deed)

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


def _select(name: str, now: datetime) -> sa.Select[Any]:
    alive = LEGACY_SESSIONS.c.expires_at > to_micros(now)
    return sa.select(LEGACY_SESSIONS).where(LEGACY_SESSIONS.c.name == name, alive)


def _to_row(name: str, entry: Entry) -> dict[str, Any]:
    return {
        "name": name,
        "proof": entry.proof,
        "claimed_at": to_micros(entry.claimed_at),
        "expires_at": to_micros(entry.expires_at),
        "sealed": entry.sealed,
    }


def _to_entry(row: sa.Row[Any]) -> Entry:
    return Entry(row.proof, from_micros(row.claimed_at), from_micros(row.expires_at), row.sealed)
