"""Menjin: the library's door for callers without an event loop. The same flows, driven in the caller's thread."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from menjin.adapters.http import BlockingHttp
from menjin.adapters.slots import ThreadSlots
from menjin.assembly import Parts, assemble, need_a_loop
from menjin.bridge import drive
from menjin.errors import ConfigurationError, Fault
from menjin.limits.addresses import parse_address
from menjin.login.results import OpenedData, PhoneNumber, Principal, SignedIn
from menjin.sessions.model import Device
from menjin.values import Secret


class Menjin:
    """Signs mini-program users in and answers who a request is; see `AsyncMenjin` for each method's errors.

    Raises:
        ConfigurationError: One of the parts works only under an event loop.
    """

    def __init__(self, parts: Parts) -> None:
        if names := need_a_loop(parts):
            raise ConfigurationError(
                [Fault(name, "works only under an event loop; use AsyncMenjin or a blocking adapter") for name in names]
            )
        self._parts = parts
        self._deeds = assemble(parts, ThreadSlots)

    def __enter__(self) -> Self:
        drive(self._deeds.stores.prepare())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give connections back."""
        if isinstance(self._parts.http, BlockingHttp):
            self._parts.http.close()
        drive(self._deeds.stores.close())

    def sign_in(
        self, appid: str, login_code: str, device: Device | None = None, *, address: str | None = None
    ) -> SignedIn:
        """Turn wx.login's code into a session."""
        known = parse_address(address) if address else None
        return drive(self._deeds.sign_in.run(appid, login_code, device, known))

    def authenticate(self, session_token: str) -> Principal:
        """Return who a session_token is."""
        return drive(self._deeds.authenticate.run(Secret(session_token)))

    def open_user_info(
        self,
        session_token: str,
        *,
        encrypted: tuple[str, str] | None = None,
        signed: tuple[str, str] | None = None,
    ) -> OpenedData:
        """Return the user info that wx encrypted, or signed, for this session's person."""
        return drive(self._deeds.open_data.user_info(Secret(session_token), encrypted, signed))

    def open_phone(self, session_token: str, encrypted_data: str, iv: str) -> PhoneNumber:
        """Return the phone number that wx encrypted: good for showing, not proof enough to bind."""
        return drive(self._deeds.open_data.phone(Secret(session_token), encrypted_data, iv))

    def phone_by_code(self, session_token: str, phone_code: str) -> PhoneNumber:
        """Return the phone number behind the phone button's code, on WeChat's word."""
        return drive(self._deeds.phone.by_code(Secret(session_token), phone_code))

    def bind_by_password(self, session_token: str, username: str, password: str) -> SignedIn:
        """Bind to the directory member that username and password prove; the token rotates."""
        return drive(self._deeds.bind.by_password(Secret(session_token), username, Secret(password)))

    def sign_out(self, session_token: str) -> None:
        """End the session; once more is no fault."""
        drive(self._deeds.sign_out.run(Secret(session_token)))

    def ping(self) -> None:
        """Raise StoreUnavailable unless the stores answer."""
        drive(self._deeds.stores.ping())

    def purge(self) -> int:
        """Forget sessions that ended long ago; return how many."""
        return drive(self._deeds.sessions.purge())
