"""A session, its device, and how it may end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from menjin.values import AccountId, AppId, IdentityId, OpenId, Secret, SessionId, UnionId

EndReason = Literal["expired", "signed_out", "kicked_out", "replaced", "disabled"]


@dataclass(frozen=True, slots=True)
class Device:
    """What the client says of the phone: a random id it made, and a label for the person's eyes."""

    id: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class BoundAccount:
    """The account a session speaks for: our id, its id in the business's own system, and its number, masked."""

    id: AccountId
    external_id: str | None
    phone_masked: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose session it is: the identity WeChat vouched for, the account, if bound, and the tenant the login named."""

    appid: AppId
    openid: OpenId
    identity_id: IdentityId
    unionid: UnionId | None
    account: BoundAccount | None
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One login state.

    Attributes:
        authenticated_at: When the person last proved who they are.
        idle_timeout: Unused for so long, it expires.
        ends_at: Its absolute end.
    """

    session_id: SessionId
    subject: Subject
    device: Device | None
    issued_at: datetime
    last_seen_at: datetime
    authenticated_at: datetime
    idle_timeout: timedelta
    ends_at: datetime
    ended: EndReason | None = None

    @property
    def expires_at(self) -> datetime:
        """The end that comes first, idle or absolute."""
        return min(self.last_seen_at + self.idle_timeout, self.ends_at)


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """A session with its token, which is shown once."""

    session: Session
    session_token: Secret


@dataclass(frozen=True, slots=True)
class FoundSession:
    """What a store knows of a token's hash.

    Attributes:
        rotated_at: When this token was replaced by another of the same session; None if it is the current one.
    """

    session: Session
    rotated_at: datetime | None = None
