"""Which keys are due to be asked about at WeChat, and which were refused once already."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from menjin.values import AppId, OpenId


class CheckStore(Protocol):
    """Keeps when a person's key was asked about. Every method raises StoreUnavailable when it cannot be asked."""

    async def claim_due(self, appid: AppId, before: datetime, now: datetime, most: int) -> tuple[OpenId, ...]:
        """Return people whose key neither came nor was asked about since `before`; note that it is asked about now.

        Two processes never claim the same person.
        """
        ...

    async def rest(self, appid: AppId, openid: OpenId, claimed_at: datetime) -> None:
        """Claim a person no more until their next key comes, or comes again, unless one has come since the claim.

        Args:
            appid: The app.
            openid: The person, who has no live session.
            claimed_at: The `now` of the claim.
        """
        ...

    async def note_refused(self, appid: AppId, openid: OpenId, key_mac: str) -> bool:
        """Note that WeChat refused a key; True if it refused the same one the time before."""
        ...

    async def note_good(self, appid: AppId, openid: OpenId) -> None:
        """Forget an earlier refusal."""
        ...
