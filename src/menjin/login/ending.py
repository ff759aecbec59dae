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
            await self.commit(sessions, reason)
            lines = [await self._records.write("session_revoked", subject, reason=reason) for _ in sessions]
        self._records.say(*lines)
        await self.finish(sessions, reason)

    async def commit(self, sessions: Sequence[Session], reason: EndReason) -> None:
        """Commit ends with the caller's transaction; `finish` is called after it.

        Raises:
            StoreUnavailable: The transaction is to fail.
        """
        await self._sessions.record_ends(sessions, reason)
        if self._one_database:
            await self._sessions.take_away(sessions, reason)

    async def finish(self, sessions: Sequence[Session], reason: EndReason) -> None:
        """Take away sessions whose ends are committed, where they are kept elsewhere.

        Raises:
            StoreUnavailable: Some are there still; they are refused everywhere soon.
        """
        if not self._one_database:
            await self._sessions.take_away(sessions, reason)
