"""The attempt store on SQL; what came out of a ciphertext is sealed for its row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.statements import KEY, are, bind, to_keys
from menjin.adapters.sqlalchemy.tables import CIPHERTEXT_USES, KEY_ATTEMPTS
from menjin.clock import from_micros, to_micros
from menjin.session_keys.attempts import FAILURES_AT_MOST, CountedKey, Use
from menjin.session_keys.vault import Vault
from menjin.values import AppId, OpenId, SessionId

_PURGED_AT_ONCE = 1000
_KEY = are(KEY_ATTEMPTS, ("appid", "openid", "key_mac"), KEY)
_ATTEMPTS = KEY_ATTEMPTS.c.attempts
_COUNT = (
    sa.update(KEY_ATTEMPTS)
    .where(*_KEY, _ATTEMPTS < FAILURES_AT_MOST)
    .values(attempts=_ATTEMPTS + 1, touched_at=sa.bindparam("now", type_=sa.BigInteger()))
)
_REFUND = sa.update(KEY_ATTEMPTS).where(*_KEY, _ATTEMPTS > 0).values(attempts=_ATTEMPTS - 1)
_TIDY_UP = sa.delete(KEY_ATTEMPTS).where(*_KEY, _ATTEMPTS == 0, KEY_ATTEMPTS.c.reset_asked_at.is_(None))


class SqlAttempts:
    """Keeps one row a key that was tried, and one a ciphertext that came."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self.works_without_loop = database.works_without_loop

    async def begin(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime) -> int:
        """Count one attempt with a key; 0 if it is spent."""
        key = {"appid": appid, "openid": openid, "key_mac": key_mac}
        values = {**key, "attempts": 1, "touched_at": to_micros(now)}

        async def deed(work: Work) -> int:
            if work.backend == "mysql":  # its ON DUPLICATE KEY UPDATE knows no condition, but locks the row
                await work.add_or_keep(KEY_ATTEMPTS, {**values, "attempts": 0})
                if not (await work.run(_COUNT, {**to_keys(key), "now": to_micros(now)})).rowcount:
                    return 0
                row = await work.find(KEY_ATTEMPTS, appid=appid, openid=openid, key_mac=key_mac)
            else:
                row = await work.first(_begin(work.backend), values)
            return int(row.attempts) if row is not None else 0

        return await self._database.run(deed)

    async def refund(self, appid: AppId, openid: OpenId, key_mac: str) -> None:
        """Take one attempt back."""
        key = to_keys({"appid": appid, "openid": openid, "key_mac": key_mac})

        async def deed(work: Work) -> None:
            await work.run(_REFUND, key)
            await work.run(_TIDY_UP, key)

        await self._database.run(deed)

    async def list_untouched(self, before: datetime, most: int) -> Sequence[CountedKey]:
        """Return keys last touched before `before`, the oldest first."""
        keys = sa.select(KEY_ATTEMPTS).where(KEY_ATTEMPTS.c.touched_at < to_micros(before))
        async with self._database.reading() as work:
            rows = (await work.run(keys.order_by(KEY_ATTEMPTS.c.touched_at).limit(most))).all()
        return [CountedKey(row.appid, row.openid, row.key_mac) for row in rows]

    async def forget(self, key: CountedKey, before: datetime) -> None:
        """Forget a key's count, unless it was touched since."""
        async with self._database.transaction() as work:
            untouched = KEY_ATTEMPTS.c.touched_at < to_micros(before)
            await work.run(sa.delete(KEY_ATTEMPTS).where(*_key(*key), untouched))

    async def keep(self, key: CountedKey, now: datetime) -> None:
        """Touch a key's count."""
        async with self._database.transaction() as work:
            await work.change(KEY_ATTEMPTS, {"touched_at": to_micros(now)}, **key._asdict())

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


@cache
def _begin(backend: str) -> sa.Executable:
    """Return the INSERT of a first attempt, or the UPDATE that counts one more; no row of one too many.

    In one statement: the row may be taken away at any moment by a refund.
    """
    insert = postgresql.insert if backend == "postgresql" else sqlite.insert
    first = insert(KEY_ATTEMPTS).values(bind(KEY_ATTEMPTS, ("appid", "openid", "key_mac", "attempts", "touched_at")))
    more = first.on_conflict_do_update(
        index_elements=["appid", "openid", "key_mac"],
        set_={"attempts": _ATTEMPTS + 1, "touched_at": first.excluded.touched_at},
        where=_ATTEMPTS < FAILURES_AT_MOST,
    )
    return more.returning(_ATTEMPTS)


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
