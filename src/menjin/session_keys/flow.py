"""Taking a key in after a login, and trying the keys in hand, within each key's budget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from menjin.clock import Clock
from menjin.errors import StaleSessionKey, StoreUnavailable
from menjin.session_keys import rules
from menjin.session_keys.attempts import (
    COUNTS_KEPT,
    RESET_EVERY,
    USES_KEPT,
    AttemptStore,
    StillInFlightError,
    Use,
    digest_form,
    is_abandoned,
    is_repetition,
    mac_key,
)
from menjin.session_keys.model import HeldKey
from menjin.session_keys.store import KeyringStore
from menjin.values import AppId, OpenId, Secret, SessionId

T = TypeVar("T")
Keys = tuple[Secret, ...]
_LOOKED_AT_ONCE = 100


class SessionKeys:
    """The keyrings of every person in every app."""

    def __init__(self, store: KeyringStore, attempts: AttemptStore, clock: Clock) -> None:
        self._store = store
        self._attempts = attempts
        self._clock = clock

    async def take_in(self, appid: AppId, openid: OpenId, key: Secret, began_at: datetime) -> None:
        """Keep the key of an exchange that began at `began_at`.

        Raises:
            StoreUnavailable: Nothing was kept.
        """
        new = HeldKey(key, began_at)
        now = self._clock.now()
        await self._store.change(appid, openid, lambda ring: rules.accept(ring, new, now))

    async def usable(self, appid: AppId, openid: OpenId) -> tuple[Secret, ...]:
        """Return the keys to try, the current one first; none if no login is known.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        return rules.usable(await self._store.find(appid, openid), self._clock.now())

    async def find_current(self, appid: AppId, openid: OpenId) -> HeldKey | None:
        """Return the key of the last login that is known; None if there is none.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        ring = await self._store.find(appid, openid)
        return ring.current if ring is not None else None

    async def try_keys(
        self, appid: AppId, openid: OpenId, attempt: Callable[[Secret], T], keys: Keys | None = None
    ) -> T:
        """Return what `attempt` makes of the first key it takes.

        An attempt is counted before it is made and taken back if the request succeeds, so that many at once
        cannot outrun the count.

        Args:
            appid: The app.
            openid: The person.
            attempt: Raises StaleSessionKey for a key that does not fit; nothing else.
            keys: Those that were usable when the request came, if it has waited: a key of later fits nothing that
                was sent before, and a burst that spends a key must not spend its replacement too.

        Raises:
            StaleSessionKey: None fits, there is none, or all are spent; which, is not said.
            StillInFlightError: What others try just now decides; nothing was tried.
            StoreUnavailable: What came of it is not known; at worst an attempt was spent.
        """
        _, result = await self._try(appid, openid, attempt, keys)
        if result is None:
            raise StaleSessionKey
        return result

    async def open_once(
        self,
        asker: tuple[AppId, OpenId, SessionId],
        ciphertext: str,
        form: tuple[str, ...],
        attempt: Callable[[Secret], Mapping[str, Any]],
        keys: Keys | None = None,
    ) -> Mapping[str, Any]:
        """Return what a ciphertext holds: once per person, and again only to the same session, soon.

        Args:
            asker: App, person and session.
            ciphertext: The base64 text, as it came.
            form: Everything that came with it.
            attempt: As for `try_keys`.
            keys: The same.

        Raises:
            StaleSessionKey: It does not open, or was used otherwise before.
            StillInFlightError: The same request is being answered, or as for `try_keys`.
            StoreUnavailable: Nothing is known.
        """
        appid, openid, session_id = asker
        digest, shape, now = digest_form(ciphertext), digest_form(*form), self._clock.now()
        known = await self._attempts.find_use(appid, openid, digest)
        if known is None or is_abandoned(known, now):
            claim = Use(session_id, shape, now, payload=None, is_pending=True)
            if not await self._attempts.claim_use(appid, openid, digest, claim, known):
                raise StillInFlightError
            trial = self._try(appid, openid, attempt, keys)
            payload = await self._try_claimed((appid, openid, digest), claim, trial)
        else:
            payload = _repeat(known, session_id, shape, now)
        if payload is None:
            raise StaleSessionKey
        return payload

    async def _try_claimed(
        self, name: tuple[AppId, OpenId, str], claim: Use, trial: Awaitable[tuple[int, Mapping[str, Any] | None]]
    ) -> Mapping[str, Any] | None:
        """Try a ciphertext that this call has claimed; where no key is tried, nobody has used it."""
        try:
            tried, payload = await trial
            if not tried:
                await self._attempts.release_use(*name, claim)
                return None
            use = replace(claim, payload=payload, is_pending=False)
            is_kept = await self._attempts.answer_use(*name, use)
        except BaseException:  # whatever it was, cancellation too, nobody need wait for the claim to grow old
            with suppress(StoreUnavailable):
                await self._attempts.release_use(*name, claim)
            raise
        if not is_kept:  # this process was taken for dead; whoever took over has the answer
            raise StillInFlightError
        return payload

    async def _try(
        self, appid: AppId, openid: OpenId, attempt: Callable[[Secret], T], keys: Keys | None
    ) -> tuple[int, T | None]:
        """Return how many keys could be tried, and what came of it: None if none fits."""
        counted = await self._count(appid, openid, keys if keys is not None else await self.usable(appid, openid))
        result = None
        for key in counted.values():
            with suppress(StaleSessionKey):
                result = attempt(key)
                break
        settle = self._attempts.note_failure if result is None else self._attempts.refund
        for name in counted:
            await settle(appid, openid, name)
        return len(counted), result

    async def _count(self, appid: AppId, openid: OpenId, keys: Keys) -> dict[str, Secret]:
        """Count an attempt with each key that is not spent, before the first is made: who has any waits for nobody."""
        counted: dict[str, Secret] = {}
        for key in keys:
            name = mac_key(key)
            try:
                if await self._attempts.begin(appid, openid, name, self._clock.now()):
                    counted[name] = key
            except (StillInFlightError, StoreUnavailable):
                for earlier in counted:
                    await self._attempts.refund(appid, openid, earlier)
                raise
        return counted

    async def claim_spent(self, appid: AppId, openid: OpenId) -> Secret | None:
        """Return the current key if it is spent and its replacement may be asked for now; once a minute."""
        current = await self.find_current(appid, openid)
        if current is None:
            return None
        now = self._clock.now()
        claimed = await self._attempts.begin_reset(appid, openid, mac_key(current.key), now, now - RESET_EVERY)
        return current.key if claimed else None

    async def purge(self) -> int:
        """Forget what became of ciphertexts that are too old to matter, and failures of keys long gone.

        Returns:
            How many were forgotten or, of the failures, looked at.
        """
        now = self._clock.now()
        return await self._attempts.purge_uses(now - USES_KEPT) + await self._purge_counts(now)

    async def _purge_counts(self, now: datetime) -> int:
        """Look at a few keys that nobody tried for a month.

        WeChat has one key a person, and never goes back to one it replaced: a key that has left the keyring does not
        come again. While there is no keyring that opens, any may.
        """
        before = now - COUNTS_KEPT
        found = await self._attempts.list_untouched(before, _LOOKED_AT_ONCE)
        for key in found:
            ring = await self._store.find(key.appid, key.openid)
            if ring is None or key.key_mac in {mac_key(held.key) for held in (ring.current, ring.previous) if held}:
                await self._attempts.keep(key, now)
            else:
                await self._attempts.forget(key, before)
        return len(found)


def _repeat(known: Use, session_id: SessionId, shape: str, now: datetime) -> Mapping[str, Any] | None:
    """Return what came of the same request before; None if it was another, or did not open.

    Raises:
        StillInFlightError: It is being tried.
    """
    if not is_repetition(known, session_id, shape, now):
        return None
    if known.is_pending:
        raise StillInFlightError
    return known.payload
