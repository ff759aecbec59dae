"""The check store on SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.tables import KEYRINGS
from menjin.clock import to_micros
from menjin.values import AppId, OpenId


def select_due(appid: AppId, before: datetime, most: int) -> sa.Select[Any]:
    """Return the SELECT of people who are due: however many are not, it reads no row of theirs."""
    due = sa.select(KEYRINGS.c.openid).where(KEYRINGS.c.appid == appid, _is_due(before))
    return due.order_by(KEYRINGS.c.checked_at).limit(most)


class SqlKeyChecks:
    """Keeps it beside the keys: in the keyring's row."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.works_without_loop = database.works_without_loop

    async def claim_due(self, appid: AppId, before: datetime, now: datetime, most: int) -> tuple[OpenId, ...]:
        """Return people whose key neither came nor was asked about since `before`; note that it is asked about now."""
        async with self._database.reading() as work:
            due = [row.openid for row in await work.run(select_due(appid, before, most))]
        if not due:
            return ()

        async def deed(work: Work) -> tuple[OpenId, ...]:
            claimed = []
            for openid in due:
                mine = sa.update(KEYRINGS).where(*_is(appid, openid), _is_due(before))
                if (await work.run(mine.values(checked_at=to_micros(now)))).rowcount:
                    claimed.append(openid)
            return tuple(claimed)

        return await self._database.run(deed)

    async def rest(self, appid: AppId, openid: OpenId, claimed_at: datetime) -> None:
        """Claim a person no more until their next key comes."""
        async with self._database.transaction() as work:
            unchanged = {"appid": appid, "openid": openid, "checked_at": to_micros(claimed_at)}
            await work.change(KEYRINGS, {"checked_at": None}, **unchanged)

    async def note_refused(self, appid: AppId, openid: OpenId, key_mac: str) -> bool:
        """Note that WeChat refused a key; True if it refused the same one the time before."""
        other = sa.or_(KEYRINGS.c.refused_mac.is_(None), KEYRINGS.c.refused_mac != key_mac)
        noted = sa.update(KEYRINGS).where(*_is(appid, openid), other)
        async with self._database.transaction() as work:
            return not (await work.run(noted.values(refused_mac=key_mac))).rowcount

    async def note_good(self, appid: AppId, openid: OpenId) -> None:
        """Forget an earlier refusal."""
        async with self._database.transaction() as work:
            await work.run(sa.update(KEYRINGS).where(*_is(appid, openid)).values(refused_mac=None))


def _is(appid: AppId, openid: OpenId) -> tuple[sa.ColumnElement[bool], ...]:
    return KEYRINGS.c.appid == appid, KEYRINGS.c.openid == openid


def _is_due(before: datetime) -> sa.ColumnElement[bool]:
    return KEYRINGS.c.checked_at <= to_micros(before)
