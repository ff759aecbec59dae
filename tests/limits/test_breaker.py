"""The breaker's state table, on a clock that is turned."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from menjin.limits import breaker
from menjin.limits.breaker import AppState, Held, Outcome, Pass
from menjin.limits.model import UpstreamFigures
from support.clock import START

FIGURES = UpstreamFigures(failures=3)
API = "/sns/jscode2session"


def after(seconds: float) -> datetime:
    """Return a moment."""
    return START + timedelta(seconds=seconds)


def call(state: AppState, outcome: Outcome, at: datetime) -> AppState:
    """Return the state after a call that was let through."""
    state, passed = breaker.admit(state, API, FIGURES, at)
    assert isinstance(passed, Pass)
    return breaker.report(state, passed, outcome, FIGURES, at)


def opened(at: datetime = START) -> AppState:
    """Return a breaker that opened just now."""
    state = AppState()
    for _ in range(3):
        state = call(state, Outcome.FAILED, at)
    return state


def test_failures_in_a_row_open_it_and_it_says_for_how_long() -> None:
    """Three of three; held for five seconds, told to the second."""
    state = opened()
    assert breaker.admit(state, API, FIGURES, after(2))[1] == Held("breaker", timedelta(seconds=3))


def test_an_answer_in_between_begins_anew() -> None:
    """Any answer, be it an errcode of the caller's or the configuration, is proof that WeChat is there."""
    state = AppState()
    for outcome in (Outcome.FAILED, Outcome.FAILED, Outcome.ANSWERED, Outcome.FAILED, Outcome.FAILED, Outcome.UNKNOWN):
        state = call(state, outcome, START)
    assert state.open_until is None


def test_failures_spread_over_long_do_not_open_it() -> None:
    """Three failures in 12 seconds are no outage; three in the last ten are."""
    state = call(call(call(AppState(), Outcome.FAILED, START), Outcome.FAILED, after(6)), Outcome.FAILED, after(12))
    assert state.open_until is None
    assert call(state, Outcome.FAILED, after(15)).open_until == after(20)


def test_one_probe_at_a_time_decides() -> None:
    """Half open, one call goes and others wait; its answer closes, its failure opens anew, its loss frees the place."""
    state, probe = breaker.admit(opened(), API, FIGURES, after(5))
    assert isinstance(probe, Pass)
    assert probe.is_probe
    assert isinstance(breaker.admit(state, API, FIGURES, after(5))[1], Held)
    report = breaker.report
    assert report(state, probe, Outcome.ANSWERED, FIGURES, after(6)) == AppState()
    assert report(state, probe, Outcome.FAILED, FIGURES, after(6)).open_until == after(11)
    left = report(state, probe, Outcome.UNKNOWN, FIGURES, after(6))
    assert breaker.admit(left, API, FIGURES, after(6))[1] == probe
    assert breaker.admit(state, API, FIGURES, after(35))[1] == probe  # never reported: lost


def test_a_late_answer_of_before_decides_nothing() -> None:
    """A call that began before it opened neither closes it nor prolongs it."""
    state = opened()
    for outcome in Outcome:
        assert breaker.report(state, Pass(API), outcome, FIGURES, after(1)) == state


def test_a_day_quota_holds_one_api_with_a_probe_now_and_then() -> None:
    """Held until midnight in Beijing but for one call every five minutes; other APIs go on."""
    state = breaker.hold_day(AppState(), API, timedelta(hours=8), FIGURES, START)
    assert breaker.admit(state, API, FIGURES, after(60))[1] == Held("day_quota", timedelta(hours=8, minutes=-1))
    assert breaker.admit(state, "/other", FIGURES, after(60))[1] == Pass("/other")
    state, probe = breaker.admit(state, API, FIGURES, after(300))
    assert probe == Pass(API, is_day_probe=True)
    assert isinstance(breaker.admit(state, API, FIGURES, after(301))[1], Held)
    assert breaker.report(state, probe, Outcome.ANSWERED, FIGURES, after(301)) == AppState()
    assert breaker.report(state, probe, Outcome.UNKNOWN, FIGURES, after(301)) == state
    assert breaker.admit(state, API, FIGURES, after(8 * 3600)) == (AppState(), Pass(API))


def test_an_operator_is_told_once_a_minute() -> None:
    """By errcode; others have their own minute."""
    state, told = breaker.note_misconfigured(AppState(), 40125, START)
    assert told
    assert not breaker.note_misconfigured(state, 40125, after(59))[1]
    assert breaker.note_misconfigured(state, 40164, after(59))[1]
    assert breaker.note_misconfigured(state, 40125, after(60))[1]


def test_control_a_breaker_that_counts_every_errcode_is_a_weapon() -> None:
    """CONTROL: judged as failures, three bad codes of one caller would shut everybody out; judged rightly, never."""
    wrong = right = AppState()
    for _ in range(3):
        wrong = call(wrong, Outcome.FAILED, START)
        right = call(right, Outcome.ANSWERED, START)
    assert isinstance(breaker.admit(wrong, API, FIGURES, START)[1], Held)
    assert isinstance(breaker.admit(right, API, FIGURES, START)[1], Pass)
    assert replace(right, failures=()) == AppState()
