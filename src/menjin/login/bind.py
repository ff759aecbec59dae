"""Bind: the WeChat identity of a session joins an account the business already has."""

from __future__ import annotations

from menjin.accounts.directory import Member
from menjin.accounts.flow import Accounts
from menjin.apps import Apps
from menjin.clock import Clock
from menjin.login.events import Event, Listener
from menjin.login.passwords import Passwords
from menjin.login.results import SignedIn
from menjin.login.sign_in import to_bound
from menjin.login.time_left import whole_seconds
from menjin.sessions.flow import Sessions
from menjin.sessions.model import Session
from menjin.values import Secret


class Bind:
    """The deed. It commits first; then the session's token rotates and the identity's other sessions end."""

    def __init__(
        self,
        *,
        apps: Apps,
        passwords: Passwords,
        accounts: Accounts,
        sessions: Sessions,
        clock: Clock,
        listener: Listener,
    ) -> None:
        self._apps = apps
        self._passwords = passwords
        self._accounts = accounts
        self._sessions = sessions
        self._clock = clock
        self._listener = listener

    async def by_password(self, session_token: Secret, username: str, password: Secret) -> SignedIn:
        """Bind to the directory member that username and password prove.

        Binding once more to the same member is no fault.

        Raises:
            CredentialsInvalid: Name or password is wrong; which, is not said.
            TooManyAttempts: The password was not tried: too many wrong ones before.
            BindingConflict: One of the two is bound otherwise; nothing was changed.
            RequestInvalid: This installation has no directory.
            SessionInvalid: The session is not alive.
            StoreUnavailable: If after the commit, the same call again completes it.
        """
        session = await self._sessions.authenticate(session_token)
        member = await self._passwords.verify(session.subject, username, password)
        return await self._to_member(session_token, session, member)

    async def _to_member(self, session_token: Secret, session: Session, member: Member) -> SignedIn:
        account = await self._accounts.bind(self._apps.get(session.subject.appid), session.subject.openid, member)
        issued = await self._sessions.rotate(session_token, to_bound(account))
        await self._sessions.end_others(issued.session, "expired")
        subject = issued.session.subject
        self._listener.hear(Event("bound", subject.appid, issued.session.session_id, subject.identity_id))
        left = issued.session.expires_at - issued.session.last_seen_at
        return SignedIn(issued.session, issued.session_token, whole_seconds(left))
