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
from menjin.session_keys.attempts import FAILURES_AT_MOST, IN_FLIGHT_AT_MOST, CountedKey, StillInFlightError, Use
from menjin.session_keys.vault import Vault
from menjin.values import AppId, OpenId, SessionId

_PURGED_AT_ONCE = 1000
_KEY = are(KEY_ATTEMPTS, ("appid", "openid", "key_mac"), KEY)
_TRIES = KEY_ATTEMPTS.c
# Nothing is in flight, or its holders are taken for dead.
_ARE_OVER = sa.or_(_TRIES.in_flight <= 0, _TRIES.begun_at <= sa.bindparam("dead_since", type_=sa.BigInteger()))
_ONE_MORE = sa.case((_ARE_OVER, 1), else_=_TRIES.in_flight + 1)
_ONE_LESS = sa.case((_TRIES.in_flight > 0, _TRIES.in_flight - 1), else_=0)
_COUNT = (
    sa.update(KEY_ATTEMPTS)
    .where(*_KEY, _TRIES.attempts < FAILURES_AT_MOST)
    .ordered_values(  # MySQL reads what it has just set
        (_TRIES.attempts, _TRIES.attempts + 1),
        (_TRIES.in_flight, _ONE_MORE),
        (_TRIES.begun_at, sa.bindparam("now", type_=sa.BigInteger())),
    )
)
_REFUND = (
    sa.update(KEY_ATTEMPTS).where(*_KEY, _TRIES.attempts > 0).values(attempts=_TRIES.attempts - 1, in_flight=_ONE_LESS)
)
_FAIL = sa.update(KEY_ATTEMPTS).where(*_KEY).values(in_flight=_ONE_LESS)
_TIDY_UP = sa.delete(KEY_ATTEMPTS).where(*_KEY, _TRIES.attempts == 0, _TRIES.reset_asked_at.is_(None))


class SqlAttempts:
    """Keeps one row a key that was tried, and one a ciphertext that came."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self.works_without_loop = database.works_without_loop

    async def begin(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime) -> int:
        """Count one attempt with a key; 0 if it is spent."""
        key = {"appid": appid, "openid": openid, "key_mac": key_mac}
        first = {**key, "attempts": 1, "in_flight": 1, "begun_at": to_micros(now)}
        dead = {"dead_since": to_micros(now - IN_FLIGHT_AT_MOST)}

        async def deed(work: Work) -> int:
            if work.backend == "mysql":  # its ON DUPLICATE KEY UPDATE knows no condition, but locks the row
                await work.add_or_keep(KEY_ATTEMPTS, {**first, "attempts": 0, "in_flight": 0})
                counted = await work.run(_COUNT, {**to_keys(key), **dead, "now": to_micros(now)})
                row = (
                    await work.find(KEY_ATTEMPTS, appid=appid, openid=openid, key_mac=key_mac)
                    if counted.rowcount
                    else None
                )
            else:
                row = await work.first(_begin(work.backend), {**first, **dead})
            if row is not None:
                return int(row.attempts)
            if await work.first(sa.select(_TRIES.attempts).where(*_KEY, *_is_spent(now)), to_keys(key)) is None:
                raise StillInFlightError
            return 0

        return await self._database.run(deed)

    async def refund(self, appid: AppId, openid: OpenId, key_mac: str) -> None:
        """Take one attempt back."""
        key = to_keys({"appid": appid, "openid": openid, "key_mac": key_mac})

        async def deed(work: Work) -> None:
            await work.run(_REFUND, key)
            await work.run(_TIDY_UP, key)

        await self._database.run(deed)

    async def note_failure(self, appid: AppId, openid: OpenId, key_mac: str) -> None:
        """Note that one attempt is over, and failed."""
        async with self._database.transaction() as work:
            await work.run(_FAIL, to_keys({"appid": appid, "openid": openid, "key_mac": key_mac}))

    async def list_untouched(self, before: datetime, most: int) -> Sequence[CountedKey]:
        """Return keys last touched before `before`, the oldest first."""
        keys = sa.select(KEY_ATTEMPTS).where(_TRIES.begun_at < to_micros(before))
        async with self._database.reading() as work:
            rows = (await work.run(keys.order_by(_TRIES.begun_at).limit(most))).all()
        return [CountedKey(row.appid, row.openid, row.key_mac) for row in rows]

    async def forget(self, key: CountedKey, before: datetime) -> None:
        """Forget a key's count, unless it was touched since."""
        async with self._database.transaction() as work:
            untouched = _TRIES.begun_at < to_micros(before)
            await work.run(sa.delete(KEY_ATTEMPTS).where(*_key(*key), untouched))

    async def keep(self, key: CountedKey, now: datetime) -> None:
        """Touch a key's count; nothing is in flight that long."""
        async with self._database.transaction() as work:
            await work.change(KEY_ATTEMPTS, {"begun_at": to_micros(now), "in_flight": 0}, **key._asdict())

    async def begin_reset(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime, before: datetime) -> bool:
        """Note that a spent key's replacement is asked for."""
        uses, asked_at = KEY_ATTEMPTS.c, KEY_ATTEMPTS.c.reset_asked_at
        lately = (uses.appid == appid, uses.openid == openid, asked_at > to_micros(before))
        spent = (*_key(appid, openid, key_mac), *_is_spent(now))
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
        return Use(SessionId(row.session_id), row.form, from_micros(row.used_at), payload, row.is_pending)

    async def claim_use(self, appid: AppId, openid: OpenId, digest: str, use: Use, instead_of: Use | None) -> bool:
        """Remember a pending use, unless one is remembered already."""
        claim = {"session_id": use.session_id, "form": use.form, "used_at": to_micros(use.used_at), "is_pending": True}

        async def deed(work: Work) -> bool:
            if instead_of is None:
                names = {"appid": appid, "openid": openid, "digest": digest}
                return await work.add_if_new(CIPHERTEXT_USES, {**names, **claim})
            return await work.change(CIPHERTEXT_USES, claim, **_claim(appid, openid, digest, instead_of)) == 1

        return await self._database.run(deed)  # on MySQL two that wait for a third's release deadlock

    async def answer_use(self, appid: AppId, openid: OpenId, digest: str, use: Use) -> bool:
        """Say what came of a claimed ciphertext, if the claim is ours still."""
        sealed = None
        if use.payload is not None:
            sealed = self._vault.seal(msgspec.json.encode(dict(use.payload)), _place(appid, openid, digest))
        answer = {"is_pending": False, "payload_sealed": sealed}
        async with self._database.transaction() as work:
            return await work.change(CIPHERTEXT_USES, answer, **_claim(appid, openid, digest, use)) == 1

    async def release_use(self, appid: AppId, openid: OpenId, digest: str, use: Use) -> None:
        """Forget a claim, as it was claimed."""
        async with self._database.transaction() as work:
            await work.remove(CIPHERTEXT_USES, **_claim(appid, openid, digest, use))

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


@cache
def _begin(backend: str) -> sa.Executable:
    """Return the INSERT of a first attempt, or the UPDATE that counts one more; no row of one too many.

    In one statement: the row may be taken away at any moment by a refund.
    """
    insert = postgresql.insert if backend == "postgresql" else sqlite.insert
    names = ("appid", "openid", "key_mac", "attempts", "in_flight", "begun_at")
    first = insert(KEY_ATTEMPTS).values(bind(KEY_ATTEMPTS, names))
    more = first.on_conflict_do_update(
        index_elements=["appid", "openid", "key_mac"],
        set_={"attempts": _TRIES.attempts + 1, "in_flight": _ONE_MORE, "begun_at": first.excluded.begun_at},
        where=_TRIES.attempts < FAILURES_AT_MOST,
    )
    return more.returning(_TRIES.attempts)


def _is_spent(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    are_over = sa.or_(_TRIES.in_flight <= 0, _TRIES.begun_at <= to_micros(now - IN_FLIGHT_AT_MOST))
    return _TRIES.attempts >= FAILURES_AT_MOST, are_over


def _use(appid: AppId, openid: OpenId, digest: str) -> tuple[sa.ColumnElement[bool], ...]:
    uses = CIPHERTEXT_USES.c
    return uses.appid == appid, uses.openid == openid, uses.digest == digest


def _claim(appid: AppId, openid: OpenId, digest: str, use: Use) -> dict[str, Any]:
    """Return the columns of a pending use; the next to claim that ciphertext has another `used_at`."""
    claimed = {"session_id": use.session_id, "form": use.form, "used_at": to_micros(use.used_at), "is_pending": True}
    return {"appid": appid, "openid": openid, "digest": digest, **claimed}


def place_of_use(row: sa.Row[Any]) -> str:
    """Return the place a row's payload is sealed for."""
    return _place(row.appid, row.openid, row.digest)


def _place(appid: AppId, openid: OpenId, digest: str) -> str:
    return f"ciphertext_uses/{appid}/{openid}/{digest}"
