"""Sessions that somebody ends, with an audit line for each."""

from __future__ import annotations

from collections.abc import Sequence

from menjin.login.ports import Transactions
from menjin.login.records import Records
from menjin.sessions.flow import Sessions
from menjin.sessions.model import EndReason, Session, Subject


class Ending:
    """Commits the ends and their lines together, and takes the sessions away.

    Args:
        sessions: Every login state.
        transactions: Of the database that ends and lines are in.
        records: Writes the lines.
        one_database: Whether sessions are kept there too, so that they are taken away in the same transaction; kept
            elsewhere, they are taken away after it: no lock of the database is held while that store is asked.
    """

    def __init__(self, *, sessions: Sessions, transactions: Transactions, records: Records, one_database: bool) -> None:
        self._sessions = sessions
        self._transactions = transactions
        self._records = records
        self._one_database = one_database

    async def end(self, subject: Subject, sessions: Sequence[Session], reason: EndReason) -> None:
        """End sessions of somebody.

        Args:
            subject: Who.
            sessions: Theirs.
            reason: How they end.

        Raises:
            StoreUnavailable: They may live still, or have ended with their lines and will be refused everywhere soon.
        """
        if not sessions:
            return
        async with self._transactions.transaction():
            await self._sessions.record_ends(sessions, reason)
            if self._one_database:
                await self._sessions.take_away(sessions, reason)
            lines = [await self._records.write("session_revoked", subject, reason=reason) for _ in sessions]
        self._records.say(*lines)
        if not self._one_database:
            await self._sessions.take_away(sessions, reason)
