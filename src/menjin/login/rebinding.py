"""What follows a change of whose a session is: its token rotates, and what says otherwise ends.

All of it is in one transaction where sessions are kept beside accounts. Where they are kept elsewhere, the ends are
committed with the change, and taken away after it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from menjin.accounts.model import Account, Bound
from menjin.ledger.model import Deed, Line
from menjin.login.events import Event, Listener
from menjin.login.ports import Transactions
from menjin.login.records import Records
from menjin.login.results import SignedIn
from menjin.login.time_left import whole_seconds
from menjin.sessions.flow import Sessions
from menjin.sessions.model import BoundAccount, IssuedSession, Session
from menjin.values import Secret

_DEEDS: dict[str, Deed] = {
    "bound": "bound",
    "moved": "bound",
    "unbound": "unbound",
    "phone_changed": "phone_changed",
    "phone_taken_over": "phone_changed",
}


class Rebinding:
    """Carries a change out.

    Args:
        one_database: Whether sessions are kept where accounts are.
    """

    def __init__(
        self,
        *,
        sessions: Sessions,
        transactions: Transactions,
        listener: Listener,
        records: Records,
        one_database: bool,
    ) -> None:
        self._records = records
        self._sessions = sessions
        self._transactions = transactions
        self._listener = listener
        self._one_database = one_database

    async def run(
        self, session_token: Secret, session: Session, change: Callable[[], Coroutine[Any, Any, Bound]]
    ) -> SignedIn:
        """Make a change to a session's identity, and return the session with its new token.

        Args:
            session_token: The session's.
            session: As it is now.
            change: Makes it, in the transaction it is called in.

        Raises:
            SessionRotated: Another rotation came first; nothing was changed.
            StoreUnavailable: Nothing was changed, or all of it but the new token.
        """
        others = () if self._one_database else await self._list_others(session)
        issued = None
        async with self._transactions.transaction():
            bound = await change()
            lines = await self._write(session, bound)
            if self._one_database:
                issued = await self._renew(session_token, bound)
            else:
                await self._sessions.record_ends(others, "expired")
        if issued is None:
            issued = await self._renew(session_token, bound)
        self._records.say(*lines)
        return self._tell(issued, bound)

    async def _write(self, session: Session, bound: Bound) -> tuple[Line, ...]:
        """Write the audit lines of a change: of the account it came to, and of the one that lost by it, if any."""
        deed = _DEEDS.get(bound.deed)
        if deed is None:
            return ()
        account_id = bound.account.account_id if bound.account is not None else None
        line = await self._records.write(deed, session.subject, account_id=account_id)
        if bound.loser is None:
            return (line,)
        lost: Deed = "unbound" if bound.deed == "moved" else deed
        return line, await self._records.write(lost, session.subject, account_id=bound.loser)

    async def _list_others(self, session: Session) -> tuple[Session, ...]:
        live = await self._sessions.list_live(session)
        return tuple(one for one in live if one.session_id != session.session_id)

    async def _renew(self, session_token: Secret, bound: Bound) -> IssuedSession:
        issued = await self._sessions.rotate(session_token, to_bound(bound.account), unbinds=bound.account is None)
        await self._sessions.end_others(issued.session, "expired")
        for identity_id in bound.stale:
            await self._sessions.end_all(identity_id, "expired")
        return issued

    def _tell(self, issued: IssuedSession, bound: Bound) -> SignedIn:
        session = issued.session
        name = "bound" if bound.deed == "kept" else bound.deed
        self._listener.hear(Event.of(name, session))
        expires_in = whole_seconds(session.expires_at - session.last_seen_at)
        return SignedIn(session, issued.session_token, expires_in, bound.is_new)


def to_bound(account: Account | None) -> BoundAccount | None:
    """Return what a session keeps of an account."""
    if account is None:
        return None
    masked = account.phone.masked if account.phone is not None else None
    return BoundAccount(account.account_id, account.external_id, masked)
