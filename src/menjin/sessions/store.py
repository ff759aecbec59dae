"""The session store port."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from menjin.sessions.model import BoundAccount, EndReason, FoundSession, Session
from menjin.values import IdentityId, SessionId

FORMER_TOKENS_KEPT = 40


class SessionStore(Protocol):
    """Keeps sessions by the hash of their token. Every method raises StoreUnavailable when it cannot be asked."""

    async def add(self, session: Session, token_hash: str) -> None:
        """Keep a new session."""
        ...

    async def find(self, token_hash: str) -> FoundSession | None:
        """Return the session whose current or former token has this hash."""
        ...

    async def touch(self, session_id: SessionId, last_seen_at: datetime) -> None:
        """Move `last_seen_at`, never backwards."""
        ...

    async def rotate(
        self, session_id: SessionId, token_hash: str, new_hash: str, account: BoundAccount | None, now: datetime
    ) -> bool:
        """Replace the current token and the account, if `token_hash` still is current and the session lives.

        The newest `FORMER_TOKENS_KEPT` former tokens stay known; older ones may be forgotten.

        Returns:
            False if somebody else rotated or ended it first; nothing was changed.
        """
        ...

    async def end(self, session_id: SessionId, reason: EndReason, now: datetime) -> None:
        """End a session; the first reason stays."""
        ...

    async def list_live(self, identity_id: IdentityId, now: datetime) -> tuple[Session, ...]:
        """Return the live sessions of an identity, the newest first."""
        ...

    async def confirm(self, session_id: SessionId, authenticated_at: datetime) -> None:
        """Note that the person proved who they are once more."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Forget sessions whose absolute end lies before `before`, at most `limit`; return how many."""
        ...
