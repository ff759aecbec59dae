"""AsyncMenjin: the library's door for callers with an event loop."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from menjin.access_tokens.flow import AccessTokens
from menjin.account_doors import AsyncAccounts
from menjin.adapters.following import TaskFollowing
from menjin.adapters.http import AiohttpHttp
from menjin.adapters.once import TaskOnce
from menjin.adapters.slots import TaskSlots
from menjin.assembly import Parts, assemble
from menjin.calling import AsyncWeChat
from menjin.clients.flow import Clients
from menjin.limits.addresses import parse_address
from menjin.login.beside import Beside
from menjin.login.results import OpenedData, PhoneNumber, Principal, SignedIn
from menjin.sessions.model import Device, Session
from menjin.values import Secret
from menjin.wechat.endpoints.getpaidunionid import Payment
from menjin.wechat.open_data_kinds import OpenDataKind


class AsyncMenjin:
    """Signs mini-program users in and answers who a request is.

    Use it as `async with AsyncMenjin(parts) as menjin:`; entering brings the tables about, leaving closes
    connections. Every method raises `StoreUnavailable` when a store cannot be asked, never a session's end, and
    `TooManyAttempts` where an address or a person asks too often: docs/operations/limits.md.

    Attributes:
        accounts: What the business itself tells of accounts.
        operator: What an operator does to accounts and sessions.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._once = TaskOnce()
        self._deeds = assemble(parts, TaskSlots, self._once)
        self.accounts = AsyncAccounts(self._deeds.unionids)
        self.operator = self._deeds.operator
        every = parts.tokens.look_every.total_seconds()
        self._keeping = TaskFollowing(self._deeds.access_tokens.step, every, "menjin-access-tokens")

    async def __aenter__(self) -> Self:
        try:
            await self._deeds.stores.prepare()
            if self._parts.keeps_tokens:
                await self._keeping.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give connections back."""
        await self._keeping.stop()
        await self._once.close()
        if isinstance(self._parts.http, AiohttpHttp):
            await self._parts.http.close()
        await self._deeds.stores.close()

    @property
    def clients(self) -> Clients:
        """The service clients: who they are, and what each may do."""
        return self._deeds.clients

    async def sign_in(
        self,
        appid: str,
        login_code: str,
        device: Device | None = None,
        *,
        idempotency_key: str | None = None,
        address: str | None = None,
        beside: Beside | None = None,
        phone_code: str | None = None,
    ) -> SignedIn:
        """Turn wx.login's code into a session; one WeChat call, and none for an access_token without a phone_code.

        Args:
            appid: One of our apps, by appid or alias.
            login_code: From wx.login; good once, for five minutes.
            device: What the client says of the phone.
            idempotency_key: At least 128 random bits as text; the same call with it, within a minute, gets the
                same answer.
            address: Where the request comes from, for limits by address. Leave it out where it may be a proxy's:
                everybody behind it would share one limit.
            beside: The tenant, user info to open before there is a session, and what a trusted gateway knows.
            phone_code: Of the phone button: bind by it too, as `bind_by_phone` right after would. If only that fails,
                the login stands, and `phone_error` is the failure's code: after `binding_conflict`, `bind_by_phone`
                without a code says the choices.

        Raises:
            RequestInvalid: `appid` is none of ours, or the tenant none of the app's.
            LoginCodeInvalid: WeChat does not know the code.
            LoginCodeUsed: It was presented before.
            OpenDataInvalid, StaleSessionKey: The user info beside it does not hold.
            TooManyAttempts: The address or the person tries too often.
            AccountDisabled: An operator disabled the account.
            WeChatError: WeChat refused.
            TransportError: WeChat did not answer, or unreadably.
        """
        key = Secret(idempotency_key) if idempotency_key is not None else None
        return await self._deeds.sign_in.run(
            appid, login_code, device, key, parse_address(address), beside=beside, phone_code=phone_code
        )

    async def turn_away(self, address: str | None) -> None:
        """Refuse a sign-in request by its address, before its body is read; `sign_in` would refuse it too.

        Args:
            address: As for `sign_in`.

        Raises:
            TooManyAttempts: The address tries too often.
        """
        await self._deeds.sign_in.turn_away(parse_address(address))

    async def authenticate(self, session_token: str) -> Principal:
        """Return who a session_token is.

        Raises:
            SessionInvalid: Nobody; its subclass says how the session ended.
        """
        return await self._deeds.authenticate.run(Secret(session_token))

    async def open_data(
        self,
        session_token: str,
        kind: OpenDataKind,
        *,
        encrypted: tuple[str, str] | None = None,
        signed: tuple[str, str] | None = None,
    ) -> OpenedData:
        """Return the data that wx encrypted, or signed, for this session's person.

        Args:
            session_token: Whose it is.
            kind: Which; `phone` has a door of its own.
            encrypted: encryptedData and iv.
            signed: rawData and signature; user info only.

        Raises:
            BindingRequired: The session has no account.
            OpenDataInvalid: The ciphertext is not well-formed.
            StaleSessionKey: It does not open: log in, then ask for another tap.
            SessionInvalid: The session is not alive.
        """
        return await self._deeds.open_data.open(Secret(session_token), kind, encrypted, signed)

    async def open_user_info(
        self,
        session_token: str,
        *,
        encrypted: tuple[str, str] | None = None,
        signed: tuple[str, str] | None = None,
    ) -> OpenedData:
        """Return user info; `open_data` for this kind, and raises what it raises."""
        return await self._deeds.open_data.open(Secret(session_token), "user_info", encrypted, signed)

    async def open_phone(self, session_token: str, encrypted_data: str, iv: str) -> PhoneNumber:
        """Return the phone number that wx encrypted: good for showing, not proof enough to bind.

        Raises:
            OpenDataInvalid: The ciphertext is not well-formed.
            StaleSessionKey: It does not open: log in, then ask for another tap.
            SessionInvalid: The session is not alive.
        """
        return await self._deeds.open_data.phone(Secret(session_token), encrypted_data, iv)

    async def phone_by_code(self, session_token: str, phone_code: str) -> PhoneNumber:
        """Return the phone number behind the phone button's code, on WeChat's word.

        Raises:
            PhoneCodeInvalid: WeChat does not know it for this person; LoginCodeAsPhoneCode if it looks like
                wx.login's code.
            SessionInvalid: The session is not alive.
            TooManyAttempts: The person has too many codes exchanged; this one is not spent.
            WeChatError: WeChat refused.
            TransportError: WeChat did not answer; the code may be spent.
        """
        return await self._deeds.phone.by_code(Secret(session_token), phone_code)

    async def bind_by_password(
        self, session_token: str, username: str, password: str, *, bind_ticket: str | None = None
    ) -> SignedIn:
        """Bind to the directory member that username and password prove; the token rotates.

        Args:
            session_token: Whose identity it is.
            username: As typed.
            password: As typed.
            bind_ticket: Of a conflict that offered `move_with_password`.

        Raises:
            CredentialsInvalid: Name or password is wrong.
            TooManyAttempts: The password was not tried: too many wrong ones before.
            VerifiedPhoneRequired: The same, whoever tried them: verify a number, then try again.
            BindingConflict: One of the two is bound otherwise; nothing was changed. It says the choices.
            BindTicketInvalid: It is not good any more.
            StepUpRequired: To leave an account takes a fresh proof.
            RequestInvalid: There is no directory.
            SessionInvalid: The session is not alive.
        """
        ticket = Secret(bind_ticket) if bind_ticket is not None else None
        return await self._deeds.bind.by_password(Secret(session_token), username, Secret(password), ticket)

    async def bind_by_phone(
        self,
        session_token: str,
        phone_code: str | None = None,
        *,
        encrypted: tuple[str, str] | None = None,
        bind_ticket: str | None = None,
    ) -> SignedIn:
        """Bind by a phone number on WeChat's word; the token rotates.

        Args:
            session_token: Whose identity it is.
            phone_code: Of the phone button.
            encrypted: encryptedData and iv instead; good only if WeChat says that it made them.
            bind_ticket: Of a conflict that offered `confirm`. With none of the three, the number verified in this
                session in the last ten minutes.

        Raises:
            PhoneCodeInvalid: WeChat does not know the code for this person.
            StaleSessionKey: The ciphertext does not open, or WeChat does not vouch for it.
            BindingConflict: Somebody else has the number; nothing was changed. It says the choices.
            AccountNotFound: Nobody has it, and the session has no account to give it to.
            BindTicketInvalid: It is not good any more.
            StepUpRequired: To change a number takes a fresh proof.
            VerifiedPhoneRequired: No number was verified in this session lately.
            SessionInvalid: The session is not alive.
        """
        ticket = Secret(bind_ticket) if bind_ticket is not None else None
        return await self._deeds.bind.by_phone(Secret(session_token), phone_code, encrypted, ticket)

    async def unbind(self, session_token: str) -> SignedIn:
        """Part the session's identity and its account; the token rotates, and the session has no account then.

        Raises:
            BindingRequired: It has none.
            StepUpRequired: The last proof of who the person is is older than ten minutes.
            LastWayIn: Nobody could reach the account any more.
            SessionInvalid: The session is not alive.
        """
        return await self._deeds.bind.undo(Secret(session_token))

    async def record_paid_unionid(
        self, session_token: str, *, transaction_id: str = "", mch_id: str = "", out_trade_no: str = ""
    ) -> bool:
        """Ask WeChat for the unionid of the session's person, who has paid in the last five minutes.

        Args:
            session_token: Whose it is.
            transaction_id: WeChat's number of the payment; or the two others.
            mch_id: The merchant's number.
            out_trade_no: The merchant's number of the order.

        Returns:
            Whether it is known now; False if it is another account's.

        Raises:
            PaymentUnknown: WeChat does not know the payment of this person, yet or any more.
            RequestInvalid: Which payment is not said, or no payment has such a number.
            SessionInvalid: The session is not alive.
            WeChatError: WeChat refused.
            TransportError: WeChat did not answer.
        """
        payment = Payment(transaction_id, mch_id, out_trade_no)
        return await self._deeds.unionids.by_payment(Secret(session_token), payment)

    async def step_up_by_login_code(
        self, session_token: str, login_code: str, *, address: str | None = None
    ) -> SignedIn:
        """Prove who one is by a fresh wx.login; the token rotates. Guards against a stolen token, not a stolen phone.

        Raises:
            LoginCodeInvalid: WeChat does not know the code, or it is another person's.
            LoginCodeUsed: It was exchanged before.
            SessionInvalid: The session is not alive.
            WeChatError: WeChat refused.
            TransportError: WeChat did not answer, or unreadably.
        """
        return await self._deeds.step_up.by_login_code(Secret(session_token), login_code, parse_address(address))

    async def step_up_by_password(self, session_token: str, username: str, password: str) -> SignedIn:
        """Prove who one is by the bound account's password; the token rotates.

        Raises:
            CredentialsInvalid: Name or password is wrong, or another account's.
            BindingRequired: The session has no business account to prove.
            RequestInvalid: There is no directory.
            SessionInvalid: The session is not alive.
        """
        return await self._deeds.step_up.by_password(Secret(session_token), username, Secret(password))

    async def step_up_by_phone_code(self, session_token: str, phone_code: str) -> SignedIn:
        """Prove who one is by a tap on the phone button: the number is the account's; the token rotates.

        Raises:
            PhoneCodeInvalid: WeChat does not know the code for this person.
            PhoneMismatch: The number is not the account's.
            BindingRequired: The session has no account.
            SessionInvalid: The session is not alive.
        """
        return await self._deeds.step_up.by_phone_code(Secret(session_token), phone_code)

    async def rotate(self, session_token: str) -> SignedIn:
        """Give the session a new token; the old one answers session_rotated for a minute.

        Raises:
            SessionRotated: Another rotation came first.
            SessionInvalid: The session is not alive.
        """
        return await self._deeds.devices.rotate(Secret(session_token))

    async def list_sessions(self, session_token: str) -> tuple[Session, tuple[Session, ...]]:
        """Return the caller's session, and all live ones of the same identity, the newest first.

        Raises:
            SessionInvalid: The session is not alive.
        """
        return await self._deeds.devices.list_sessions(Secret(session_token))

    async def end_other_sessions(self, session_token: str) -> int:
        """End every other session of the same identity as kicked_out; return how many.

        Raises:
            SessionInvalid: The session is not alive.
        """
        return await self._deeds.devices.end_others(Secret(session_token))

    async def end_session(self, session_token: str, session_id: str) -> None:
        """End one of the caller's own sessions.

        Raises:
            NotFound: None of them has this id.
            SessionInvalid: The session is not alive.
        """
        await self._deeds.devices.end_one(Secret(session_token), session_id)

    async def sign_out(self, session_token: str) -> None:
        """End the session; once more is no fault.

        Raises:
            SessionInvalid: The token names no session.
        """
        await self._deeds.sign_out.run(Secret(session_token))

    async def reset_session_key(self, session_token: str) -> bool:
        """Have WeChat replace the person's session_key, as after a suspected leak.

        Returns:
            False if the key in hand was not the current one any more.

        Raises:
            SessionInvalid: The session is not alive.
            WeChatError: WeChat refused.
            TransportError: WeChat did not answer.
        """
        return await self._deeds.sign_out.reset_key(Secret(session_token))

    async def follow_wechat(self) -> int:
        """Ask WeChat about the session_keys of apps with `follow_wechat`, of 50 people an app whose turn it is.

        Returns:
            How many people's turn it was; the next are due at once while it is not 0.
        """
        return await self._deeds.follow.step()

    def wechat(self, appid: str) -> AsyncWeChat:
        """Return WeChat as one app calls it: `await menjin.wechat(appid).call("POST", "/wxa/…", body={…})`.

        Raises:
            RequestInvalid: `appid` is none of ours.
        """
        return AsyncWeChat(self._parts.apps.get(appid), self._deeds.wechat)

    @property
    def access_tokens(self) -> AccessTokens:
        """The access_token centre: `get`, `report`, `renew`, `status`."""
        return self._deeds.access_tokens

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the stores answer."""
        await self._deeds.stores.ping()

    async def purge(self) -> int:
        """Forget what ended long ago: sessions, claims, uses of ciphertexts; return how many."""
        return await self._deeds.purge()
