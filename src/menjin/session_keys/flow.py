"""Taking a key in after a login, and trying the keys in hand, within each key's budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from menjin.clock import Clock
from menjin.errors import StaleSessionKey
from menjin.session_keys import rules
from menjin.session_keys.attempts import (
    COUNTS_KEPT,
    RESET_EVERY,
    USES_KEPT,
    AttemptStore,
    Use,
    digest_form,
    is_repetition,
    mac_key,
)
from menjin.session_keys.model import HeldKey
from menjin.session_keys.store import KeyringStore
from menjin.values import AppId, OpenId, Secret, SessionId

T = TypeVar("T")
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

    async def try_keys(self, appid: AppId, openid: OpenId, attempt: Callable[[Secret], T]) -> T:
        """Return what `attempt` makes of the first key it takes.

        An attempt is counted before it is made and taken back if the request succeeds, so that many at once
        cannot outrun the count.

        Args:
            appid: The app.
            openid: The person.
            attempt: Raises StaleSessionKey for a key that does not fit; nothing else.

        Raises:
            StaleSessionKey: None fits, there is none, or all are spent; which, is not said.
            StoreUnavailable: Nothing was tried.
        """
        counted: list[str] = []
        for key in await self.usable(appid, openid):
            mac = mac_key(key)
            if not await self._attempts.begin(appid, openid, mac, self._clock.now()):
                continue
            counted.append(mac)
            try:
                result = attempt(key)
            except StaleSessionKey:
                continue
            for name in counted:
                await self._attempts.refund(appid, openid, name)
            return result
        raise StaleSessionKey

    async def open_once(
        self,
        asker: tuple[AppId, OpenId, SessionId],
        ciphertext: str,
        form: tuple[str, ...],
        attempt: Callable[[Secret], Mapping[str, Any]],
    ) -> Mapping[str, Any]:
        """Return what a ciphertext holds: once per person, and again only to the same session, soon.

        Args:
            asker: App, person and session.
            ciphertext: The base64 text, as it came.
            form: Everything that came with it.
            attempt: As for `try_keys`.

        Raises:
            StaleSessionKey: It does not open, or was used otherwise before.
            StoreUnavailable: Nothing is known.
        """
        appid, openid, session_id = asker
        digest, shape, now = digest_form(ciphertext), digest_form(*form), self._clock.now()
        known = await self._attempts.find_use(appid, openid, digest)
        if known is None:
            payload = await self._try_for_use(asker, digest, shape, attempt)
        else:
            payload = known.payload if is_repetition(known, session_id, shape, now) else None
        if payload is None:
            raise StaleSessionKey
        return payload

    async def _try_for_use(
        self,
        asker: tuple[AppId, OpenId, SessionId],
        digest: str,
        shape: str,
        attempt: Callable[[Secret], Mapping[str, Any]],
    ) -> Mapping[str, Any] | None:
        appid, openid, session_id = asker
        try:
            payload = await self.try_keys(appid, openid, attempt)
        except StaleSessionKey:
            payload = None
        await self._attempts.keep_use(appid, openid, digest, Use(session_id, shape, self._clock.now(), payload))
        return payload

    async def claim_spent(self, appid: AppId, openid: OpenId) -> Secret | None:
        """Return the current key if it is spent and its replacement may be asked for now; once a minute."""
        ring = await self._store.find(appid, openid)
        if ring is None:
            return None
        now = self._clock.now()
        mac = mac_key(ring.current.key)
        claimed = await self._attempts.begin_reset(appid, openid, mac, now, now - RESET_EVERY)
        return ring.current.key if claimed else None

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
