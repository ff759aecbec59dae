"""The check store on SQL."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.tables import KEY_CHECKS, KEYRINGS
from menjin.clock import to_micros
from menjin.values import AppId, OpenId


class SqlKeyChecks:
    """Keeps one row a person who was asked about."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.works_without_loop = database.works_without_loop

    async def claim_due(self, appid: AppId, before: datetime, now: datetime, most: int) -> tuple[OpenId, ...]:
        """Return people whose key was not asked about since `before`, and note that it is asked about now."""
        same = (KEY_CHECKS.c.appid == KEYRINGS.c.appid, KEY_CHECKS.c.openid == KEYRINGS.c.openid)
        due = sa.or_(KEY_CHECKS.c.checked_at.is_(None), KEY_CHECKS.c.checked_at <= to_micros(before))
        query = sa.select(KEYRINGS.c.openid).outerjoin(KEY_CHECKS, sa.and_(*same)).where(KEYRINGS.c.appid == appid, due)
        claimed: list[OpenId] = []
        async with self._database.transaction() as work:
            for row in (await work.run(query.order_by(KEYRINGS.c.openid).limit(most))).all():
                values = {"appid": appid, "openid": row.openid, "checked_at": 0}
                await work.add_or_keep(KEY_CHECKS, values)
                mine = sa.update(KEY_CHECKS).where(*_is(appid, row.openid), due)
                if (await work.run(mine.values(checked_at=to_micros(now)))).rowcount:
                    claimed.append(row.openid)
        return tuple(claimed)

    async def note_refused(self, appid: AppId, openid: OpenId, key_mac: str) -> bool:
        """Note that WeChat refused a key; True if it refused the same one the time before."""
        other = sa.or_(KEY_CHECKS.c.refused_mac.is_(None), KEY_CHECKS.c.refused_mac != key_mac)
        noted = sa.update(KEY_CHECKS).where(*_is(appid, openid), other)
        async with self._database.transaction() as work:
            return not (await work.run(noted.values(refused_mac=key_mac))).rowcount

    async def note_good(self, appid: AppId, openid: OpenId) -> None:
        """Forget an earlier refusal."""
        async with self._database.transaction() as work:
            await work.run(sa.update(KEY_CHECKS).where(*_is(appid, openid)).values(refused_mac=None))


def _is(appid: AppId, openid: OpenId) -> tuple[sa.ColumnElement[bool], ...]:
    return KEY_CHECKS.c.appid == appid, KEY_CHECKS.c.openid == openid
