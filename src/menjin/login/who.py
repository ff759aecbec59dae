"""Who a request is: a session_token becomes a principal. No WeChat call, one store read."""

from __future__ import annotations

from menjin.clock import Clock
from menjin.login.results import Principal
from menjin.login.time_left import whole_seconds
from menjin.sessions.flow import Sessions
from menjin.values import Secret


class Authenticate:
    """The deed every request begins with."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def run(self, session_token: Secret) -> Principal:
        """Return the principal of a token.

        Raises:
            SessionInvalid: There is none; the subclass says how it ended.
            StoreUnavailable: Nothing is known of the token.
        """
        session = await self._sessions.authenticate(session_token)
        return Principal(session, whole_seconds(session.expires_at - self._clock.now()))
