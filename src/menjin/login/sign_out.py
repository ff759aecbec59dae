"""Sign out: the session ends, and says so to whoever presents its token later."""

from __future__ import annotations

import logging

from menjin.apps import Apps
from menjin.clock import Clock
from menjin.errors import MenjinError, SessionExpired, SignedOut
from menjin.login.ending import Ending
from menjin.login.events import Event, Listener
from menjin.session_keys.flow import SessionKeys
from menjin.sessions.flow import Sessions
from menjin.sessions.model import Subject
from menjin.values import Secret
from menjin.wechat.authorised import AuthorisedWeChat

_LOG = logging.getLogger("menjin.session_keys")


class SignOut:
    """The deed."""

    def __init__(
        self,
        *,
        apps: Apps,
        wechat: AuthorisedWeChat,
        session_keys: SessionKeys,
        sessions: Sessions,
        clock: Clock,
        listener: Listener,
        ending: Ending,
    ) -> None:
        self._apps = apps
        self._wechat = wechat
        self._session_keys = session_keys
        self._sessions = sessions
        self._clock = clock
        self._listener = listener
        self._ending = ending

    async def run(self, session_token: Secret) -> None:
        """End the token's session; once more, or after it expired, is no fault.

        Raises:
            SessionInvalid: The token names no session, or one that was ended from elsewhere.
            StoreUnavailable: The session may live still.
        """
        try:
            session = await self._sessions.authenticate(session_token)
        except (SignedOut, SessionExpired):
            return
        subject = session.subject
        await self._ending.end(subject, (session,), "signed_out")
        self._listener.hear(Event.of("signed_out", session))
        if self._apps.get(subject.appid).reset_key_at_sign_out:
            await self._forget_key(subject)

    async def reset_key(self, session_token: Secret) -> bool:
        """Have WeChat replace the person's session_key, as after a suspected leak.

        Returns:
            False if the key in hand was not the current one any more; the next login brings another.

        Raises:
            SessionInvalid: The session is not alive.
            WeChatError: WeChat refused.
            TransportError: WeChat did not answer.
            StoreUnavailable: The new key may be lost; the next login brings another.
        """
        return await self._reset((await self._sessions.authenticate(session_token)).subject)

    async def _forget_key(self, subject: Subject) -> None:
        """Reset the key after the session has ended; that it did matters more than that this succeeds."""
        try:
            await self._reset(subject)
        except MenjinError as error:
            _LOG.warning("the session_key was not replaced at sign-out: %s app=%s", error.code, subject.appid)

    async def _reset(self, subject: Subject) -> bool:
        current = await self._session_keys.find_current(subject.appid, subject.openid)
        if current is None:
            return False
        began_at = self._clock.now()
        new = await self._wechat.reset_session_key(self._apps.get(subject.appid), subject.openid, current.key)
        if new is None:
            return False
        await self._session_keys.take_in(subject.appid, subject.openid, new, began_at)
        return True
