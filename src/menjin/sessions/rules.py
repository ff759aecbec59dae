"""The life of a session, as pure rules.

::

    issued ── used ──▶ issued            (last_seen_at moves, at most once per `touch_interval`)
       │ rotate ─────▶ issued            (new token; the old one answers session_rotated for 60 s)
       │ idle_timeout or absolute_lifetime over ──▶ expired
       └ sign out · ended from elsewhere · replaced ──▶ ended, with its reason

It follows neither the session_key nor wx.checkSession.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from menjin.apps import DevicePolicy
from menjin.errors import (
    AccountDisabled,
    KickedOut,
    Replaced,
    SessionExpired,
    SessionInvalid,
    SessionRotated,
    SignedOut,
)
from menjin.sessions.model import EndReason, FoundSession, Session

ROTATED_KEPT = timedelta(seconds=60)

_ENDS: dict[EndReason, type[SessionInvalid | AccountDisabled]] = {
    "expired": SessionExpired,
    "signed_out": SignedOut,
    "kicked_out": KickedOut,
    "replaced": Replaced,
    "disabled": AccountDisabled,
}


def judge(found: FoundSession | None, now: datetime) -> Session:
    """Return the live session of a token.

    Raises:
        SessionInvalid: No session, or one of its kinds: expired, rotated, ended and how.
        AccountDisabled: It ended because an operator disabled the account.
    """
    if found is None:
        raise SessionInvalid
    session = found.session
    if session.ended is not None:
        raise refuse(session.ended)
    if now >= session.expires_at:
        raise SessionExpired
    if found.rotated_at is not None:
        raise SessionRotated if now - found.rotated_at < ROTATED_KEPT else SessionInvalid
    return session


def refuse(reason: EndReason) -> SessionInvalid | AccountDisabled:
    """Return the error of a session that ended so."""
    return _ENDS[reason]()


def choose_surplus(live: Sequence[Session], policy: DevicePolicy, max_sessions: int) -> tuple[Session, ...]:
    """Return which of an identity's live sessions must give way, by a rule on which all processes agree.

    The newest stay, whoever asks: two logins at once choose the same ones.
    """
    newest_first = sorted(live, key=lambda session: (session.issued_at, session.session_id), reverse=True)
    if policy == "single":
        return tuple(newest_first[1:])
    seen: set[str] = set()
    kept: list[Session] = []
    surplus: list[Session] = []
    for session in newest_first:
        device_id = session.device.id if session.device is not None else None
        repeated = policy == "one_per_device" and device_id in seen
        (surplus if repeated or len(kept) >= max_sessions else kept).append(session)
        if device_id is not None:
            seen.add(device_id)
    return tuple(surplus)


def touch_interval(idle_timeout: timedelta) -> timedelta:
    """Return how old `last_seen_at` may grow before it is written again."""
    return min(timedelta(hours=1), idle_timeout / 10)


def needs_touch(session: Session, now: datetime) -> bool:
    """Whether this use is worth a write."""
    return now - session.last_seen_at >= touch_interval(session.idle_timeout)
