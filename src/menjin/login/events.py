"""What happened, told to whoever listens: no secret and no personal data in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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


class Listener(Protocol):
    """Hears of every deed after it is done; it must return at once and never raise."""

    def hear(self, event: Event) -> None:
        """Take note of `event`."""
        ...
