"""Menjin: the library's door for callers without an event loop. The same flows, driven in the caller's thread."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from menjin.account_doors import BlockingAccounts, BlockingOperator
from menjin.adapters.following import ThreadFollowing
from menjin.adapters.http import BlockingHttp
from menjin.adapters.once import ThreadOnce
from menjin.adapters.slots import ThreadSlots
from menjin.assembly import Parts, assemble, need_a_loop
from menjin.bridge import drive
from menjin.calling import SyncAccessTokens, SyncClients, SyncWeChat
from menjin.errors import ConfigurationError, Fault
from menjin.limits.addresses import parse_address
from menjin.login.beside import Beside
from menjin.login.results import OpenedData, PhoneNumber, Principal, SignedIn
from menjin.sessions.model import Device, Session
from menjin.values import Secret
from menjin.wechat.endpoints.getpaidunionid import Payment
from menjin.wechat.open_data_kinds import OpenDataKind


class Menjin:
    """Signs mini-program users in and answers who a request is; see `AsyncMenjin` for each method's errors.

    Attributes:
        accounts: What the business itself tells of accounts.
        operator: What an operator does to accounts and sessions.

    Raises:
        ConfigurationError: One of the parts works only under an event loop.
    """

    def __init__(self, parts: Parts) -> None:
        if names := need_a_loop(parts):
            raise ConfigurationError(
                [Fault(name, "works only under an event loop; use AsyncMenjin or a blocking adapter") for name in names]
            )
        self._parts = parts
        self._deeds = assemble(parts, ThreadSlots, ThreadOnce())
        self.accounts = BlockingAccounts(self._deeds.unionids)
        self.operator = BlockingOperator(self._deeds.operator)
        every = parts.tokens.look_every.total_seconds()
        self._keeping = ThreadFollowing(self._deeds.access_tokens.step, every, "menjin-access-tokens")

    def __enter__(self) -> Self:
        try:
            drive(self._deeds.stores.prepare())
            if self._parts.keeps_tokens:
                drive(self._keeping.start())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give connections back."""
        drive(self._keeping.stop())
        if isinstance(self._parts.http, BlockingHttp):
            self._parts.http.close()
        drive(self._deeds.stores.close())

    def sign_in(
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
        """Turn wx.login's code into a session."""
        key = Secret(idempotency_key) if idempotency_key is not None else None
        flow = self._deeds.sign_in.run(
            appid, login_code, device, key, parse_address(address), beside=beside, phone_code=phone_code
        )
        return drive(flow)

    def turn_away(self, address: str | None) -> None:
        """Refuse a sign-in request by its address, before its body is read; `sign_in` would refuse it too."""
        drive(self._deeds.sign_in.turn_away(parse_address(address)))

    def authenticate(self, session_token: str) -> Principal:
        """Return who a session_token is."""
        return drive(self._deeds.authenticate.run(Secret(session_token)))

    def open_data(
        self,
        session_token: str,
        kind: OpenDataKind,
        *,
        encrypted: tuple[str, str] | None = None,
        signed: tuple[str, str] | None = None,
    ) -> OpenedData:
        """Return the data that wx encrypted, or signed, for this session's person."""
        return drive(self._deeds.open_data.open(Secret(session_token), kind, encrypted, signed))

    def open_user_info(
        self,
        session_token: str,
        *,
        encrypted: tuple[str, str] | None = None,
        signed: tuple[str, str] | None = None,
    ) -> OpenedData:
        """Return user info; `open_data` for this kind, and raises what it raises."""
        return drive(self._deeds.open_data.open(Secret(session_token), "user_info", encrypted, signed))

    def open_phone(self, session_token: str, encrypted_data: str, iv: str) -> PhoneNumber:
        """Return the phone number that wx encrypted: good for showing, not proof enough to bind."""
        return drive(self._deeds.open_data.phone(Secret(session_token), encrypted_data, iv))

    def phone_by_code(self, session_token: str, phone_code: str) -> PhoneNumber:
        """Return the phone number behind the phone button's code, on WeChat's word."""
        return drive(self._deeds.phone.by_code(Secret(session_token), phone_code))

    def bind_by_password(
        self, session_token: str, username: str, password: str, *, bind_ticket: str | None = None
    ) -> SignedIn:
        """Bind to the directory member that username and password prove; the token rotates."""
        ticket = Secret(bind_ticket) if bind_ticket is not None else None
        return drive(self._deeds.bind.by_password(Secret(session_token), username, Secret(password), ticket))

    def bind_by_phone(
        self,
        session_token: str,
        phone_code: str | None = None,
        *,
        encrypted: tuple[str, str] | None = None,
        bind_ticket: str | None = None,
    ) -> SignedIn:
        """Bind by a phone number on WeChat's word; the token rotates."""
        ticket = Secret(bind_ticket) if bind_ticket is not None else None
        return drive(self._deeds.bind.by_phone(Secret(session_token), phone_code, encrypted, ticket))

    def unbind(self, session_token: str) -> SignedIn:
        """Part the session's identity and its account; the token rotates, and the session has no account then."""
        return drive(self._deeds.bind.undo(Secret(session_token)))

    def record_paid_unionid(
        self, session_token: str, *, transaction_id: str = "", mch_id: str = "", out_trade_no: str = ""
    ) -> bool:
        """Ask WeChat for the unionid of the session's person, who has paid in the last five minutes."""
        payment = Payment(transaction_id, mch_id, out_trade_no)
        return drive(self._deeds.unionids.by_payment(Secret(session_token), payment))

    def step_up_by_login_code(self, session_token: str, login_code: str, *, address: str | None = None) -> SignedIn:
        """Prove who one is by a fresh wx.login; the token rotates."""
        return drive(self._deeds.step_up.by_login_code(Secret(session_token), login_code, parse_address(address)))

    def step_up_by_password(self, session_token: str, username: str, password: str) -> SignedIn:
        """Prove who one is by the bound account's password; the token rotates."""
        return drive(self._deeds.step_up.by_password(Secret(session_token), username, Secret(password)))

    def step_up_by_phone_code(self, session_token: str, phone_code: str) -> SignedIn:
        """Prove who one is by a tap on the phone button: the number is the account's; the token rotates."""
        return drive(self._deeds.step_up.by_phone_code(Secret(session_token), phone_code))

    def rotate(self, session_token: str) -> SignedIn:
        """Give the session a new token; the old one answers session_rotated for a minute."""
        return drive(self._deeds.devices.rotate(Secret(session_token)))

    def list_sessions(self, session_token: str) -> tuple[Session, tuple[Session, ...]]:
        """Return the caller's session, and all live ones of the same identity, the newest first."""
        return drive(self._deeds.devices.list_sessions(Secret(session_token)))

    def end_other_sessions(self, session_token: str) -> int:
        """End every other session of the same identity as kicked_out; return how many."""
        return drive(self._deeds.devices.end_others(Secret(session_token)))

    def end_session(self, session_token: str, session_id: str) -> None:
        """End one of the caller's own sessions."""
        drive(self._deeds.devices.end_one(Secret(session_token), session_id))

    def sign_out(self, session_token: str) -> None:
        """End the session; once more is no fault."""
        drive(self._deeds.sign_out.run(Secret(session_token)))

    def reset_session_key(self, session_token: str) -> bool:
        """Have WeChat replace the person's session_key; False if the key in hand was not the current one."""
        return drive(self._deeds.sign_out.reset_key(Secret(session_token)))

    def follow_wechat(self) -> int:
        """Ask WeChat about the session_keys of apps with `follow_wechat`, of 50 people an app whose turn it is.

        Returns:
            How many people's turn it was; the next are due at once while it is not 0.
        """
        return drive(self._deeds.follow.step())

    def wechat(self, appid: str) -> SyncWeChat:
        """Return WeChat as one app calls it: `menjin.wechat(appid).call("POST", "/wxa/…", body={…})`."""
        return SyncWeChat(self._parts.apps.get(appid), self._deeds.wechat)

    @property
    def clients(self) -> SyncClients:
        """The service clients: who they are, and what each may do."""
        return SyncClients(self._deeds.clients)

    @property
    def access_tokens(self) -> SyncAccessTokens:
        """The access_token centre: `get`, `report`, `renew`, `status`."""
        return SyncAccessTokens(self._deeds.access_tokens)

    def ping(self) -> None:
        """Raise StoreUnavailable unless the stores answer."""
        drive(self._deeds.stores.ping())

    def purge(self) -> int:
        """Forget what ended long ago: sessions, claims, uses of ciphertexts; return how many."""
        return drive(self._deeds.purge())
