"""Follow WeChat: for apps that want it, a session ends when WeChat's session_key is long gone.

The older practice tied the two together on the phone. Here the server asks, off every request's path, once
an hour a person. One "no" is not enough: a login on its way replaces the key, and the answer was about the
one before. The sessions end when the same key is refused twice, with no login known in between; any other
answer, and no answer, keeps them.
"""

from __future__ import annotations

import logging

from menjin.accounts.flow import Accounts
from menjin.apps import App, Apps
from menjin.clock import Clock
from menjin.errors import MenjinError, StoreError
from menjin.session_keys.attempts import mac_key
from menjin.session_keys.checks import CheckStore
from menjin.session_keys.flow import SessionKeys
from menjin.sessions.flow import Sessions
from menjin.values import OpenId
from menjin.wechat.authorised import AuthorisedWeChat

_LOG = logging.getLogger("menjin.follow")


class FollowWeChat:
    """The deed of a background task; `step` is one turn of it."""

    def __init__(
        self,
        *,
        apps: Apps,
        wechat: AuthorisedWeChat,
        accounts: Accounts,
        session_keys: SessionKeys,
        checks: CheckStore,
        sessions: Sessions,
        clock: Clock,
    ) -> None:
        self._apps = apps
        self._wechat = wechat
        self._accounts = accounts
        self._session_keys = session_keys
        self._checks = checks
        self._sessions = sessions
        self._clock = clock

    async def step(self, most: int = 50) -> int:
        """Look at no more than so many people an app, those whose turn it is, and ask about those who have a session.

        Returns:
            How many were looked at; there may be more while it is not 0.

        Raises:
            StoreUnavailable: The rest waits for another turn.
        """
        looked_at = 0
        now = self._clock.now()
        for app in self._apps.all():
            if app.follow_wechat is None:
                continue
            for openid in await self._checks.claim_due(app.appid, now - app.follow_wechat, now, most):
                looked_at += 1
                if not await self._check(app, openid):
                    await self._checks.rest(app.appid, openid, now)
        return looked_at

    async def _check(self, app: App, openid: OpenId) -> bool:
        """Ask about one person who has a live session; False for another, who is not worth a call."""
        identity = await self._accounts.find_identity(app, openid)
        live = await self._sessions.list_of(identity.identity_id) if identity is not None else ()
        current = await self._session_keys.find_current(app.appid, openid)
        if not live or current is None:
            return False
        try:
            is_good = await self._wechat.is_current_session_key(app, openid, current.key)
        except StoreError:
            raise
        except MenjinError as error:
            _LOG.warning("WeChat was not asked about a session_key: %s app=%s", error.code, app.appid)
            return True
        if is_good:
            await self._checks.note_good(app.appid, openid)
        elif await self._checks.note_refused(app.appid, openid, mac_key(current.key)):
            if await self._session_keys.find_current(app.appid, openid) != current:
                return True  # a login came while WeChat was asked: the answer was about the key before
            for session in live:
                await self._sessions.end(session, "expired")
            _LOG.info("WeChat's session_key is gone; sessions ended: %s app=%s", len(live), app.appid)
        return True
