"""The attempt store on SQL; what came out of a ciphertext is sealed for its row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.tables import CIPHERTEXT_USES, KEY_ATTEMPTS
from menjin.clock import from_micros, to_micros
from menjin.session_keys.attempts import FAILURES_AT_MOST, Use
from menjin.session_keys.vault import Vault
from menjin.values import AppId, OpenId, SessionId

_PURGED_AT_ONCE = 1000


class SqlAttempts:
    """Keeps one row a key that was tried, and one a ciphertext that came."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self.works_without_loop = database.works_without_loop

    async def begin(self, appid: AppId, openid: OpenId, key_mac: str) -> int:
        """Count one attempt with a key; 0 if it is spent."""
        values = {"appid": appid, "openid": openid, "key_mac": key_mac, "attempts": 0}
        count = KEY_ATTEMPTS.c.attempts
        more = sa.update(KEY_ATTEMPTS).where(*_key(appid, openid, key_mac), count < FAILURES_AT_MOST)
        async with self._database.transaction() as work:
            await work.add_or_keep(KEY_ATTEMPTS, values)
            counted = await work.run(more.values(attempts=count + 1))
            if not counted.rowcount:
                return 0
            row = await work.first(sa.select(count).where(*_key(appid, openid, key_mac)))
            return int(row.attempts) if row is not None else 0

    async def refund(self, appid: AppId, openid: OpenId, key_mac: str) -> None:
        """Take one attempt back."""
        fewer = sa.update(KEY_ATTEMPTS).where(*_key(appid, openid, key_mac), KEY_ATTEMPTS.c.attempts > 0)
        async with self._database.transaction() as work:
            await work.run(fewer.values(attempts=KEY_ATTEMPTS.c.attempts - 1))

    async def begin_reset(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime, before: datetime) -> bool:
        """Note that a spent key's replacement is asked for."""
        uses, asked_at = KEY_ATTEMPTS.c, KEY_ATTEMPTS.c.reset_asked_at
        lately = (uses.appid == appid, uses.openid == openid, asked_at > to_micros(before))
        spent = (*_key(appid, openid, key_mac), uses.attempts >= FAILURES_AT_MOST)
        asked = sa.update(KEY_ATTEMPTS).where(*spent, sa.or_(asked_at.is_(None), asked_at <= to_micros(before)))
        async with self._database.transaction() as work:
            if await work.first(sa.select(uses.key_mac).where(*lately).limit(1)) is not None:
                return False
            return (await work.run(asked.values(reset_asked_at=to_micros(now)))).rowcount == 1

    async def find_use(self, appid: AppId, openid: OpenId, digest: str) -> Use | None:
        """Return what became of a ciphertext; one that no longer opens counts as one that did not."""
        query = sa.select(CIPHERTEXT_USES).where(*_use(appid, openid, digest))
        async with self._database.reading() as work:
            row = await work.first(query)
        if row is None:
            return None
        payload = None
        if row.payload_sealed is not None:
            try:
                payload = msgspec.json.decode(self._vault.open(row.payload_sealed, _place(appid, openid, digest)))
            except ValueError:
                payload = None
        return Use(SessionId(row.session_id), row.form, from_micros(row.used_at), payload)

    async def keep_use(self, appid: AppId, openid: OpenId, digest: str, use: Use) -> None:
        """Remember it, unless it is remembered already."""
        sealed = None
        if use.payload is not None:
            sealed = self._vault.seal(msgspec.json.encode(dict(use.payload)), _place(appid, openid, digest))
        values = {
            "appid": appid,
            "openid": openid,
            "digest": digest,
            "session_id": use.session_id,
            "form": use.form,
            "used_at": to_micros(use.used_at),
            "payload_sealed": sealed,
        }
        async with self._database.transaction() as work:
            await work.add_or_keep(CIPHERTEXT_USES, values)

    async def purge_uses(self, before: datetime) -> int:
        """Forget uses older than `before`, those of a thousand digests at most."""
        is_old = CIPHERTEXT_USES.c.used_at < to_micros(before)
        async with self._database.transaction() as work:
            found = await work.run(sa.select(CIPHERTEXT_USES.c.digest).where(is_old).limit(_PURGED_AT_ONCE))
            digests = [row.digest for row in found]
            if not digests:
                return 0
            return (
                await work.run(sa.delete(CIPHERTEXT_USES).where(is_old, CIPHERTEXT_USES.c.digest.in_(digests)))
            ).rowcount


def _key(appid: AppId, openid: OpenId, key_mac: str) -> tuple[sa.ColumnElement[bool], ...]:
    return KEY_ATTEMPTS.c.appid == appid, KEY_ATTEMPTS.c.openid == openid, KEY_ATTEMPTS.c.key_mac == key_mac


def _use(appid: AppId, openid: OpenId, digest: str) -> tuple[sa.ColumnElement[bool], ...]:
    uses = CIPHERTEXT_USES.c
    return uses.appid == appid, uses.openid == openid, uses.digest == digest


def place_of_use(row: sa.Row[Any]) -> str:
    """Return the place a row's payload is sealed for."""
    return _place(row.appid, row.openid, row.digest)


def _place(appid: AppId, openid: OpenId, digest: str) -> str:
    return f"ciphertext_uses/{appid}/{openid}/{digest}"
