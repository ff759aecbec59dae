"""When calls to WeChat are held back: a state table, by app. Pure.

====================  =========================================================================
closed                every call goes; `failures` in a row, all `within`, open it
open                  no call goes for `hold`
half open             one call goes as a probe: an answer closes it, a failure opens it anew
a day quota used up   that API's calls are held until it begins anew, but for a probe now and then
====================  =========================================================================

An answer is an answer whatever its errcode: a wrong code, a person's minute limit (45011) or a misconfigured app
(40013, 40125 …) say that WeChat is there. Only no answer, or -1, is a failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

from menjin.limits.model import UpstreamFigures

_ALERT_EVERY = timedelta(minutes=1)
_WHILE_PROBING = timedelta(seconds=1)


class Outcome(Enum):
    """What became of a call; UNKNOWN if its caller left before it was over."""

    ANSWERED = "answered"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DayHold:
    """An API whose day quota is used up."""

    until: datetime
    next_probe_at: datetime


@dataclass(frozen=True, slots=True)
class AppState:
    """What is known of an app's calls.

    Attributes:
        failures: The moments of the failures in a row, the newest last.
        open_until: None while closed; once it has passed, half open.
        probe_until: While a probe is out.
        holds: By API.
        alerted_at: By errcode of a misconfiguration.
    """

    failures: tuple[datetime, ...] = ()
    open_until: datetime | None = None
    probe_until: datetime | None = None
    holds: Mapping[str, DayHold] = field(default_factory=dict)
    alerted_at: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pass:
    """The call may go.

    Attributes:
        api: Which is called.
        is_probe: Its outcome decides whether the breaker closes.
        is_day_probe: Its answer ends the hold of its API, unless it is 45009 again.
    """

    api: str
    is_probe: bool = False
    is_day_probe: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """The call may not go."""

    why: Literal["breaker", "day_quota"]
    retry_after: timedelta


def admit(state: AppState, api: str, figures: UpstreamFigures, now: datetime) -> tuple[AppState, Pass | Held]:
    """Return whether a call may go now, and the state if it does."""
    hold = state.holds.get(api)
    if hold is not None and now < hold.until and now < hold.next_probe_at:
        return state, Held("day_quota", hold.until - now)
    if state.open_until is not None and now < state.open_until:
        return state, Held("breaker", state.open_until - now)
    if state.probe_until is not None and now < state.probe_until:
        return state, Held("breaker", min(_WHILE_PROBING, state.probe_until - now))
    is_probe = state.open_until is not None
    if is_probe:
        state = replace(state, probe_until=now + figures.probe_lease)
    if hold is not None and now < hold.until:
        state = _with_hold(state, api, DayHold(hold.until, now + figures.day_probe_every))
        return state, Pass(api, is_probe, is_day_probe=True)
    return _with_hold(state, api, None), Pass(api, is_probe)


def report(state: AppState, passed: Pass, outcome: Outcome, figures: UpstreamFigures, now: datetime) -> AppState:
    """Return the state after a call that was let through."""
    if passed.is_day_probe and outcome is Outcome.ANSWERED:
        state = _with_hold(state, passed.api, None)
    if passed.is_probe:
        return _after_probe(state, outcome, figures, now)
    if state.open_until is not None or outcome is Outcome.UNKNOWN:
        return state  # a call that began before it opened decides nothing
    if outcome is Outcome.ANSWERED:
        return replace(state, failures=())
    failures = (*state.failures, now)[-figures.failures :]
    if len(failures) == figures.failures and now - failures[0] <= figures.within:
        return replace(state, failures=(), open_until=now + figures.hold)
    return replace(state, failures=failures)


def hold_day(state: AppState, api: str, retry_after: timedelta, figures: UpstreamFigures, now: datetime) -> AppState:
    """Return the state after WeChat said that an API's day quota is used up."""
    return _with_hold(state, api, DayHold(now + retry_after, now + figures.day_probe_every))


def note_misconfigured(state: AppState, errcode: int, now: datetime) -> tuple[AppState, bool]:
    """Return the state, and whether an operator is to be told now: once a minute."""
    last = state.alerted_at.get(errcode)
    if last is not None and last <= now < last + _ALERT_EVERY:
        return state, False
    return replace(state, alerted_at={**state.alerted_at, errcode: now}), True


def _after_probe(state: AppState, outcome: Outcome, figures: UpstreamFigures, now: datetime) -> AppState:
    if outcome is Outcome.ANSWERED:
        return replace(state, failures=(), open_until=None, probe_until=None)
    if outcome is Outcome.FAILED:
        return replace(state, open_until=now + figures.hold, probe_until=None)
    return replace(state, probe_until=None)


def _with_hold(state: AppState, api: str, hold: DayHold | None) -> AppState:
    if hold is None and api not in state.holds:
        return state
    others = {name: held for name, held in state.holds.items() if name != api}
    return replace(state, holds=others if hold is None else {**others, api: hold})
