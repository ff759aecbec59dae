"""A person's devices: list the sessions, end one, end all others, take a new token."""

from __future__ import annotations

from menjin.clock import Clock
from menjin.errors import NotFound
from menjin.limits.flow import Limits
from menjin.login.ending import Ending
from menjin.login.events import Event, Listener
from menjin.login.results import SignedIn
from menjin.login.sign_out import SignOut
from menjin.login.time_left import whole_seconds
from menjin.sessions.flow import Sessions
from menjin.sessions.model import Session
from menjin.values import Secret, SessionId


class Devices:
    """The deeds. Sessions are those of the caller's own WeChat identity, never of an id somebody sends."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        ending: Ending,
        sign_out: SignOut,
        limits: Limits,
        clock: Clock,
        listener: Listener,
    ) -> None:
        self._ending = ending
        self._sign_out = sign_out
        self._limits = limits
        self._sessions = sessions
        self._clock = clock
        self._listener = listener

    async def list_sessions(self, session_token: Secret) -> tuple[Session, tuple[Session, ...]]:
        """Return the caller's session, and all live ones of the same identity, the newest first.

        Raises:
            SessionInvalid: The session is not alive.
            StoreUnavailable: Nothing is known.
        """
        own = await self._sessions.authenticate(session_token)
        return own, await self._sessions.list_live(own)

    async def end_others(self, session_token: Secret) -> int:
        """End every other session as kicked_out; return how many.

        Raises:
            SessionInvalid: The session is not alive.
            StoreUnavailable: Some may live still.
        """
        own = await self._sessions.authenticate(session_token)
        ended = await self._end_others(own)
        self._tell("others_ended", own)
        return ended

    async def end_one(self, session_token: Secret, session_id: str) -> None:
        """End one session: another as kicked_out, the caller's own as signed_out.

        Raises:
            NotFound: None of the caller's live sessions has this id.
            SessionInvalid: The session is not alive.
            StoreUnavailable: It may live still.
        """
        own = await self._sessions.authenticate(session_token)
        if session_id == own.session_id:
            await self._sign_out.run(session_token)
        elif await self._end_others(own, SessionId(session_id)):
            self._tell("others_ended", own)
        else:
            raise NotFound

    async def rotate(self, session_token: Secret) -> SignedIn:
        """Give the session a new token; the old one answers session_rotated for a minute.

        Raises:
            SessionRotated: Another rotation came first.
            SessionInvalid: The session is not alive.
            TooManyAttempts: The person rotates far too often; the token stays.
            StoreUnavailable: It may have rotated.
        """
        subject = (await self._sessions.authenticate(session_token)).subject
        await self._limits.count_rotation(subject.appid, subject.openid)
        issued = await self._sessions.rotate(session_token)
        left = issued.session.expires_at - self._clock.now()
        return SignedIn(issued.session, issued.session_token, whole_seconds(left))

    async def _end_others(self, own: Session, only: SessionId | None = None) -> int:
        """End others, or one of them; return how many."""
        others = [
            one
            for one in await self._sessions.list_live(own)
            if one.session_id != own.session_id and only in {None, one.session_id}
        ]
        await self._ending.end(own.subject, others, "kicked_out")
        return len(others)

    def _tell(self, name: str, session: Session) -> None:
        self._listener.hear(Event.of(name, session))
