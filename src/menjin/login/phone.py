"""A phone number on WeChat's own word, for this session's person only."""

from __future__ import annotations

import re

from menjin.accounts.phone import Phone as Number
from menjin.apps import Apps
from menjin.errors import AnswerUnreadable, LoginCodeAsPhoneCode, PhoneCodeInvalid, StaleSessionKey
from menjin.limits.flow import Limits
from menjin.login.events import Event, Listener
from menjin.login.open_data import OpenData
from menjin.login.proofs import Proofs
from menjin.login.results import PhoneNumber
from menjin.sessions.flow import Sessions
from menjin.sessions.model import Session
from menjin.values import Secret, is_like
from menjin.wechat.authorised import AuthorisedWeChat

_CODE = re.compile(r"[\x21-\x7e]{1,128}")
_LIKE_A_LOGIN_CODE = re.compile(r"[0-9A-Za-z]{32}")


class Phone:
    """The deeds. A number that was verified here is remembered for the session: each tap is paid for."""

    def __init__(
        self,
        *,
        apps: Apps,
        wechat: AuthorisedWeChat,
        sessions: Sessions,
        open_data: OpenData,
        proofs: Proofs,
        limits: Limits,
        listener: Listener,
    ) -> None:
        self._apps = apps
        self._wechat = wechat
        self._sessions = sessions
        self._open_data = open_data
        self._proofs = proofs
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
        session = await self._sessions.authenticate(session_token)
        number = await self.verify_code(session, phone_code)
        self._listener.hear(Event.of("phone_shown", session))
        return PhoneNumber(number.e164, number.country_code, number.national_number)

    async def verify_code(self, session: Session, phone_code: str) -> Number:
        """Exchange a phone_code of a live session's person, and remember the number for the session.

        Raises:
            PhoneCodeInvalid: WeChat does not know it for this person; LoginCodeAsPhoneCode if it looks like
                wx.login's code.
            TooManyAttempts: The person has too many codes exchanged; this one is not spent.
            WeChatError: WeChat refused.
            TransportError: WeChat did not answer; the code may be spent.
            StoreUnavailable: The number is lost; it takes another tap.
        """
        if not is_like(_CODE, phone_code):
            raise PhoneCodeInvalid
        subject = session.subject
        await self._limits.count_phone_code(subject.appid, subject.openid)
        try:
            found = await self._wechat.fetch_phone_number(self._apps.get(subject.appid), phone_code, subject.openid)
        except PhoneCodeInvalid:
            if _LIKE_A_LOGIN_CODE.fullmatch(phone_code):
                raise LoginCodeAsPhoneCode from None
            raise
        return await self._remember(session, found.country_code, found.national_number)

    async def find_verified(self, session: Session) -> Number | None:
        """Return the number verified in a session in the last ten minutes."""
        return await self._proofs.find_phone(session.session_id)

    async def verify_ciphertext(self, session_token: Secret, session: Session, encrypted: tuple[str, str]) -> Number:
        """Open a ciphertext, and have WeChat say that it made it; remember the number for the session.

        Without WeChat's word it proves nothing: with an iv of one's choosing a plaintext can be forged.

        Raises:
            OpenDataInvalid: The ciphertext is not well-formed.
            StaleSessionKey: It does not open, or WeChat does not vouch for it; which, is not said.
            WeChatError: WeChat refused.
            TransportError: WeChat did not answer.
            StoreUnavailable: Nothing was done.
        """
        opened = await self._open_data.phone(session_token, *encrypted)
        vouched = await self._wechat.check_encrypted_data(self._apps.get(session.subject.appid), encrypted[0])
        if not vouched.is_genuine:
            raise StaleSessionKey
        return await self._remember(session, opened.country_code, opened.national_number)

    async def _remember(self, session: Session, country_code: str, national_number: str) -> Number:
        try:
            number = Number(country_code, national_number)
        except ValueError:
            raise AnswerUnreadable from None
        await self._proofs.remember_phone(session.session_id, number)
        return number
