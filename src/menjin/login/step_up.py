"""Step up: the person proves once more who they are, for what needs more than a kept token.

A fresh login_code guards against a stolen token, not against a stolen phone: whoever holds the unlocked
phone can make one. A password guards against both.
"""

from __future__ import annotations

from menjin.accounts.flow import Accounts
from menjin.apps import Apps
from menjin.binding_errors import PhoneMismatch
from menjin.clock import Clock
from menjin.errors import BindingRequired, LoginCodeInvalid
from menjin.limits.addresses import Address
from menjin.limits.flow import Limits
from menjin.login.counted import counted
from menjin.login.events import Event, Listener
from menjin.login.passwords import Passwords
from menjin.login.phone import Phone
from menjin.login.results import SignedIn
from menjin.login.sign_in import parse_login_code
from menjin.login.time_left import whole_seconds
from menjin.session_keys.flow import SessionKeys
from menjin.sessions.flow import Sessions
from menjin.sessions.model import Session, Subject
from menjin.values import Secret
from menjin.wechat.client import WeChat


class StepUp:
    """The deed; the token rotates with it."""

    def __init__(
        self,
        *,
        apps: Apps,
        wechat: WeChat,
        passwords: Passwords,
        phones: Phone,
        accounts: Accounts,
        limits: Limits,
        session_keys: SessionKeys,
        sessions: Sessions,
        clock: Clock,
        listener: Listener,
    ) -> None:
        self._apps = apps
        self._wechat = wechat
        self._passwords = passwords
        self._phones = phones
        self._accounts = accounts
        self._limits = limits
        self._session_keys = session_keys
        self._sessions = sessions
        self._clock = clock
        self._listener = listener

    async def by_login_code(self, session_token: Secret, login_code: str, address: Address | None = None) -> SignedIn:
        """Prove by a fresh wx.login of the same person in the same app.

        Args:
            session_token: Who says so.
            login_code: From wx.login.
            address: As for sign-in, and in the same counts: a bad code is one whoever shows it.

        Raises:
            LoginCodeInvalid: WeChat does not know the code, or it is another person's.
            LoginCodeUsed: It was exchanged before.
            SessionInvalid: The session is not alive; the code is not spent.
            TooManyAttempts: The address or the person tries too often; the code is not spent.
            WeChatError: WeChat refused.
            TransportError: WeChat did not answer.
        """
        session = await self._sessions.authenticate(session_token)
        async with counted(self._limits, address):
            await self._exchange(session.subject, login_code)
        return await self._confirm(session_token, session)

    async def _exchange(self, subject: Subject, login_code: str) -> None:
        began_at = self._clock.now()
        parse_login_code(login_code)
        await self._limits.count_login(subject.appid, subject.openid)
        exchange = await self._wechat.exchange_login_code(self._apps.get(subject.appid), login_code)
        await self._session_keys.take_in(subject.appid, exchange.openid, exchange.session_key, began_at)
        if exchange.openid != subject.openid:
            raise LoginCodeInvalid

    async def by_password(self, session_token: Secret, username: str, password: Secret) -> SignedIn:
        """Prove by the password of the account the session is bound to.

        Raises:
            CredentialsInvalid: Name or password is wrong, or of another account; which, is not said.
            TooManyAttempts: It was not tried: too many wrong ones before.
            BindingRequired: The session has no account, or one without an external_id.
            RequestInvalid: This installation has no directory.
            SessionInvalid: The session is not alive.
        """
        session = await self._sessions.authenticate(session_token)
        account = session.subject.account
        if account is None or account.external_id is None:
            raise BindingRequired
        phone = await self._phones.find_verified(session)
        await self._passwords.verify(session.subject, username, password, only=account.external_id, phone=phone)
        return await self._confirm(session_token, session)

    async def by_phone_code(self, session_token: Secret, phone_code: str) -> SignedIn:
        """Prove by a tap on the phone button: WeChat's number of the person is the account's.

        Raises:
            PhoneCodeInvalid: WeChat does not know the code for this person.
            PhoneMismatch: The number is not the account's, or the account has none; the number counts as verified.
            BindingRequired: The session has no account; the code is not spent.
            SessionInvalid: The session is not alive; the code is not spent.
            TooManyAttempts: The person has too many codes exchanged; this one is not spent.
            WeChatError: WeChat refused.
            TransportError: WeChat did not answer; the code may be spent.
        """
        session = await self._sessions.authenticate(session_token)
        if session.subject.account is None:
            raise BindingRequired
        number = await self._phones.verify_code(session, phone_code)
        account = await self._accounts.find_account(session.subject.account.id)
        if account is None or account.phone != number:
            raise PhoneMismatch
        return await self._confirm(session_token, session)

    async def _confirm(self, session_token: Secret, session: Session) -> SignedIn:
        await self._sessions.confirm(session)
        issued = await self._sessions.rotate(session_token)
        self._listener.hear(Event.of("stepped_up", session))
        left = issued.session.expires_at - issued.session.last_seen_at
        return SignedIn(issued.session, issued.session_token, whole_seconds(left))
