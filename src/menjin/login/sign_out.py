"""Sign out: the session ends, and says so to whoever presents its token later."""

from __future__ import annotations

from menjin.errors import SignedOut
from menjin.login.events import Event, Listener
from menjin.sessions.flow import Sessions
from menjin.values import Secret


class SignOut:
    """The deed."""

    def __init__(self, sessions: Sessions, listener: Listener) -> None:
        self._sessions = sessions
        self._listener = listener

    async def run(self, session_token: Secret) -> None:
        """End the token's session; once more, or after it expired, is no fault.

        Raises:
            SessionInvalid: The token names no session, or one that was ended from elsewhere.
            StoreUnavailable: The session may live still.
        """
        try:
            session = await self._sessions.sign_out(session_token)
        except SignedOut:
            return
        if session is not None:
            subject = session.subject
            self._listener.hear(Event("signed_out", subject.appid, session.session_id, subject.identity_id))
