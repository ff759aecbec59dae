"""When an access_token is renewed, and by whom: a state table over one record. Pure.

=========  ===========================================  ====================================================
state      when                                         what a process does
=========  ===========================================  ====================================================
fresh      before `due_at`                              serves it
due        from `due_at` to the end                     serves it; whoever takes the lease renews
expired    no token, or past its end                    waits, in bounds; whoever takes the lease renews
renewing   a lease is held, whatever the token's state  serves the token if it is not past its end, else waits
=========  ===========================================  ====================================================

Three things together keep legacy mode, in which every call kills the token before, from serving a dead one: the
lease is kept before the call and so is its intent (a call that may have gone out ends the token's life `overlap`
later); nothing is sent once the lease is old; and a result is taken only under the tag of its lease: the fence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from menjin.access_tokens.figures import TokenFigures
from menjin.access_tokens.model import AccessToken, Cause, Lease, Record, Spent, State, Trouble
from menjin.apps import LEGACY, TokenMode

_BEIJING = timedelta(hours=8)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Refused:
    """No call now."""

    why: Literal["fresh", "renewing", "trouble", "budget"]
    retry_after: timedelta


def find_end(record: Record, token: AccessToken, figures: TokenFigures) -> datetime:
    """Return when the token ends at the latest; in legacy mode a call that is out may have replaced it already."""
    if record.lease is None or record.mode != LEGACY:
        return token.expires_at
    return min(token.expires_at, record.lease.began_at + figures.overlap)


def find_usable(record: Record | None, now: datetime, figures: TokenFigures) -> AccessToken | None:
    """Return the token if it is not past its end."""
    if record is None or record.token is None:
        return None
    end = find_end(record, record.token, figures)
    if now >= end:
        return None
    return record.token if end == record.token.expires_at else replace(record.token, expires_at=end)


def is_leased(record: Record, now: datetime, figures: TokenFigures) -> bool:
    """Whether somebody may be renewing."""
    return record.lease is not None and now < record.lease.until + figures.skew


def judge(record: Record | None, mode: TokenMode, now: datetime, figures: TokenFigures) -> State:
    """Return where the token stands."""
    if record is not None and is_leased(record, now, figures):
        return State.RENEWING
    if find_usable(record, now, figures) is None:
        return State.EXPIRED
    is_due = record is None or now >= record.due_at or record.mode != mode or record.lease is not None
    return State.DUE if is_due else State.FRESH


def begin(
    record: Record | None,
    mode: TokenMode,
    cause: Cause,
    now: datetime,
    figures: TokenFigures,
    *,
    force: bool,
    tag: str,
    patient: bool = True,
) -> Record | Refused:
    """Return the record with a lease and the call counted, or why there is to be no call.

    Args:
        record: As it is kept now.
        mode: The app's.
        cause: `due` and `cold` renew only what is not fresh.
        now: The moment.
        figures: The centre's.
        force: Whether the token is to be replaced although it is good for a while.
        tag: A new one.
        patient: Whether the pause after a failed call is kept; an operator is not held to it either.
    """
    state = judge(record, mode, now, figures)
    if state is State.RENEWING and record is not None and record.lease is not None:
        return Refused("renewing", record.lease.until + figures.skew - now)
    if state is State.FRESH and cause in {"due", "cold"}:
        return Refused("fresh", timedelta(0))
    found = record or Record(tag, mode)
    if patient and found.trouble is not None and now < found.trouble.retry_at and cause != "operator":
        return Refused("trouble", found.trouble.retry_at - now)
    spent = _count(found.spent, cause, now, figures, force=force)
    if isinstance(spent, Refused):
        return spent
    # A token whose life a dead holder's call may have cut short stays cut short.
    token = found.token
    if token is not None:
        token = replace(token, expires_at=find_end(found, token, figures))
    return replace(found, tag=tag, token=token, lease=Lease(cause, now, now + figures.lease), spent=spent)


def may_force(spent: Spent, mode: TokenMode, now: datetime, figures: TokenFigures) -> bool:
    """Whether a token may be replaced on report now; in legacy mode each day's budget is the only other bound."""
    today = spent.forced if spent.day == _to_day(now) else 0
    return now >= spent.forced_at + figures.force_spacing and (mode == LEGACY or today < figures.forced_per_day)


def finish(
    record: Record,
    fresh: AccessToken,
    mode: TokenMode,
    now: datetime,
    figures: TokenFigures,
    *,
    tag: str,
    jitter: float,
) -> Record:
    """Return the record once WeChat has answered.

    Args:
        record: With our lease.
        fresh: The token WeChat gave; its generation is of no account.
        mode: How it was asked for.
        now: The moment.
        figures: The centre's.
        tag: A new one.
        jitter: From 0 to 1.
    """
    cause = record.lease.cause if record.lease is not None else record.last_cause
    ended = replace(record, tag=tag, mode=mode, lease=None, trouble=None, last_cause=cause)
    if record.token is not None and record.token.value == fresh.value:
        token = replace(record.token, expires_at=max(fresh.expires_at, record.token.expires_at))
        return replace(ended, token=token, due_at=_look_again(fresh.expires_at, now, figures))
    generation = record.token.generation + 1 if record.token is not None else fresh.generation
    # Its life began between question and answer: it ends no earlier than reckoned from the one, and WeChat has another
    # no later than reckoned from the other.
    lifetime = fresh.expires_at - fresh.obtained_at
    early = min(figures.margin - jitter * figures.jitter, lifetime / 2)
    return replace(ended, token=replace(fresh, generation=generation), due_at=now + lifetime - early)


def fail(record: Record, trouble: Trouble | None, figures: TokenFigures, *, tag: str, may_have_acted: bool) -> Record:
    """Return the record after a call that gave no token.

    Args:
        record: With our lease.
        trouble: What went wrong; None if nothing was sent.
        figures: The centre's.
        tag: A new one.
        may_have_acted: Whether WeChat may have made a new token all the same.
    """
    token = record.token
    if token is not None and may_have_acted:
        token = replace(token, expires_at=find_end(record, token, figures))
    due_at = record.lease.began_at if record.lease is not None and may_have_acted else record.due_at
    return replace(record, tag=tag, token=token, lease=None, trouble=trouble, due_at=min(due_at, record.due_at))


def release(record: Record, before: Record, *, tag: str, checked_at: datetime | None = None) -> Record:
    """Return the record without our lease and with the call not counted: none was sent for a token."""
    checked_at = checked_at or record.checked_at
    return replace(record, tag=tag, lease=None, spent=before.spent, checked_at=checked_at, trouble=before.trouble)


def doom(record: Record, sent_at: datetime, figures: TokenFigures, *, tag: str) -> Record:
    """Return the record after a late call of legacy mode that may have killed its token."""
    if record.token is None:
        return record
    end = min(record.token.expires_at, sent_at + figures.overlap)
    return replace(record, tag=tag, token=replace(record.token, expires_at=end), due_at=min(record.due_at, sent_at))


def find_trouble(
    before: Trouble | None,
    errcode: int,
    now: datetime,
    figures: TokenFigures,
    *,
    rid: str | None = None,
    least: timedelta = timedelta(0),
) -> Trouble:
    """Return the trouble after one more failed call: the pause doubles up to its ceiling, and is never below `least`.

    Args:
        before: That of the call before, if it failed too.
        errcode: WeChat's, or 0.
        now: The moment.
        figures: The centre's.
        rid: WeChat's request id.
        least: What this kind of failure asks for.
    """
    failures = before.failures + 1 if before is not None else 1
    pause = min(figures.back_off * 2 ** min(failures - 1, 30), figures.back_off_ceiling)
    since = before.since if before is not None else now
    return Trouble(errcode, rid, failures, since, now + max(pause, least))


def count_today(spent: Spent, now: datetime) -> Spent:
    """Return the counts of this minute and this Beijing day."""
    minute, day = _to_minute(now), _to_day(now)
    in_minute = spent.in_minute if spent.minute == minute else 0
    if spent.day != day:
        return Spent(minute, in_minute, day, 0, 0, spent.forced_at)
    return replace(spent, minute=minute, in_minute=in_minute)


def _count(spent: Spent, cause: Cause, now: datetime, figures: TokenFigures, *, force: bool) -> Spent | Refused:
    today = count_today(spent, now)
    if today.in_minute >= figures.per_minute:
        return Refused("budget", (today.minute + 1) * _MINUTE + _EPOCH - now)
    if today.in_day >= figures.per_day and cause != "operator":
        return Refused("budget", (today.day + 1) * _DAY - _BEIJING + _EPOCH - now)
    counted = replace(today, in_minute=today.in_minute + 1, in_day=today.in_day + 1)
    return replace(counted, forced=today.forced + 1, forced_at=now) if force else counted


def _look_again(end: datetime, now: datetime, figures: TokenFigures) -> datetime:
    """Return when to ask again, if WeChat gave the token in use: at the second look, then ever closer to the end."""
    if now < end - figures.margin:
        return end - figures.margin
    return max(end - figures.second_look, now + max((end - now) / 2, figures.back_off))


def _to_minute(now: datetime) -> int:
    return (now - _EPOCH) // _MINUTE


def _to_day(now: datetime) -> int:
    return (now + _BEIJING - _EPOCH) // _DAY
