"""What happened, told to whoever listens: no secret and no personal data in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

from menjin.sessions.model import Session
from menjin.values import AppId, IdentityId, SessionId


@dataclass(frozen=True, slots=True)
class Event:
    """One deed, done.

    Attributes:
        name: signed_in, bound, moved, phone_changed, phone_taken_over, unbound, signed_out, others_ended,
            stepped_up, data_opened, phone_shown, unionid_recorded or unionid_conflict.
        tenant: The division of the business that the login named.
    """

    name: str
    appid: AppId
    session_id: SessionId
    identity_id: IdentityId
    tenant: str | None = None

    @classmethod
    def of(cls, name: str, session: Session) -> Self:
        """Return the event of a deed done in a session."""
        subject = session.subject
        return cls(name, subject.appid, session.session_id, subject.identity_id, subject.tenant)


class Listener(Protocol):
    """Hears of every deed after it is done; it must return at once and never raise."""

    def hear(self, event: Event) -> None:
        """Take note of `event`."""
        ...
