"""A phone number by phone_code: WeChat's own word, for this session's person only."""

from __future__ import annotations

import re

from menjin.apps import Apps
from menjin.errors import LoginCodeAsPhoneCode, PhoneCodeInvalid
from menjin.limits.flow import Limits
from menjin.login.events import Event, Listener
from menjin.login.results import PhoneNumber
from menjin.sessions.flow import Sessions
from menjin.values import Secret
from menjin.wechat.authorised import AuthorisedWeChat

_CODE = re.compile(r"[\x21-\x7e]{1,128}")
_LIKE_A_LOGIN_CODE = re.compile(r"[0-9A-Za-z]{32}")


class Phone:
    """The deed."""

    def __init__(
        self, apps: Apps, wechat: AuthorisedWeChat, sessions: Sessions, limits: Limits, listener: Listener
    ) -> None:
        self._apps = apps
        self._wechat = wechat
        self._sessions = sessions
        self._limits = limits
        self._listener = listener

    async def by_code(self, session_token: Secret, phone_code: str) -> PhoneNumber:
        """Return the number behind a phone_code; the openid sent along makes WeChat refuse another's code.

        Raises:
            PhoneCodeInvalid: WeChat does not know it for this person; LoginCodeAsPhoneCode if it looks like
                wx.login's code.
            SessionInvalid: The session is not alive; the code is not spent.
            TooManyAttempts: The person has too many codes exchanged; this one is not spent.
            WeChatError: WeChat refused.
            TransportError: WeChat did not answer; the code may be spent.
        """
        subject = (session := await self._sessions.authenticate(session_token)).subject
        if not _CODE.fullmatch(phone_code):
            raise PhoneCodeInvalid
        await self._limits.count_phone_code(subject.appid, subject.openid)
        try:
            found = await self._wechat.fetch_phone_number(self._apps.get(subject.appid), phone_code, subject.openid)
        except PhoneCodeInvalid:
            if _LIKE_A_LOGIN_CODE.fullmatch(phone_code):
                raise LoginCodeAsPhoneCode from None
            raise
        self._listener.hear(Event("phone_shown", subject.appid, session.session_id, subject.identity_id))
        return PhoneNumber(f"+{found.country_code}{found.national_number}", found.country_code, found.national_number)
