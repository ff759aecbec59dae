"""Sign in: a login_code becomes a session.

One WeChat call, one transaction (identity, account, session_key), one session write. No access_token.
"""

from __future__ import annotations

import re

from menjin.accounts.flow import Accounts
from menjin.accounts.model import Account, Resolved
from menjin.apps import App, Apps
from menjin.clock import Clock
from menjin.errors import LoginCodeInvalid, LoginCodeUsed
from menjin.limits.addresses import Address
from menjin.limits.flow import Limits
from menjin.login.events import Event, Listener
from menjin.login.ports import Transactions
from menjin.login.results import SignedIn
from menjin.login.time_left import whole_seconds
from menjin.session_keys.flow import SessionKeys
from menjin.sessions.flow import Sessions
from menjin.sessions.model import BoundAccount, Device, Subject
from menjin.values import OpenId
from menjin.wechat.client import WeChat
from menjin.wechat.endpoints.jscode2session import LoginExchange

_LOGIN_CODE = re.compile(r"[\x21-\x7e]{1,128}")


class SignIn:
    """The deed. Its parts are siblings that meet only here."""

    def __init__(
        self,
        *,
        apps: Apps,
        wechat: WeChat,
        accounts: Accounts,
        session_keys: SessionKeys,
        sessions: Sessions,
        transactions: Transactions,
        limits: Limits,
        clock: Clock,
        listener: Listener,
    ) -> None:
        self._apps = apps
        self._wechat = wechat
        self._accounts = accounts
        self._session_keys = session_keys
        self._sessions = sessions
        self._transactions = transactions
        self._limits = limits
        self._clock = clock
        self._listener = listener

    async def run(
        self, appid: str, login_code: str, device: Device | None = None, address: Address | None = None
    ) -> SignedIn:
        """Sign the person in whose wx.login gave `login_code`.

        Raises:
            RequestInvalid: `appid` is none of ours.
            TooManyAttempts: The address or the person tries too often.
            LoginCodeInvalid: WeChat does not know the code.
            LoginCodeUsed: It was exchanged before.
            AccountDisabled: An operator disabled the account.
            WeChatError: WeChat refused; TransportError: it did not answer.
            StoreUnavailable: Nothing was kept; the code is spent.
        """
        app = self._apps.get(appid)
        await self._limits.begin_sign_in(address)
        began_at = self._clock.now()
        exchange = await self._exchange(app, login_code, address)
        await self._limits.count_login(app.appid, exchange.openid)
        async with self._transactions.transaction():
            resolved = await self._accounts.resolve(app, exchange.openid, exchange.unionid)
            await self._session_keys.take_in(app.appid, exchange.openid, exchange.session_key, began_at)
        return await self._issue(app, exchange.openid, resolved, device)

    async def _exchange(self, app: App, login_code: str, address: Address | None) -> LoginExchange:
        try:
            return await self._wechat.exchange_login_code(app, parse_login_code(login_code))
        except (LoginCodeInvalid, LoginCodeUsed):
            await self._limits.note_bad_code(address)
            raise

    async def _issue(self, app: App, openid: OpenId, resolved: Resolved, device: Device | None) -> SignedIn:
        identity = resolved.identity
        subject = Subject(app.appid, openid, identity.identity_id, identity.unionid, to_bound(resolved.account))
        issued = await self._sessions.issue(app, subject, device)
        session = issued.session
        names = ["signed_in", "unionid_conflict"] if resolved.conflict else ["signed_in"]
        for name in names:
            self._listener.hear(Event(name, app.appid, session.session_id, identity.identity_id))
        expires_in = whole_seconds(session.expires_at - session.issued_at)
        return SignedIn(session, issued.session_token, expires_in, resolved.is_new)


def parse_login_code(text: str) -> str:
    """Return a login_code that WeChat may know.

    Raises:
        LoginCodeInvalid: It never will: empty, over 128 characters, or with others than visible ASCII.
    """
    if not _LOGIN_CODE.fullmatch(text):
        raise LoginCodeInvalid
    return text


def to_bound(account: Account | None) -> BoundAccount | None:
    """Return what a session keeps of an account."""
    return BoundAccount(account.account_id, account.external_id) if account is not None else None
