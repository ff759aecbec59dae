"""The counting rule and the memory of counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menjin.adapters.counters import MemoryCounters
from menjin.bridge import drive
from menjin.clock import from_micros
from menjin.limits import rules
from menjin.limits.keys import KeyMaker, fold_name
from menjin.limits.model import Rate
from menjin.values import Secret
from support.clock import START

SECOND = 1_000_000
RATES = st.builds(
    Rate, st.integers(1, 7), st.sampled_from([timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)])
)
STEPS = st.lists(st.floats(0, 0.7), min_size=1, max_size=60)


def moments(rate: Rate, steps: list[float]) -> list[int]:
    """Return moments that lie fractions of a window apart."""
    at, found = 10**15, []
    for step in steps:
        at += int(step * rate.window.total_seconds() * SECOND)
        found.append(at)
    return found


def most_in_any_window(taken: list[int], rate: Rate) -> int:
    """Return the most moments that lie in one half-open window."""
    length = rate.window // timedelta(microseconds=1)
    return max((sum(start <= at < start + length for at in taken) for start in taken), default=0)


@given(RATES, STEPS)
def test_never_more_than_most_in_any_window(rate: Rate, steps: list[float]) -> None:
    """Whatever the times, no stretch as long as the window holds more hits than allowed."""
    window: rules.Window = ()
    taken = []
    for at in moments(rate, steps):
        if rules.wait(window, rate, at) is None:
            window = rules.add(window, rate, at)
            taken.append(at)
    assert most_in_any_window(taken, rate) <= rate.most
    assert len(window) <= 61


def test_control_a_fixed_window_lets_twice_as_many_through() -> None:
    """CONTROL: counting by the minute of the clock fails the same judgement."""
    rate, counts, taken = Rate(5, timedelta(minutes=1)), dict[int, int](), []
    for at in [59 * SECOND] * 5 + [61 * SECOND] * 5:
        if counts.get(at // (60 * SECOND), 0) < rate.most:
            counts[at // (60 * SECOND)] = counts.get(at // (60 * SECOND), 0) + 1
            taken.append(at)
    assert most_in_any_window(taken, rate) > rate.most


@given(RATES, STEPS)
def test_retry_after_is_honest(rate: Rate, steps: list[float]) -> None:
    """Refused until a microsecond before, allowed at the moment named, at most a sixtieth over a window away."""
    window: rules.Window = ()
    for at in moments(rate, steps):
        left = rules.wait(window, rate, at)
        if left is None:
            window = rules.add(window, rate, at)
            continue
        later = at + left // timedelta(microseconds=1)
        assert rules.wait(window, rate, later) is None
        assert rules.wait(window, rate, later - 1) is not None
        assert left <= rate.window * 61 / 60


@given(RATES, STEPS, st.integers(1, 10**13))
def test_a_clock_turned_back_locks_nobody_for_longer(rate: Rate, steps: list[float], back: int) -> None:
    """After the clock went back, the wait is still no longer than a window and a sixtieth."""
    window: rules.Window = ()
    for at in moments(rate, steps):
        window = rules.add(window, rate, at)
    left = rules.wait(window, rate, at - back)
    assert left is None or left <= rate.window * 61 / 60


def test_what_is_taken_back_does_not_count() -> None:
    """A hit taken back frees its place; one that was over already changes nothing."""
    counters, rate = MemoryCounters(), Rate(1, timedelta(minutes=1))
    assert drive(counters.hit("a:1", rate, START)) is None
    assert drive(counters.hit("a:1", rate, START)) is not None
    drive(counters.take_back("a:1", rate, START))
    drive(counters.take_back("a:none", rate, START))
    assert drive(counters.peek("a:1", rate, START)) is None
    assert drive(counters.hit("a:1", rate, START)) is None


def test_memory_is_bounded_by_kind_and_cleans_itself(caplog: pytest.LogCaptureFixture) -> None:
    """A flood of one kind stays within its share and touches no other; what is over goes by itself."""
    counters, rate = MemoryCounters(most_keys=100), Rate(1, timedelta(minutes=1))
    drive(counters.hit("password:p", rate, START))
    for number in range(1000):
        drive(counters.hit(f"address:{number}", rate, START))
    assert len(counters) == 101
    assert drive(counters.peek("password:p", rate, START)) is not None
    assert len(caplog.records) == 1  # and none of the next 899 evictions of the minute
    later = START + timedelta(minutes=2)
    for number in range(100):
        drive(counters.hit(f"address:new{number}", rate, later))
    assert len(counters) <= 102


def test_names_of_counters_tell_nothing() -> None:
    """A key holds no username; another installation's key differs; parts cannot be shifted; spellings are one."""
    ours, theirs = KeyMaker(Secret("a")), KeyMaker(Secret("b"))
    assert "ming" not in ours.make("password", "ming")
    assert ours.make("password", "ming") != theirs.make("password", "ming")
    assert ours.make("k", "ab", "c") != ours.make("k", "a", "bc")
    assert fold_name(" Míng\u200b") == fold_name("ＭＩＮＧ") == "ming"
    assert fold_name("张三") == "张三"
    assert from_micros(0) < START
