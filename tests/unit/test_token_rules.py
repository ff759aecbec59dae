"""The access_token's state table, its budgets and its back-off."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menjin import AccessToken, AppId, Secret, TokenFigures
from menjin.access_tokens import rules
from menjin.access_tokens.model import Cause, Record, Spent, State
from menjin.access_tokens.rules import Refused
from menjin.apps import LEGACY, STABLE, TokenMode
from menjin.errors import ConfigurationError
from support.clock import START

FIGURES = TokenFigures()
SECOND = timedelta(seconds=1)
APPID = AppId("wx0123456789abcdef")
MODES: tuple[TokenMode, ...] = (STABLE, LEGACY)


def token(text: str = "50_a", generation: int = 1, at: datetime = START, lasts: float = 7200) -> AccessToken:
    """Return a token obtained `at`."""
    return AccessToken(APPID, Secret(text), generation, at, at + lasts * SECOND)


def fetched(
    mode: TokenMode = STABLE, at: datetime = START, lasts: float = 7200, text: str = "50_a", jitter: float = 0
) -> Record:
    """Return a record whose first token was fetched `at`."""
    begun = begin(None, mode, "cold", at)
    return rules.finish(begun, token(text, 1, at, lasts), mode, at, FIGURES, tag="fetched", jitter=jitter)


def begin(record: Record | None, mode: TokenMode, cause: Cause, now: datetime, *, force: bool = False) -> Record:
    """Return the record with a lease."""
    found = rules.begin(record, mode, cause, now, FIGURES, force=force, tag=f"lease at {now}")
    assert isinstance(found, Record)
    return found


def refused(record: Record | None, mode: TokenMode, cause: Cause, now: datetime) -> Refused:
    """Return why there is no lease."""
    found = rules.begin(record, mode, cause, now, FIGURES, force=False, tag="no")
    assert isinstance(found, Refused)
    return found


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(0, State.FRESH), (6959, State.FRESH), (6960, State.DUE), (7199, State.DUE), (7200, State.EXPIRED)],
)
def test_a_token_is_fresh_then_due_then_expired(seconds: int, state: State) -> None:
    """Due 240 s before its end, expired at it; the limits are exact."""
    assert rules.judge(fetched(), STABLE, START + seconds * SECOND, FIGURES) is state


def test_nothing_is_expired() -> None:
    """An app never asked for has no token."""
    assert rules.judge(None, STABLE, START, FIGURES) is State.EXPIRED
    assert rules.find_usable(None, START, FIGURES) is None


def test_jitter_only_delays() -> None:
    """The full jitter renews 180 s before the end: later than 240 s, when WeChat would give the same token."""
    assert fetched(jitter=1).due_at == START + (7200 - 180) * SECOND
    assert fetched(jitter=0).due_at == START + (7200 - 240) * SECOND


def test_a_slow_answer_moves_the_renewal_never_the_end() -> None:
    """Asked at 0 s, answered at 3: it counts as dead 7200 s after the question, and is due reckoned from the answer."""
    begun = begin(None, STABLE, "cold", START)
    record = rules.finish(begun, token(), STABLE, START + 3 * SECOND, FIGURES, tag="t", jitter=0)
    assert record.token is not None
    assert record.token.expires_at == START + 7200 * SECOND
    assert record.due_at == START + (3 + 6960) * SECOND


def test_a_short_token_is_renewed_at_its_half() -> None:
    """A stable token got near its end lasts less than twice the margin."""
    assert fetched(lasts=400).due_at == START + 200 * SECOND


@pytest.mark.parametrize("mode", MODES)
def test_a_lease_keeps_others_away_until_it_is_over(mode: TokenMode) -> None:
    """Renewing, whatever the token's state; taken over after lease and skew, never before."""
    due = START + 6960 * SECOND
    held = begin(fetched(mode), mode, "due", due)
    over = due + FIGURES.lease + FIGURES.skew
    for now in (due, over - timedelta(microseconds=1)):
        assert rules.judge(held, mode, now, FIGURES) is State.RENEWING
        assert refused(held, mode, "operator", now).why == "renewing"
    assert rules.judge(held, mode, over, FIGURES) is State.DUE
    assert begin(held, mode, "due", over).tag != held.tag


def test_who_sees_an_expired_lease_renews_even_a_fresh_token() -> None:
    """In legacy mode the dead holder's call may have replaced it: it lasts the overlap and no longer."""
    early = START + 100 * SECOND
    dead = begin(fetched(LEGACY), LEGACY, "operator", early)
    later = early + 20 * SECOND
    assert rules.judge(dead, LEGACY, later, FIGURES) is State.DUE
    usable = rules.find_usable(dead, later, FIGURES)
    assert usable is not None
    assert usable.expires_at == early + FIGURES.overlap
    assert rules.find_usable(dead, early + FIGURES.overlap, FIGURES) is None
    taken_over = begin(dead, LEGACY, "due", later)
    assert taken_over.token is not None
    assert taken_over.token.expires_at == early + FIGURES.overlap  # the second intent does not hide the first


def test_in_stable_mode_a_dead_holder_costs_the_token_nothing() -> None:
    """stable_token does not replace a token that is good."""
    early = START + 100 * SECOND
    dead = begin(fetched(), STABLE, "operator", early)
    usable = rules.find_usable(dead, early + 20 * SECOND, FIGURES)
    assert usable is not None
    assert usable.expires_at == START + 7200 * SECOND


@pytest.mark.parametrize("cause", ["due", "cold"])
def test_a_fresh_token_is_not_renewed(cause: Cause) -> None:
    """Who wants to renew and finds it done inside the lease, calls nobody."""
    assert refused(fetched(), STABLE, cause, START + SECOND).why == "fresh"


def test_a_change_of_mode_renews_at_once() -> None:
    """The token of the other mode is good on, and another is fetched."""
    assert rules.judge(fetched(STABLE), LEGACY, START + SECOND, FIGURES) is State.DUE
    assert rules.find_usable(fetched(STABLE), START + SECOND, FIGURES) is not None


def test_a_new_token_is_a_new_generation() -> None:
    """One more; the same token keeps its own, with the later end."""
    due = START + 6960 * SECOND
    begun = begin(fetched(), STABLE, "due", due)
    other = rules.finish(begun, token("50_b", 9, due), STABLE, due, FIGURES, tag="t", jitter=0)
    assert other.token == token("50_b", 2, due)
    assert (other.lease, other.trouble, other.last_cause) == (None, None, "due")
    same = rules.finish(begun, token("50_a", 9, due, 239), STABLE, due, FIGURES, tag="t", jitter=0)
    assert same.token == token("50_a", 1, START)


def test_the_same_token_again_is_looked_at_120_s_before_its_end_then_ever_closer() -> None:
    """An unchanged answer is no failure."""
    record, now = fetched(), START + 6960 * SECOND
    looks = []
    for _ in range(5):
        begun = begin(record, STABLE, "due", now)
        left = (START + 7200 * SECOND - now) / SECOND
        record = rules.finish(begun, token(at=now, lasts=left), STABLE, now, FIGURES, tag="t", jitter=0)
        assert record.trouble is None
        now = record.due_at
        looks.append((START + 7200 * SECOND - now) / SECOND)
    assert looks == [120, 60, 30, 15, 7.5]


def test_an_unchanged_token_before_its_margin_is_renewed_at_its_margin() -> None:
    """An operator's renewal of a stable token that is good for long changes nothing."""
    begun = begin(fetched(), STABLE, "operator", START + 100 * SECOND)
    now = START + 100 * SECOND
    record = rules.finish(begun, token(at=now, lasts=7100), STABLE, now, FIGURES, tag="t", jitter=0)
    assert record.due_at == START + 6960 * SECOND


def test_ten_calls_a_minute_and_no_more() -> None:
    """The next minute begins anew; an operator is no exception."""
    record = Record("t", STABLE)
    for _ in range(FIGURES.per_minute):
        record = replace(begin(record, STABLE, "operator", START), lease=None)
    found = refused(record, STABLE, "operator", START + 30 * SECOND)
    assert (found.why, found.retry_after) == ("budget", 30 * SECOND)
    begin(record, STABLE, "operator", START + 60 * SECOND)


def test_a_day_is_a_beijing_day() -> None:
    """The day's budget begins anew at midnight in Beijing, 16:00 UTC; an operator may go beyond."""
    spent = rules.count_today(Spent(), START)
    record = Record("t", STABLE, spent=replace(spent, in_day=FIGURES.per_day))
    found = refused(record, STABLE, "cold", START)
    assert found.why == "budget"
    assert START + found.retry_after == START.replace(hour=16, minute=0)
    begin(record, STABLE, "cold", START.replace(hour=16))
    begin(record, STABLE, "operator", START)


def test_replacements_on_report_are_a_minute_apart_and_six_a_day() -> None:
    """In legacy mode they are a minute apart."""
    record = begin(fetched(), STABLE, "report", START, force=True)
    assert not rules.may_force(record.spent, STABLE, START + 59 * SECOND, FIGURES)
    assert rules.may_force(record.spent, STABLE, START + 60 * SECOND, FIGURES)
    six = replace(record.spent, forced=6)
    assert not rules.may_force(six, STABLE, START + 3600 * SECOND, FIGURES)
    assert rules.may_force(six, LEGACY, START + 3600 * SECOND, FIGURES)
    assert rules.may_force(six, STABLE, START + timedelta(days=1), FIGURES)


def test_the_pause_doubles_up_to_its_ceiling() -> None:
    """1, 2, 4 … 32, then 60 s; a kind of failure may ask for more."""
    trouble, pauses = None, []
    for _ in range(9):
        trouble = rules.find_trouble(trouble, 0, START, FIGURES)
        pauses.append((trouble.retry_at - START) / SECOND)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert rules.find_trouble(None, 40125, START, FIGURES, least=300 * SECOND).retry_at == START + 300 * SECOND


def test_in_trouble_only_an_operator_calls() -> None:
    """Until the pause is over; then anybody."""
    failed = rules.fail(
        begin(None, STABLE, "cold", START),
        rules.find_trouble(None, 0, START, FIGURES),
        FIGURES,
        tag="failed",
        may_have_acted=False,
    )
    assert refused(failed, STABLE, "cold", START) == Refused("trouble", SECOND)
    begin(failed, STABLE, "operator", START)
    begin(failed, STABLE, "cold", START + SECOND)


@pytest.mark.parametrize(("may_have_acted", "lasts"), [(True, 400), (False, 7200)])
def test_a_lost_legacy_call_may_have_replaced_the_token(*, may_have_acted: bool, lasts: int) -> None:
    """Then the token lasts the overlap from the call's beginning, and is due; else it lasts on."""
    early = START + 100 * SECOND
    begun = begin(fetched(LEGACY), LEGACY, "operator", early)
    failed = rules.fail(begun, None, FIGURES, tag="t", may_have_acted=may_have_acted)
    assert failed.token is not None
    assert failed.token.expires_at == START + lasts * SECOND
    assert (rules.judge(failed, LEGACY, early + SECOND, FIGURES) is State.DUE) is may_have_acted


def test_a_late_call_dooms_the_token_of_whoever_was_faster() -> None:
    """It lasts the overlap from the late call on, and is due at once."""
    late = START + 100 * SECOND
    doomed = rules.doom(fetched(LEGACY), late, FIGURES, tag="t")
    assert doomed.token is not None
    assert doomed.token.expires_at == late + FIGURES.overlap
    assert rules.judge(doomed, LEGACY, late, FIGURES) is State.DUE


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("lease", 180), ("skew", 171), ("margin", 300), ("second_look", 200), ("deadline", 6), ("cold_wait", 0)],
)
def test_figures_that_would_serve_a_dead_token_are_refused(name: str, seconds: int) -> None:
    """Lease < margin < overlap, jitter and skew included; a call ends within half a lease."""
    with pytest.raises(ConfigurationError):
        TokenFigures(**{name: seconds * SECOND})  # type: ignore[arg-type] # the times are meant


def serves_the_dead(steps: list[tuple[int, str]], figures: TokenFigures) -> bool:
    """Walk through renewals; return whether the rules ever call a token usable that WeChat refuses.

    Args:
        steps: Seconds that pass, then what a holder does: it takes the lease and dies, its call goes out and it
            dies, WeChat's answer is lost, or all goes well.
        figures: The centre's; WeChat's overlap is 300 s whatever they say.
    """
    now, record, number = START, None, 0
    ends: dict[str, datetime] = {}
    for seconds, what in steps:
        now += seconds * SECOND
        begun = rules.begin(record, LEGACY, "operator", now, figures, force=False, tag=f"{number}")
        if not isinstance(begun, Refused):
            number += 1
            if what != "take":  # the call goes out: WeChat makes a token, and the others last the overlap
                ends = {text: min(end, now + 300 * SECOND) for text, end in ends.items()}
                ends[f"50_{number}"] = now + 7200 * SECOND
            record = begun
            if what == "finish":
                fresh = token(f"50_{number}", 1, now)
                record = rules.finish(begun, fresh, LEGACY, now, figures, tag=f"f{number}", jitter=0.5)
            elif what == "lose":
                record = rules.fail(begun, None, figures, tag=f"f{number}", may_have_acted=True)
        usable = rules.find_usable(record, now, figures)
        if usable is not None and now >= ends[usable.value.reveal()]:
            return True
    return False


_STEPS = st.lists(st.tuples(st.integers(1, 4000), st.sampled_from(["take", "finish", "lose", "die"])), max_size=40)


@given(_STEPS)
def test_whatever_happens_a_usable_legacy_token_is_alive(steps: list[tuple[int, str]]) -> None:
    """However holders finish, fail and die, what the rules call usable is what WeChat still takes."""
    assert not serves_the_dead(steps, FIGURES)


@pytest.mark.parametrize("what", ["die", "lose"])
def test_control_without_the_intent_a_dead_token_is_served(what: str) -> None:
    """CONTROL: rules that do not shorten a token's life when a call may have gone out serve a dead one."""
    steps = [(1, "finish"), (1000, what), (301, "take")]
    blind = TokenFigures(overlap=7200 * SECOND)  # so long a life is no shorter one
    assert serves_the_dead(steps, blind)
    assert not serves_the_dead(steps, FIGURES)
