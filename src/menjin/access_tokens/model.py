"""What is known of an app's access_token: the token itself, who renews it, what was spent, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Literal

from menjin.apps import TokenMode
from menjin.values import AppId, Secret

Cause = Literal["cold", "due", "report", "operator", "store_down"]
Outcome = Literal["new", "unchanged", "good", "refused", "lost", "fenced", "held_back"]
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """WeChat's API credential of an app.

    Attributes:
        generation: Grows by at least one with each new token of the app; the same token keeps its own.
        obtained_at: Just before WeChat was asked for it.
        expires_at: WeChat's own end; earlier if a call whose answer was lost may have replaced it.
    """

    appid: AppId
    value: Secret
    generation: int
    obtained_at: datetime
    expires_at: datetime

    def expires_in(self, now: datetime) -> timedelta:
        """Return how long it still lasts; never less than nothing."""
        return max(self.expires_at - now, timedelta(0))


@dataclass(frozen=True, slots=True)
class Lease:
    """Somebody is renewing, or died over it. Kept before the call goes out, so it is the call's durable intent too.

    Attributes:
        until: Nobody else begins before; its holder sends nothing after.
    """

    cause: Cause
    began_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Spent:
    """Calls for a token, counted before they go out.

    Attributes:
        minute: Which minute `in_minute` counts, since 1970.
        day: Which Beijing day `in_day` and `forced` count, since 1970.
        forced: Calls that replaced the token on report.
        forced_at: The last of them.
    """

    minute: int = 0
    in_minute: int = 0
    day: int = 0
    in_day: int = 0
    forced: int = 0
    forced_at: datetime = LONG_AGO


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the last calls for a token failed, and when the next may go.

    Attributes:
        errcode: WeChat's; 0 if it did not answer.
        rid: WeChat's request id, or None.
        failures: In a row.
        retry_at: No call before.
    """

    errcode: int
    rid: str | None
    failures: int
    since: datetime
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """All that the processes share about one app's access_token.

    Attributes:
        tag: The fence: another text after every change, and a change names the tag it was made from.
        mode: How `token` was asked for.
        due_at: When it is to be renewed.
        checked_at: When WeChat last took it, after a report that it was bad.
        last_cause: Why it was renewed last.
    """

    tag: str
    mode: TokenMode
    token: AccessToken | None = None
    due_at: datetime = LONG_AGO
    lease: Lease | None = None
    spent: Spent = field(default_factory=Spent)
    trouble: Trouble | None = None
    checked_at: datetime = LONG_AGO
    last_cause: Cause | None = None


class State(Enum):
    """Where an app's token stands; the rules' state table."""

    FRESH = "fresh"
    DUE = "due"
    EXPIRED = "expired"
    RENEWING = "renewing"


class ReportOutcome(Enum):
    """What came of a report that WeChat refused a token."""

    NOT_CURRENT = "not_current"  # replaced already: take the current one
    GOOD = "good"  # WeChat takes it: nothing was done
    RENEWED = "renewed"  # replaced just now
    HELD_BACK = "held_back"  # may be bad, but no call is allowed, or none helped


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """For operators: no secret in it."""

    appid: AppId
    mode: TokenMode
    state: State
    generation: int | None
    obtained_at: datetime | None
    expires_at: datetime | None
    due_at: datetime | None
    last_cause: Cause | None
    calls_today: int
    forced_today: int
    failures: int
    errcode: int | None
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Renewal:
    """One attempt to renew, for metrics.

    Attributes:
        took: From taking the lease to the end.
    """

    appid: AppId
    mode: TokenMode
    cause: Cause
    outcome: Outcome
    took: timedelta
