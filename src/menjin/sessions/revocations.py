"""The revocation log port: what was ended stays ended, even if the session store forgets it.

A session store may lose its last writes (a replica promoted, a snapshot restored). What ended is written here
first, durably, and every process keeps the log's recent part in memory and asks it at each request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from menjin.sessions.model import EndReason
from menjin.values import SessionId


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry of the log.

    Attributes:
        number: Given by the log, growing; entries may become visible out of order by a few seconds.
        keep_until: The session's own end.
    """

    number: int
    session_id: SessionId
    reason: EndReason
    keep_until: datetime


class Revocations(Protocol):
    """Says what was ended."""

    async def record(self, session_id: SessionId, reason: EndReason, now: datetime, keep_until: datetime) -> None:
        """Commit that a session has ended; when this returns, it stays ended whatever fails.

        Inside a transaction of the caller it is committed with it: the caller acknowledges nothing before that.

        Args:
            session_id: Which.
            reason: How.
            now: The moment.
            keep_until: The session's own end, after which the log may forget it.

        Raises:
            StoreUnavailable: It may not have been committed.
        """
        ...

    def find(self, session_id: SessionId) -> EndReason | None:
        """Return how a session ended, from memory.

        Raises:
            StoreUnavailable: The log's recent part is not in memory, so nothing may be said of any session.
        """
        ...


class NoRevocations:
    """For session stores that are durable themselves: an end there is an end."""

    async def record(self, session_id: SessionId, reason: EndReason, now: datetime, keep_until: datetime) -> None:
        """Do nothing."""

    def find(self, session_id: SessionId) -> EndReason | None:  # noqa: ARG002 - the port's
        """Return None."""
        return None
