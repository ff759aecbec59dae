"""Sign in: a login_code becomes a session.

One WeChat call and one transaction (identity, account, session_key, and the session where it is kept in the
same database). No access_token, unless a phone_code came along: what that does follows the login, and never spoils it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from menjin.accounts.flow import Accounts
from menjin.accounts.model import Resolved
from menjin.apps import App, Apps
from menjin.clock import Clock
from menjin.errors import (
    AccountDisabled,
    HeldBack,
    LoginCodeAsPhoneCode,
    LoginCodeInvalid,
    LoginCodeUsed,
    MenjinError,
    SessionInvalid,
    StoreUnavailable,
    TooManyAttempts,
    WeChatBusy,
)
from menjin.limits.addresses import Address
from menjin.limits.flow import Limits
from menjin.limits.store import Slots
from menjin.login.beside import Beside
from menjin.login.bind import Bind
from menjin.login.claims import Answer, Claims
from menjin.login.counted import counted
from menjin.login.events import Event, Listener
from menjin.login.open_data import OpenData
from menjin.login.ports import Transactions
from menjin.login.rebinding import to_bound
from menjin.login.records import Records
from menjin.login.results import SignedIn
from menjin.login.time_left import whole_seconds
from menjin.session_keys.flow import SessionKeys
from menjin.sessions.flow import Sessions
from menjin.sessions.model import Device, Subject
from menjin.values import OpenId, Secret, SessionId, is_like
from menjin.wechat.client import WeChat
from menjin.wechat.endpoints.jscode2session import LoginExchange

_PATIENCE = timedelta(seconds=10)
_LOGIN_CODE = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class _Told:
    """What the client, and whoever stands before it, say of a login."""

    device: Device | None
    beside: Beside
    phone_code: str | None = field(repr=False)
    idempotency_key: Secret | None


class SignIn:
    """The deed. Its parts are siblings that meet only here.

    Args:
        turns: Of one person's logins at once, one is kept after the other.
        one_database: Whether sessions are kept where accounts are, so that one commit holds them all.
        one_writer: Whether nobody else changes accounts while a transaction is open. With both, who disables an
            account comes wholly before a login or wholly after it.
    """

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
        claims: Claims,
        clock: Clock,
        listener: Listener,
        records: Records,
        turns: Slots,
        bind: Bind,
        open_data: OpenData,
        one_database: bool,
        one_writer: bool,
    ) -> None:
        self._apps = apps
        self._wechat = wechat
        self._accounts = accounts
        self._session_keys = session_keys
        self._sessions = sessions
        self._transactions = transactions
        self._limits = limits
        self._claims = claims
        self._clock = clock
        self._listener = listener
        self._records = records
        self._turns = turns
        self._bind = bind
        self._open_data = open_data
        self._one_database = one_database
        self._looks_twice = not (one_database and one_writer)

    async def run(
        self,
        appid: str,
        login_code: str,
        device: Device | None = None,
        idempotency_key: Secret | None = None,
        address: Address | None = None,
        *,
        beside: Beside | None = None,
        phone_code: str | None = None,
    ) -> SignedIn:
        """Sign the person in whose wx.login gave `login_code`.

        Args:
            appid: One of our apps, by appid or alias.
            login_code: From wx.login; spent afterwards, whatever came of it.
            device: What the client says of the phone.
            idempotency_key: At least 128 random bits; the same call with it, within a minute, gets the same answer.
            address: Where the request comes from; None if that is not known, or is a proxy.
            beside: What else the login says.
            phone_code: Of the phone button: bind by it too. If that fails, the login stands, and says why.

        Raises:
            RequestInvalid: `appid` is none of ours, or the tenant none of the app's.
            TooManyAttempts: The address or the person tries too often.
            LoginCodeInvalid: WeChat does not know the code.
            LoginCodeUsed: It was presented before.
            OpenDataInvalid: The user info beside it is not well-formed; the code is not spent.
            StaleSessionKey: It does not hold; the code is spent.
            AccountDisabled: An operator disabled the account.
            WeChatError: WeChat refused; TransportError: it did not answer.
            StoreUnavailable: Nothing was kept; the code is spent.
        """
        app, told = self._apps.get(appid), _Told(device, beside or Beside(), phone_code, idempotency_key)
        app.check_tenant(told.beside.tenant)
        told.beside.check_user_info()
        is_first = False
        try:
            async with counted(self._limits, address) as attempt:
                parse_login_code(login_code)
                is_first = await self._claims.take(app.appid, login_code, is_keyed=idempotency_key is not None)
                if not is_first:
                    self._limits.end(attempt)  # who waits for the first one's answer keeps nobody from a turn
                served = self._first if is_first else self._repeat
                signed_in = await served(app, login_code, told)
            return await self._finish(app, login_code, told, signed_in) if is_first else signed_in
        finally:
            if is_first:
                self._claims.let_go(app.appid, login_code)

    async def turn_away(self, address: Address | None) -> None:
        """Refuse a request of an address that `run` would refuse, before anything of it is read.

        Raises:
            TooManyAttempts: The address tries too often.
            StoreUnavailable: That cannot be known.
        """
        await self._limits.turn_away(address)

    async def _first(self, app: App, login_code: str, told: _Told) -> SignedIn:
        """Exchange a code that this call has claimed."""
        try:
            return await self._exchange(app, login_code, told)
        except (LoginCodeInvalid, WeChatBusy, HeldBack):
            await self._claims.release(app.appid, login_code)
            raise
        except BaseException:  # whatever it was, cancellation too, nobody need wait for the answer
            await self._note_failure(app, login_code, told)
            raise

    async def _finish(self, app: App, login_code: str, told: _Told, signed_in: SignedIn) -> SignedIn:
        """Do what the phone_code is for, and keep the answer for whoever shows the same key.

        WeChat is asked for the number outside the address's turn: slow numbers hold up no logins.
        """
        if told.phone_code is not None:
            try:
                signed_in = await self._bind_phone(login_code, told.phone_code, signed_in)
            except BaseException:  # the same
                await self._note_failure(app, login_code, told)
                raise
        if told.idempotency_key is not None:
            kept = Answer(signed_in.session_token, signed_in.is_new, signed_in.phone_error)
            await self._claims.keep_answer(app.appid, login_code, told.idempotency_key, kept)
        return signed_in

    async def _bind_phone(self, login_code: str, phone_code: str, signed_in: SignedIn) -> SignedIn:
        """Bind by the phone_code; the login that came before stands whatever comes of it.

        Raises:
            LoginCodeUsed: The login has run its course: ended from elsewhere while WeChat was asked for the number.
            StoreUnavailable: It is bound, and the new token is lost: only another login gives one.
        """
        failure: MenjinError | None = None
        try:
            if phone_code == login_code:
                raise LoginCodeAsPhoneCode
            bound = await self._bind.at_sign_in(signed_in, phone_code)
        except MenjinError as error:
            bound, failure = replace(signed_in, phone_error=error.code), error
        if bound.session_token is signed_in.session_token:
            await self._see_that_it_lives(signed_in, failure)
        return bound

    async def _see_that_it_lives(self, signed_in: SignedIn, failure: MenjinError | None) -> None:
        """Keep a dead token from being handed out as a login that succeeded."""
        try:
            await self._sessions.authenticate(signed_in.session_token)
        except SessionInvalid:
            raise failure if isinstance(failure, StoreUnavailable) else LoginCodeUsed() from None

    async def _note_failure(self, app: App, login_code: str, told: _Told) -> None:
        if told.idempotency_key is not None:
            with suppress(StoreUnavailable):  # what is said is why it failed
                await self._claims.note_failure(app.appid, login_code)

    async def _exchange(self, app: App, login_code: str, told: _Told) -> SignedIn:
        began_at = self._clock.now()
        exchange = await self._wechat.exchange_login_code(app, login_code)
        try:
            await self._limits.count_login(app.appid, exchange.openid)
        except TooManyAttempts:  # WeChat may have a new key by now, which the person's other sessions need
            await self._session_keys.take_in(app.appid, exchange.openid, exchange.session_key, began_at)
            raise
        payload = await self._open_user_info(app, exchange, told, login_code, began_at)
        turn = await self._turns.take(f"{app.appid}/{exchange.openid}", _PATIENCE)
        if turn is None:
            raise StoreUnavailable
        try:
            signed_in = await self._keep(app, exchange, told, began_at)
        finally:
            self._turns.give(turn)
        if payload is None:
            return signed_in
        return replace(signed_in, user_info=await self._open_data.note_at_login(signed_in.session, payload))

    async def _open_user_info(
        self, app: App, exchange: LoginExchange, told: _Told, login_code: str, began_at: datetime
    ) -> Mapping[str, Any] | None:
        """Open what came beside the code before any session makes way for this login's.

        What is used here is used up: no session may use the ciphertext again, and no other login.
        """
        shown = told.beside.user_info
        if shown is None:
            return None
        await self._session_keys.take_in(app.appid, exchange.openid, exchange.session_key, began_at)
        name = SessionId("code_" + hashlib.sha256(login_code.encode()).hexdigest()[:25])
        return await self._open_data.open_at_login((app.appid, exchange.openid, name), shown)

    async def _keep(self, app: App, exchange: LoginExchange, told: _Told, began_at: datetime) -> SignedIn:
        """Keep what WeChat said; of one person's logins at once, one holds the row and the others no connection."""
        async with self._transactions.transaction():
            unionid = exchange.unionid or told.beside.read_unionid(app, exchange.openid)
            resolved = await self._accounts.resolve(app, exchange.openid, unionid)
            await self._session_keys.take_in(app.appid, exchange.openid, exchange.session_key, began_at)
            signed_in = await self._issue(app, exchange.openid, resolved, told) if self._one_database else None
            line = await self._records.write("signed_in", _to_subject(app, exchange.openid, resolved, told))
        if signed_in is None:  # kept elsewhere: no lock of the database is held while that store is asked
            signed_in = await self._issue(app, exchange.openid, resolved, told)
        self._records.say(line)
        if self._looks_twice:
            await self._see_that_it_is_open(signed_in)
        self._tell(signed_in, resolved)
        return signed_in

    async def _see_that_it_is_open(self, signed_in: SignedIn) -> None:
        """End a session whose account was disabled in the same moment: who disables lists sessions after, as this does.

        Raises:
            AccountDisabled: It was.
        """
        bound = signed_in.account
        if bound is not None and not await self._accounts.is_open(bound.id):
            await self._sessions.end(signed_in.session, "disabled")
            raise AccountDisabled

    async def _repeat(self, app: App, login_code: str, told: _Told) -> SignedIn:
        if told.idempotency_key is None:
            raise LoginCodeUsed
        with_phone = told.phone_code is not None
        answer = await self._claims.wait_for_answer(app.appid, login_code, told.idempotency_key, with_phone=with_phone)
        try:
            session = await self._sessions.authenticate(answer.session_token)
        except SessionInvalid:
            raise LoginCodeUsed from None  # that login has run its course: signed out, or its token rotated
        expires_in = whole_seconds(session.expires_at - self._clock.now())
        return SignedIn(session, answer.session_token, expires_in, answer.is_new, answer.phone_error)

    async def _issue(self, app: App, openid: OpenId, resolved: Resolved, told: _Told) -> SignedIn:
        if resolved.was_attached:
            await self._sessions.end_unbound(resolved.identity.identity_id)
        issued = await self._sessions.issue(app, _to_subject(app, openid, resolved, told), told.device)
        session = issued.session
        expires_in = whole_seconds(session.expires_at - session.issued_at)
        return SignedIn(session, issued.session_token, expires_in, resolved.is_new)

    def _tell(self, signed_in: SignedIn, resolved: Resolved) -> None:
        names = ["signed_in", "unionid_conflict"] if resolved.conflict else ["signed_in"]
        for name in names:
            self._listener.hear(Event.of(name, signed_in.session))


def _to_subject(app: App, openid: OpenId, resolved: Resolved, told: _Told) -> Subject:
    identity = resolved.identity
    account, tenant = to_bound(resolved.account), told.beside.tenant
    return Subject(app.appid, openid, identity.identity_id, identity.unionid, account, tenant)


def parse_login_code(text: str) -> str:
    """Return a login_code that WeChat may know.

    Raises:
        LoginCodeInvalid: It never will: empty, over 128 characters, or with others than visible ASCII.
    """
    if not is_like(_LOGIN_CODE, text):
        raise LoginCodeInvalid
    return text
