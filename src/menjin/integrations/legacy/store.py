"""The legacy store port: which codes were presented, and the user info of a session, until the session ends.

A store sees SHA-256 names and texts sealed under what the client holds; a copy of it opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept under one name.

    Attributes:
        proof: Hash of what came beside the code; the same again is the same presentation.
        claimed_at: When the first presentation began.
        expires_at: From then on the entry is as good as gone.
        sealed: None while the first presentation is being worked on, "" if nothing may come of another.
    """

    proof: str
    claimed_at: datetime
    expires_at: datetime
    sealed: str | None = None


class LegacyStore(Protocol):
    """Keeps entries by name. Every method raises StoreUnavailable when it cannot be asked."""

    async def claim(self, name: str, entry: Entry, now: datetime) -> Entry | None:
        """Keep `entry` if none lives under `name`; of any number at once, one succeeds.

        Returns:
            None if it was kept, else the entry that was there.
        """
        ...

    async def fill(self, name: str, sealed: str, expires_at: datetime) -> None:
        """Put `sealed` into the entry and move its end."""
        ...

    async def find(self, name: str, now: datetime) -> Entry | None:
        """Return the living entry, or None."""
        ...

    async def forget(self, name: str) -> None:
        """Drop the entry; none is no fault."""
        ...

    async def purge(self, now: datetime, limit: int = 1000) -> int:
        """Drop entries whose end has come, at most `limit`; return how many."""
        ...
