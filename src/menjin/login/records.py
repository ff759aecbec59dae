"""The audit line of a deed, committed with the deed where both are in one database."""

from __future__ import annotations

from menjin.ledger.flow import Ledger
from menjin.ledger.model import Deed, Line
from menjin.sessions.model import Subject
from menjin.values import AccountId


class Records:
    """Writes the lines.

    Args:
        ledger: Keeps them.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def write(
        self, deed: Deed, subject: Subject, *, account_id: AccountId | None = None, reason: str | None = None
    ) -> Line:
        """Keep the line of what somebody did; `say` it once it is committed.

        Args:
            deed: What.
            subject: Who.
            account_id: The account, if it is another than the subject has by now.
            reason: How a session ended.

        Raises:
            StoreUnavailable: It is not kept.
        """
        own = subject.account.id if subject.account is not None else subject.identity_id
        return await self._ledger.write(
            deed, account_id or own, appid=subject.appid, tenant=subject.tenant, reason=reason
        )

    def say(self, *lines: Line) -> None:
        """Log lines that are committed."""
        for line in lines:
            self._ledger.say(line)
