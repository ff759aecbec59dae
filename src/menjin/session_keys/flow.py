"""Taking a key in after a login, and handing keys out to whoever opens data."""

from __future__ import annotations

from datetime import datetime

from menjin.clock import Clock
from menjin.session_keys import rules
from menjin.session_keys.model import HeldKey
from menjin.session_keys.store import KeyringStore
from menjin.values import AppId, OpenId, Secret


class SessionKeys:
    """The keyrings of every person in every app."""

    def __init__(self, store: KeyringStore, clock: Clock) -> None:
        self._store = store
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
