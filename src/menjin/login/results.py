"""What the deeds give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from menjin.sessions.model import BoundAccount, Session
from menjin.values import Secret

Binding = Literal["bound", "required"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A login, or a binding, with the token to use from now on.

    Attributes:
        session_token: Shown once; give it to the client and forget it.
        expires_in: Whole seconds until the session expires if unused.
        is_new: Whether this login made the account.
    """

    session: Session
    session_token: Secret
    expires_in: int
    is_new: bool = False

    @property
    def account(self) -> BoundAccount | None:
        """The account, or None while unbound."""
        return self.session.subject.account

    @property
    def binding(self) -> Binding:
        """`required` while the session has no account."""
        return read_binding(self.session)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request is.

    Attributes:
        expires_in: Whole seconds until the session expires if unused.
    """

    session: Session
    expires_in: int

    @property
    def account(self) -> BoundAccount | None:
        """The account, or None while unbound."""
        return self.session.subject.account

    @property
    def binding(self) -> Binding:
        """`required` while the session has no account."""
        return read_binding(self.session)


@dataclass(frozen=True, slots=True)
class OpenedData:
    """User info that WeChat's key vouches for: WeChat's own names, without ids and watermark."""

    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A phone number.

    Attributes:
        phone_number: E.164, such as `+8613800138000`.
        country_code: Digits, such as `86`.
        national_number: Digits, without the country code.
    """

    phone_number: str
    country_code: str
    national_number: str

    def __repr__(self) -> str:
        return f"PhoneNumber('+{self.country_code}…{self.national_number[-2:]}')"


def read_binding(session: Session) -> Binding:
    """Return whether the session has an account or needs one."""
    return "required" if session.subject.account is None else "bound"
