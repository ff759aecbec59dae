"""The ledger store on SQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.tables import AUDIT_LINES, PSEUDONYMS
from menjin.clock import from_micros, to_micros
from menjin.ledger.model import Line


class SqlLedger:
    """Keeps one row a line, and one a pseudonym."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.works_without_loop = database.works_without_loop

    async def keep_pseudonym(self, subject_id: str, fresh: str) -> str:
        """Return the pseudonym of an account or identity; `fresh` from now on, if it has none."""
        async with self._database.transaction() as work:
            row = await work.find(PSEUDONYMS, subject_id=subject_id)
            if row is None:
                await work.add_or_keep(PSEUDONYMS, {"subject_id": subject_id, "pseudonym": fresh})
                row = await work.find(PSEUDONYMS, subject_id=subject_id)
            return str(row.pseudonym) if row is not None else fresh

    async def add(self, line: Line) -> None:
        """Keep a line."""
        values = {
            "at": to_micros(line.at),
            "deed": line.deed,
            "actor": line.actor,
            "pseudonym": line.pseudonym,
            "appid": line.appid,
            "tenant": line.tenant,
            "reason": line.reason,
            "request_id": line.request_id,
        }
        async with self._database.transaction() as work:
            await work.add(AUDIT_LINES, values)

    async def list_lines(self, subject_id: str) -> tuple[Line, ...]:
        """Return the lines of an account or identity, the oldest first."""
        whose = PSEUDONYMS.c.pseudonym == AUDIT_LINES.c.pseudonym
        query = sa.select(AUDIT_LINES).join(PSEUDONYMS, whose).where(PSEUDONYMS.c.subject_id == subject_id)
        async with self._database.reading() as work:
            return tuple(_to_line(row) for row in await work.run(query.order_by(AUDIT_LINES.c.number)))


def _to_line(row: sa.Row[Any]) -> Line:
    return Line(
        at=from_micros(row.at),
        deed=row.deed,
        actor=row.actor,
        pseudonym=row.pseudonym,
        appid=row.appid,
        tenant=row.tenant,
        reason=row.reason,
        request_id=row.request_id,
    )
