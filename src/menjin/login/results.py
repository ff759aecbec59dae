"""What the deeds give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
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
        is_new: Whether this login, or binding, made the account.
        phone_error: The code of the error that the login's phone_code met; None if it met none, or there was none.
        user_info: What came beside the login_code, opened; None if none came, or this is an answer given once more.
    """

    session: Session
    session_token: Secret
    expires_in: int
    is_new: bool = False
    phone_error: str | None = None
    user_info: OpenedData | None = field(default=None, repr=False)

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
class UserInfo:
    """A profile; anonymous since 2022, and never a proof of who somebody is.

    Attributes:
        gender: 0 unknown, 1 male, 2 female.
    """

    nick_name: str
    avatar_url: str
    gender: int
    city: str
    province: str
    country: str


@dataclass(frozen=True, slots=True)
class DaySteps:
    """The steps of one day."""

    day: datetime
    steps: int


@dataclass(frozen=True, slots=True)
class WeRun:
    """The steps of the last month, the oldest day first as WeChat gives them."""

    days: tuple[DaySteps, ...]


@dataclass(frozen=True, slots=True)
class ShareInfo:
    """The group a card was shared to."""

    open_gid: str


@dataclass(frozen=True, slots=True)
class GroupEnterInfo:
    """The chat the mini program was opened from."""

    open_gid: str | None
    open_single_room_id: str | None
    group_openid: str | None
    chat_type: int | None


@dataclass(frozen=True, slots=True)
class PrivateMessage:
    """A private message's activity."""

    activity_id: str


OpenDataValue = UserInfo | WeRun | ShareInfo | GroupEnterInfo | PrivateMessage


@dataclass(frozen=True, slots=True)
class OpenedData:
    """What WeChat's key vouches for.

    Attributes:
        data: In WeChat's own names, without openId, unionId and watermark.
        value: The same, typed.
    """

    data: Mapping[str, Any]
    value: OpenDataValue


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
