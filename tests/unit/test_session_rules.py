"""The life of a session, cell by cell."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menjin.clock import SystemRandomness
from menjin.errors import KickedOut, Replaced, SessionExpired, SessionInvalid, SessionRotated, SignedOut
from menjin.sessions.model import Device, EndReason, FoundSession, Session, Subject
from menjin.sessions.rules import ROTATED_KEPT, choose_surplus, judge, needs_touch, touch_interval
from menjin.sessions.token import hash_token, make_token, read_slot
from menjin.values import AppId, IdentityId, OpenId, Secret, SessionId
from support.clock import START

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
SESSION = Session(
    session_id=SessionId("ses_1"),
    subject=Subject(AppId("wx1"), OpenId("o1"), IdentityId("idn_1"), None, None),
    device=None,
    issued_at=START,
    last_seen_at=START,
    authenticated_at=START,
    idle_timeout=7 * 24 * HOUR,
    ends_at=START + 30 * 24 * HOUR,
)
ENDS: list[tuple[EndReason, type[SessionInvalid]]] = [
    ("expired", SessionExpired),
    ("signed_out", SignedOut),
    ("kicked_out", KickedOut),
    ("replaced", Replaced),
]


def refusal(found: FoundSession | None, after: timedelta) -> type[SessionInvalid] | None:
    """Return the very type of the refusal at a moment, or None if the session lives."""
    try:
        judge(found, START + after)
    except SessionInvalid as error:
        return type(error)
    return None


def test_a_live_session_is_returned_until_its_idle_end() -> None:
    """To the microsecond."""
    end = SESSION.idle_timeout
    assert judge(FoundSession(SESSION), START) == SESSION
    assert refusal(FoundSession(SESSION), end - TICK) is None
    assert refusal(FoundSession(SESSION), end) is SessionExpired


def test_the_absolute_end_comes_whatever_the_use() -> None:
    """Seen a moment ago, and over all the same."""
    end = SESSION.ends_at - START
    seen = FoundSession(replace(SESSION, last_seen_at=SESSION.ends_at - TICK))
    assert refusal(seen, end - TICK) is None
    assert refusal(seen, end) is SessionExpired


@pytest.mark.parametrize(("reason", "error"), ENDS)
def test_each_end_says_how(reason: EndReason, error: type[SessionInvalid]) -> None:
    """Before and after the session's own end, by the current and a rotated token."""
    ended = replace(SESSION, ended=reason)
    for after in (timedelta(0), 400 * 24 * HOUR):
        assert refusal(FoundSession(ended), after) is error
        assert refusal(FoundSession(ended, START), after) is error


def test_a_rotated_token_is_told_apart_for_a_minute() -> None:
    """session_rotated for 60 s, then session_invalid; of an expired session, session_expired."""
    rotated = FoundSession(SESSION, START)
    assert timedelta(seconds=60) == ROTATED_KEPT
    assert refusal(rotated, ROTATED_KEPT - TICK) is SessionRotated
    assert refusal(rotated, ROTATED_KEPT) is SessionInvalid
    assert refusal(rotated, SESSION.idle_timeout) is SessionExpired
    assert refusal(None, timedelta(0)) is SessionInvalid


@pytest.mark.parametrize(
    ("idle", "interval"),
    [(7 * 24 * HOUR, HOUR), (10 * HOUR, HOUR), (HOUR, HOUR / 10), (timedelta(seconds=10), timedelta(seconds=1))],
)
def test_last_seen_is_written_once_an_hour_or_tenth(idle: timedelta, interval: timedelta) -> None:
    """Whichever is shorter, and not a microsecond earlier."""
    session = replace(SESSION, idle_timeout=idle)
    assert touch_interval(idle) == interval
    assert not needs_touch(session, START + interval - TICK)
    assert needs_touch(session, START + interval)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", None])), max_size=8), st.integers(1, 4))
def test_the_newest_sessions_stay(made: list[tuple[int, str | None]], most: int) -> None:
    """Each policy keeps the newest, at most its number, the same whatever the order it is given."""
    live = [
        replace(
            SESSION,
            session_id=SessionId(f"ses_{number}"),
            issued_at=START + hours * HOUR,
            device=Device(device) if device else None,
        )
        for number, (hours, device) in enumerate(made)
    ]
    gone = {session.session_id for session in choose_surplus(live, "many", most)}
    assert len(live) - len(gone) == min(most, len(live))
    assert gone == {session.session_id for session in choose_surplus(live[::-1], "many", most)}
    kept = [session for session in live if session.session_id not in gone]
    assert all(old.issued_at <= new.issued_at for old in live if old not in kept for new in kept)
    assert len(choose_surplus(live, "single", most)) == max(0, len(live) - 1)
    per_device = choose_surplus(live, "one_per_device", 100)
    devices = [session.device for session in live if session not in per_device and session.device]
    assert len(devices) == len(set(devices))


def test_a_token_is_known_by_its_form_and_its_hash() -> None:
    """256 bits behind mjs_; the hash says nothing of it; a successor keeps the slot and nothing else."""
    first = make_token(SystemRandomness())
    second = make_token(SystemRandomness(), first.token)
    text = first.token.reveal()
    assert len(text) == 47
    assert hash_token(first.token) == first.token_hash
    assert first.token_hash != second.token_hash
    assert read_slot(first.token_hash) == read_slot(second.token_hash)
    assert text not in repr(first) + first.token_hash
    assert first.token_hash not in repr(first)
    for wrong in ("", text + "\n", text[:-1], text + "A", text.replace("mjs_", "MJS_"), "mjs_" + "é" * 43, " " + text):
        with pytest.raises(SessionInvalid):
            hash_token(Secret(wrong))
