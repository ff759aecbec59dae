"""The attempt store on SQL; what came out of a ciphertext is sealed for its row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.tables import CIPHERTEXT_USES, KEY_ATTEMPTS
from menjin.clock import from_micros, to_micros
from menjin.session_keys.attempts import FAILURES_AT_MOST, IN_FLIGHT_AT_MOST, StillInFlightError, Use
from menjin.session_keys.vault import Vault
from menjin.values import AppId, OpenId, SessionId

_PURGED_AT_ONCE = 1000


class SqlAttempts:
    """Keeps one row a key that was tried, and one a ciphertext that came."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self.works_without_loop = database.works_without_loop

    async def begin(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime) -> int:
        """Count one attempt with a key; 0 if it is spent."""
        values = {"appid": appid, "openid": openid, "key_mac": key_mac, "attempts": 0, "in_flight": 0, "begun_at": 0}
        tries, key = KEY_ATTEMPTS.c, _key(appid, openid, key_mac)
        # In this order: MySQL reads what it has just set.
        more = (
            (tries.attempts, tries.attempts + 1),
            (tries.in_flight, sa.case((_are_over(now), 1), else_=tries.in_flight + 1)),
            (tries.begun_at, to_micros(now)),
        )
        counting = sa.update(KEY_ATTEMPTS).where(*key, tries.attempts < FAILURES_AT_MOST).ordered_values(*more)
        async with self._database.transaction() as work:
            await work.add_or_keep(KEY_ATTEMPTS, values)
            counted = await work.run(counting)
            if counted.rowcount:
                row = await work.first(sa.select(tries.attempts).where(*key))
                return int(row.attempts) if row is not None else 0
            if await work.first(sa.select(tries.attempts).where(*key, *_is_spent(now))) is None:
                raise StillInFlightError
            return 0

    async def refund(self, appid: AppId, openid: OpenId, key_mac: str) -> None:
        """Take one attempt back."""
        fewer = sa.update(KEY_ATTEMPTS).where(*_key(appid, openid, key_mac), KEY_ATTEMPTS.c.attempts > 0)
        async with self._database.transaction() as work:
            await work.run(fewer.values(attempts=KEY_ATTEMPTS.c.attempts - 1, in_flight=_one_over()))

    async def note_failure(self, appid: AppId, openid: OpenId, key_mac: str) -> None:
        """Note that one attempt is over, and failed."""
        async with self._database.transaction() as work:
            await work.run(sa.update(KEY_ATTEMPTS).where(*_key(appid, openid, key_mac)).values(in_flight=_one_over()))

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


def _are_over(now: datetime) -> sa.ColumnElement[bool]:
    """Whether nothing is in flight, or its holders are taken for dead."""
    tries = KEY_ATTEMPTS.c
    return sa.or_(tries.in_flight <= 0, tries.begun_at <= to_micros(now - IN_FLIGHT_AT_MOST))


def _is_spent(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return KEY_ATTEMPTS.c.attempts >= FAILURES_AT_MOST, _are_over(now)


def _one_over() -> sa.ColumnElement[int]:
    in_flight = KEY_ATTEMPTS.c.in_flight
    return sa.case((in_flight > 0, in_flight - 1), else_=0)


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
