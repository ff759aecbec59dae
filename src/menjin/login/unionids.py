"""A unionid that appears outside a login: after a payment, in user data, from a gateway, from the business itself.

One pipeline for all of them: it is recorded in one place, by one table, and what it changes ends the sessions that say
otherwise.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from menjin.accounts.flow import Accounts
from menjin.accounts.model import Resolved
from menjin.accounts.rules import Occasion
from menjin.apps import Apps
from menjin.binding_errors import PaymentUnknown
from menjin.clock import Pause
from menjin.errors import Fault, RequestInvalid
from menjin.limits.flow import Limits
from menjin.login.events import Event, Listener
from menjin.sessions.flow import Sessions
from menjin.sessions.model import Session
from menjin.values import OpenId, Secret, UnionId, parse_openid, parse_unionid
from menjin.wechat.authorised import AuthorisedWeChat
from menjin.wechat.endpoints.getpaidunionid import Payment

_LOG = logging.getLogger("menjin.accounts")
# A payment's notice may come before WeChat tells the unionid.
_NOT_YET = (timedelta(milliseconds=500), timedelta(seconds=1))


class UnionIds:
    """The pipeline."""

    def __init__(
        self,
        *,
        apps: Apps,
        accounts: Accounts,
        sessions: Sessions,
        wechat: AuthorisedWeChat,
        pause: Pause,
        limits: Limits,
        listener: Listener,
    ) -> None:
        self._apps = apps
        self._accounts = accounts
        self._sessions = sessions
        self._wechat = wechat
        self._pause = pause
        self._limits = limits
        self._listener = listener

    async def by_payment(self, session_token: Secret, payment: Payment) -> bool:
        """Ask WeChat for the unionid of the session's person, who has paid in the last five minutes.

        Returns:
            Whether it is known now; False if it is another account's.

        Raises:
            PaymentUnknown: WeChat does not know the payment of this person, yet or any more.
            SessionInvalid: The session is not alive.
            TooManyAttempts: The person has asked for too many; WeChat was not asked.
            WeChatError: WeChat refused; AppMisconfigured if the app is bound to no Open Platform account.
            TransportError: WeChat did not answer.
            StoreUnavailable: Nothing was recorded.
        """
        session = await self._sessions.authenticate(session_token)
        app, openid = self._apps.get(session.subject.appid), session.subject.openid
        await self._limits.count_payment(app.appid, openid)
        for wait in _NOT_YET:
            try:
                unionid = await self._wechat.fetch_paid_unionid(app, openid, payment)
            except PaymentUnknown:
                await self._pause.pause(wait)
            else:
                break
        else:
            unionid = await self._wechat.fetch_paid_unionid(app, openid, payment)
        return await self.note(session, unionid, "word")

    async def note(self, session: Session, unionid: UnionId, occasion: Occasion) -> bool:
        """Record a unionid that was said of a live session's person; whether it is known now.

        Raises:
            SessionExpired: The session speaks for another account than the identity's.
            StoreUnavailable: Nothing was recorded.
        """
        subject = session.subject
        app = self._apps.get(subject.appid)
        account_id = subject.account.id if subject.account is not None else None
        resolved = await self._accounts.record_unionid(app, subject.openid, unionid, occasion, account_id)
        if resolved is None:
            return False
        await self._follow(resolved)
        if not resolved.conflict and occasion == "user_data":
            return True  # told as data_opened
        name = "unionid_conflict" if resolved.conflict else "unionid_recorded"
        self._listener.hear(Event.of(name, session))
        return not resolved.conflict

    async def assert_identity(self, app_name: str, openid: str, unionid: str) -> Resolved:
        """Record what the business itself knows, from a cloud function or a server that WeChat vouched to.

        Whoever may call this is trusted as WeChat is: it attaches an identity to the account that has the unionid.

        Args:
            app_name: The appid or alias of one of our apps.
            openid: Of a person in it, who need not have logged in yet.
            unionid: The same person's.

        Returns:
            What became of it; `conflict` if the unionid is another account's, and then it was not recorded.

        Raises:
            RequestInvalid: No such app, or an id that WeChat never gave.
            AccountDisabled: An operator disabled the account.
            StoreUnavailable: Nothing was recorded.
        """
        app = self._apps.get(app_name)
        found_openid, found_unionid = _parse(openid, unionid)
        resolved = await self._accounts.record_unionid(app, found_openid, found_unionid, "word")
        if resolved is None:
            raise AssertionError("a word is recorded of whomever")
        await self._follow(resolved)
        return resolved

    async def _follow(self, resolved: Resolved) -> None:
        """End the sessions of an identity that has just got its account: they would say that it has none."""
        if resolved.was_attached:
            _LOG.info("a unionid led an identity to its account: identity=%s", resolved.identity.identity_id)
            await self._sessions.end_all(resolved.identity.identity_id, "expired")


def _parse(openid: str, unionid: str) -> tuple[OpenId, UnionId]:
    try:
        found = parse_openid(openid)
    except ValueError:
        raise RequestInvalid(Fault("openid", "20 to 64 characters of A-Za-z0-9_-")) from None
    try:
        return found, parse_unionid(unionid)
    except ValueError:
        raise RequestInvalid(Fault("unionid", "20 to 64 characters of A-Za-z0-9_-")) from None
