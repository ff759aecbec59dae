"""AsyncMenjin: the library's door for callers with an event loop."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from menjin.adapters.http import AiohttpHttp
from menjin.adapters.slots import TaskSlots
from menjin.assembly import Parts, assemble
from menjin.limits.addresses import parse_address
from menjin.login.results import OpenedData, PhoneNumber, Principal, SignedIn
from menjin.sessions.model import Device
from menjin.values import Secret


class AsyncMenjin:
    """Signs mini-program users in and answers who a request is.

    Use it as `async with AsyncMenjin(parts) as menjin:`; entering brings the tables about, leaving closes
    connections. Every method raises `StoreUnavailable` when a store cannot be asked, never a session's end.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._deeds = assemble(parts, TaskSlots)

    async def __aenter__(self) -> Self:
        await self._deeds.stores.prepare()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give connections back."""
        if isinstance(self._parts.http, AiohttpHttp):
            await self._parts.http.close()
        await self._deeds.stores.close()

    async def sign_in(
        self, appid: str, login_code: str, device: Device | None = None, *, address: str | None = None
    ) -> SignedIn:
        """Turn wx.login's code into a session; one WeChat call, and none for an access_token.

        Args:
            appid: One of our apps.
            login_code: From wx.login; good once, for five minutes.
            device: What the client says of the phone.
            address: Where the request comes from, for limits by address. Leave it out where it may be a proxy's:
                everybody behind it would share one limit.

        Raises:
            RequestInvalid: `appid` is none of ours.
            LoginCodeInvalid: WeChat does not know the code.
            LoginCodeUsed: It was exchanged before.
            TooManyAttempts: The address or the person tries too often.
            AccountDisabled: An operator disabled the account.
            WeChatError: WeChat refused.
            TransportError: WeChat did not answer, or unreadably.
        """
        known = parse_address(address) if address else None
        return await self._deeds.sign_in.run(appid, login_code, device, known)

    async def authenticate(self, session_token: str) -> Principal:
        """Return who a session_token is.

        Raises:
            SessionInvalid: Nobody; its subclass says how the session ended.
        """
        return await self._deeds.authenticate.run(Secret(session_token))

    async def open_user_info(
        self,
        session_token: str,
        *,
        encrypted: tuple[str, str] | None = None,
        signed: tuple[str, str] | None = None,
    ) -> OpenedData:
        """Return the user info that wx encrypted, or signed, for this session's person.

        Args:
            session_token: Whose it is.
            encrypted: encryptedData and iv.
            signed: rawData and signature.

        Raises:
            OpenDataInvalid: The ciphertext is not well-formed.
            StaleSessionKey: It does not open: log in, then ask for another tap.
            SessionInvalid: The session is not alive.
        """
        return await self._deeds.open_data.user_info(Secret(session_token), encrypted, signed)

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

    async def bind_by_password(self, session_token: str, username: str, password: str) -> SignedIn:
        """Bind to the directory member that username and password prove; the token rotates.

        Raises:
            CredentialsInvalid: Name or password is wrong.
            TooManyAttempts: The password was not tried: too many wrong ones before.
            BindingConflict: One of the two is bound otherwise; nothing was changed.
            RequestInvalid: There is no directory.
            SessionInvalid: The session is not alive.
        """
        return await self._deeds.bind.by_password(Secret(session_token), username, Secret(password))

    async def sign_out(self, session_token: str) -> None:
        """End the session; once more is no fault.

        Raises:
            SessionInvalid: The token names no session.
        """
        await self._deeds.sign_out.run(Secret(session_token))

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the stores answer."""
        await self._deeds.stores.ping()

    async def purge(self) -> int:
        """Forget sessions that ended long ago; return how many."""
        return await self._deeds.sessions.purge()
