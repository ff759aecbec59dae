"""The proof store on SQL: what a session proved a moment ago, sealed for its row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.tables import SESSION_PROOFS
from menjin.clock import to_micros
from menjin.session_keys.vault import Vault


def place_of_proof(row: sa.Row[Any]) -> str:
    """Return the place a row's text is sealed for."""
    return _place(row.name)


def _place(name: str) -> str:
    return f"session_proofs/{name}"


class SqlProofs:
    """Keeps one row a name."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self.works_without_loop = database.works_without_loop

    async def put(self, name: str, text: str, until: datetime) -> None:
        """Keep a text, in place of the one of the same name."""
        kept = {"sealed": self._vault.seal(text.encode(), _place(name)), "keep_until": to_micros(until)}
        async with self._database.transaction() as work:
            await work.add_or_keep(SESSION_PROOFS, {"name": name, **kept})
            await work.run(sa.update(SESSION_PROOFS).where(SESSION_PROOFS.c.name == name).values(**kept))

    async def find(self, name: str, now: datetime) -> str | None:
        """Return the text of a name; one that no longer opens counts as none."""
        alive = (SESSION_PROOFS.c.name == name, SESSION_PROOFS.c.keep_until > to_micros(now))
        async with self._database.reading() as work:
            row = await work.first(sa.select(SESSION_PROOFS).where(*alive))
        try:
            return self._vault.open(row.sealed, _place(name)).decode() if row is not None else None
        except ValueError:
            return None

    async def take(self, name: str, now: datetime) -> bool:
        """Forget a text; False if it was not there any more."""
        alive = (SESSION_PROOFS.c.name == name, SESSION_PROOFS.c.keep_until > to_micros(now))
        async with self._database.transaction() as work:
            return (await work.run(sa.delete(SESSION_PROOFS).where(*alive))).rowcount == 1

    async def purge_proofs(self, now: datetime) -> int:
        """Forget what is past its end."""
        async with self._database.transaction() as work:
            old = sa.delete(SESSION_PROOFS).where(SESSION_PROOFS.c.keep_until <= to_micros(now))
            return (await work.run(old)).rowcount
