"""The access_token in use, cached in this process.

Normal mode of stable_token gives every process the same token while it is good, so no lock is needed: two
that ask at once get the same answer and kill nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from menjin.apps import App
from menjin.clock import Clock
from menjin.values import AppId, Secret
from menjin.wechat.client import WeChat

# WeChat renews in the last 5 minutes and keeps both tokens good for them.
_EARLY = timedelta(seconds=240)


@dataclass(frozen=True, slots=True)
class _Held:
    token: Secret
    good_until: datetime


class AccessTokens:
    """Fetches when there is none in hand, or its end is near."""

    def __init__(self, wechat: WeChat, clock: Clock) -> None:
        self._wechat = wechat
        self._clock = clock
        self._held: dict[AppId, _Held] = {}

    async def current(self, app: App) -> Secret:
        """Return an access_token that should be good.

        Raises:
            WeChatError: WeChat gives none.
            TransportError: WeChat did not answer.
        """
        held = self._held.get(app.appid)
        if held is not None and self._clock.now() < held.good_until:
            return held.token
        return await self._fetch(app)

    async def renewed(self, app: App, refused: Secret) -> Secret:
        """Return the token that takes the place of `refused`; at most one call to WeChat.

        Raises:
            WeChatError: WeChat gives none.
            TransportError: WeChat did not answer.
        """
        held = self._held.get(app.appid)
        if held is not None and held.token != refused and self._clock.now() < held.good_until:
            return held.token
        return await self._fetch(app)

    async def _fetch(self, app: App) -> Secret:
        now = self._clock.now()
        issued = await self._wechat.fetch_stable_token(app)
        early = min(_EARLY, issued.expires_in / 2)
        self._held[app.appid] = _Held(issued.access_token, now + issued.expires_in - early)
        return issued.access_token
