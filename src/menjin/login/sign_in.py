"""Sign in: a login_code becomes a session.

One WeChat call, one transaction (identity, account, session_key), one session write. No access_token.
"""

from __future__ import annotations

import re

from menjin.accounts.flow import Accounts
from menjin.accounts.model import Account, Resolved
from menjin.apps import App, Apps
from menjin.clock import Clock
from menjin.errors import LoginCodeInvalid
from menjin.login.events import Event, Listener
from menjin.login.ports import Transactions
from menjin.login.results import SignedIn
from menjin.login.time_left import whole_seconds
from menjin.session_keys.flow import SessionKeys
from menjin.sessions.flow import Sessions
from menjin.sessions.model import BoundAccount, Device, Subject
from menjin.values import OpenId
from menjin.wechat.client import WeChat

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
        clock: Clock,
        listener: Listener,
    ) -> None:
        self._apps = apps
        self._wechat = wechat
        self._accounts = accounts
        self._session_keys = session_keys
        self._sessions = sessions
        self._transactions = transactions
        self._clock = clock
        self._listener = listener

    async def run(self, appid: str, login_code: str, device: Device | None = None) -> SignedIn:
        """Sign the person in whose wx.login gave `login_code`.

        Raises:
            RequestInvalid: `appid` is none of ours.
            LoginCodeInvalid: WeChat does not know the code.
            LoginCodeUsed: It was exchanged before.
            AccountDisabled: An operator disabled the account.
            WeChatError: WeChat refused; TransportError: it did not answer.
            StoreUnavailable: Nothing was kept; the code is spent.
        """
        app = self._apps.get(appid)
        if not _LOGIN_CODE.fullmatch(login_code):
            raise LoginCodeInvalid
        began_at = self._clock.now()
        exchange = await self._wechat.exchange_login_code(app, login_code)
        async with self._transactions.transaction():
            resolved = await self._accounts.resolve(app, exchange.openid, exchange.unionid)
            await self._session_keys.take_in(app.appid, exchange.openid, exchange.session_key, began_at)
        return await self._issue(app, exchange.openid, resolved, device)

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


def to_bound(account: Account | None) -> BoundAccount | None:
    """Return what a session keeps of an account."""
    return BoundAccount(account.account_id, account.external_id) if account is not None else None
