"""A session, its device, and how it may end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from menjin.errors import Fault, RequestInvalid
from menjin.values import AccountId, AppId, IdentityId, OpenId, Secret, SessionId, UnionId

EndReason = Literal["expired", "signed_out", "kicked_out", "replaced", "disabled"]
_LONGEST_WORD = 64
# Control characters, line and paragraph separators, halves of characters: not every database keeps them.
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Device:
    """What the client says of the phone.

    Attributes:
        id: Random, made and kept by the client: 1 to 64 characters.
        label: For the person's eyes: up to 64 characters.

    Raises:
        RequestInvalid: One is longer, the id is empty, or there is a control character or a line break in it.
    """

    id: str
    label: str = ""

    def __post_init__(self) -> None:
        faults = [Fault("device.id", "is empty")] if not self.id else []
        for name, word in (("device.id", self.id), ("device.label", self.label)):
            if len(word) > _LONGEST_WORD:
                faults.append(Fault(name, f"is longer than {_LONGEST_WORD} characters"))
            elif _UNFIT.search(word):
                faults.append(Fault(name, "has a control character or a line break in it"))
        if faults:
            raise RequestInvalid(*faults)


def read_device(id_: str | None, label: str | None) -> Device | None:
    """Return a device as a store kept it; what none could be named today, of older sessions, is left out of it."""
    if id_ is None:
        return None
    return Device(_fit(id_) or "?", _fit(label or ""))


def _fit(word: str) -> str:
    return _UNFIT.sub("", word)[:_LONGEST_WORD]


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
