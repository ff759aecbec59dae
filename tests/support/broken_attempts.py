"""Attempt stores that take their time, so that requests overlap; and some that are broken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from menjin.clock import Pause
from menjin.session_keys.attempts import StillInFlightError, Use
from menjin.values import AppId, OpenId
from support.over import Over

_SLOWLY = timedelta(milliseconds=30)


@dataclass
class SlowAttempts(Over):
    """Not broken: each attempt is in flight for a while."""

    pause: Pause

    async def begin(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime) -> int:
        """Count one attempt, and take a while."""
        count: int = await self.inner.begin(appid, openid, key_mac, now)
        await self.pause.pause(_SLOWLY)
        return count


class HastyAttempts(SlowAttempts):
    """BROKEN: takes attempts in flight for failures."""

    async def begin(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime) -> int:
        """Count one attempt; 0 if there is none left just now."""
        try:
            return await super().begin(appid, openid, key_mac, now)
        except StillInFlightError:
            return 0


class FreeClaims(SlowAttempts):
    """BROKEN: a ciphertext is everybody's until somebody was answered."""

    async def claim_use(self, *_: object) -> bool:
        """Grant it."""
        return True

    async def answer_use(self, appid: AppId, openid: OpenId, digest: str, use: Use) -> bool:
        """Remember it, and let everybody answer."""
        await self.inner.claim_use(appid, openid, digest, use, None)
        await self.inner.answer_use(appid, openid, digest, use)
        return True
