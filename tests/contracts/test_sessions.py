"""What every session store promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest

from menjin import App, BoundAccount, Device, Session
from menjin.clock import SystemRandomness
from menjin.errors import Replaced
from menjin.sessions.flow import Sessions
from menjin.sessions.model import FoundSession, Subject
from menjin.sessions.revocations import NoRevocations
from menjin.sessions.store import FORMER_TOKENS_KEPT
from menjin.values import AccountId, AppId, IdentityId, OpenId, Secret, SessionId, UnionId
from support.benches import Bench
from support.clock import START, FakeClock

HOUR = timedelta(hours=1)
ACCOUNT = BoundAccount(AccountId("acc_1"), "明 the first")


def a_session(number: int = 1, issued_at: datetime = START, identity: str = "idn_1") -> Session:
    """Return a session that idles out after a day and ends after a week."""
    unionid = UnionId("oUnion_0123456789abcd")
    openid = OpenId("oAbC_0123456789abcdefg")
    return Session(
        session_id=SessionId(f"ses_{number}"),
        subject=Subject(AppId("wx0123456789abcdef"), openid, IdentityId(identity), unionid, None),
        device=Device("d" * 22, "小明的手机 📱"),
        issued_at=issued_at,
        last_seen_at=issued_at,
        authenticated_at=issued_at,
        idle_timeout=timedelta(days=1),
        ends_at=issued_at + timedelta(days=7),
    )


def hash_of(number: int, tail: str = "first") -> str:
    """Return a hash for a session's token: its slot, which stays over rotations, and what is of this token alone."""
    return f"{number:032d}{tail:x<64}"


def add(bench: Bench, *sessions: Session) -> None:
    """Keep sessions under the hashes of their first tokens."""
    for session in sessions:
        number = int(session.session_id.removeprefix("ses_"))
        bench.run(bench.stores.sessions.add(session, hash_of(number)))


def find(bench: Bench, number: int = 1) -> Session:
    """Return the session of a number as it is kept now."""
    found = bench.run(bench.stores.sessions.find(hash_of(number)))
    assert found is not None
    return found.session


def test_a_session_comes_back_as_it_was_kept(session_bench: Bench) -> None:
    """Every field survives, to the microsecond, with and without account, device and unionid."""
    full = a_session(1, START + timedelta(microseconds=1))
    full = replace(full, subject=replace(full.subject, account=ACCOUNT))
    bare = replace(a_session(2), device=None, subject=replace(full.subject, unionid=None, account=None))
    add(session_bench, full, bare)
    assert session_bench.run(session_bench.stores.sessions.find(hash_of(1))) == FoundSession(full)
    assert find(session_bench, 2) == bare
    assert session_bench.run(session_bench.stores.sessions.find(hash_of(3))) is None


def test_a_token_hash_differs_in_case(session_bench: Bench) -> None:
    """Hashes that differ in case only name different sessions."""
    session_bench.run(session_bench.stores.sessions.add(a_session(1), hash_of(1, "aBcD")))
    assert session_bench.run(session_bench.stores.sessions.find(hash_of(1, "abcd"))) is None
    session_bench.run(session_bench.stores.sessions.add(a_session(2), hash_of(2, "abcd")))
    found = session_bench.run(session_bench.stores.sessions.find(hash_of(1, "aBcD")))
    assert found is not None
    assert found.session.session_id == "ses_1"


def test_touch_never_goes_backwards(session_bench: Bench) -> None:
    """A late write of an earlier use changes nothing; an unknown session is no fault."""
    add(session_bench, a_session())
    for hours in (2, 1, 2):
        session_bench.run(session_bench.stores.sessions.touch(SessionId("ses_1"), START + hours * HOUR))
    assert find(session_bench).last_seen_at == START + 2 * HOUR
    session_bench.run(session_bench.stores.sessions.touch(SessionId("ses_none"), START))


def test_rotation_replaces_the_token_and_remembers_the_old_one(session_bench: Bench) -> None:
    """The new hash finds the session with its account, the old one finds it with the moment of rotation."""
    add(session_bench, a_session())
    rotate = session_bench.stores.sessions.rotate
    assert session_bench.run(rotate(SessionId("ses_1"), hash_of(1), hash_of(1, "new"), ACCOUNT, START + HOUR))
    current, former = (
        session_bench.run(session_bench.stores.sessions.find(known)) for known in (hash_of(1, "new"), hash_of(1))
    )
    assert current is not None
    assert former is not None
    assert (current.rotated_at, former.rotated_at) == (None, START + HOUR)
    assert current.session.subject.account == ACCOUNT
    assert current.session.last_seen_at == START + HOUR
    assert former.session == current.session


def test_rotation_needs_the_current_token_of_a_live_session(session_bench: Bench) -> None:
    """A former token, another session's, and one of an ended session rotate nothing."""
    add(session_bench, a_session(1), a_session(2))
    rotate = session_bench.stores.sessions.rotate
    assert not session_bench.run(rotate(SessionId("ses_1"), hash_of(2), hash_of(2, "new"), None, START))
    session_bench.run(session_bench.stores.sessions.end(SessionId("ses_2"), "kicked_out", START))
    assert not session_bench.run(rotate(SessionId("ses_2"), hash_of(2), hash_of(2, "new"), None, START))
    assert session_bench.run(rotate(SessionId("ses_1"), hash_of(1), hash_of(1, "new"), None, START))
    assert not session_bench.run(rotate(SessionId("ses_1"), hash_of(1), hash_of(1, "newer"), None, START))
    assert session_bench.run(session_bench.stores.sessions.find(hash_of(1, "newer"))) is None


def test_of_rotations_at_once_one_wins(session_bench: Bench) -> None:
    """Of twenty rotations of one token at the same time one succeeds, and its token is the current one."""
    add(session_bench, a_session())
    rotate = session_bench.stores.sessions.rotate
    names = [hash_of(1, f"new-{number}") for number in range(20)]
    makers = [partial(rotate, SessionId("ses_1"), hash_of(1), name, None, START) for name in names]
    results = session_bench.at_once(makers)
    assert sorted(results, key=str) == [False] * 19 + [True]
    winner = names[results.index(True)]
    current = [name for name in names if session_bench.run(session_bench.stores.sessions.find(name)) is not None]
    assert current == [winner]


def test_a_session_remembers_its_newest_former_tokens(session_bench: Bench) -> None:
    """Whoever rotates all day does not make a session grow: 40 former tokens stay known, the first is forgotten."""
    add(session_bench, a_session())
    names = [hash_of(1), *(hash_of(1, f"new-{number}-") for number in range(FORMER_TOKENS_KEPT + 10))]
    for number, (old, new) in enumerate(pairwise(names)):
        at = START + number * timedelta(seconds=1)
        assert session_bench.run(session_bench.stores.sessions.rotate(SessionId("ses_1"), old, new, None, at))
    found = [session_bench.run(session_bench.stores.sessions.find(name)) for name in names]
    assert found[-1] is not None
    assert found[-1].rotated_at is None
    assert all(one is not None and one.rotated_at is not None for one in found[-FORMER_TOKENS_KEPT - 1 : -1])
    assert found[:10] == [None] * 10


@pytest.mark.kinds("memory", "sqlite", "postgres", "redis")
def test_who_logs_in_last_stays_though_clocks_differ(session_bench: Bench) -> None:
    """A machine's clock is 10 s ahead: who logs in on the other one 5 s later has a session, and the former has not."""
    ahead, right = FakeClock(), FakeClock()
    ahead.advance(seconds=10)
    stores = session_bench.stores
    app = App(AppId("wx0123456789abcdef"), Secret("x" * 32), devices="single")
    fast, true = (Sessions(stores.sessions, NoRevocations(), clock, SystemRandomness()) for clock in (ahead, right))
    subject = a_session().subject
    first = session_bench.run(fast.issue(app, subject, None))
    for clock in (ahead, right):
        clock.advance(seconds=5)
    second = session_bench.run(true.issue(app, subject, None))
    assert session_bench.run(true.authenticate(second.session_token)).session_id == second.session.session_id
    with pytest.raises(Replaced):
        session_bench.run(true.authenticate(first.session_token))


def test_the_first_end_stays(session_bench: Bench) -> None:
    """A session ended once keeps its reason, and is still found."""
    add(session_bench, a_session())
    for reason in ("replaced", "signed_out", "kicked_out"):
        session_bench.run(session_bench.stores.sessions.end(SessionId("ses_1"), reason, START))
    assert find(session_bench).ended == "replaced"


def test_live_sessions_are_listed_newest_first(session_bench: Bench) -> None:
    """Ended, idle, over and other people's sessions are not listed; the limits are exact."""
    now = START + timedelta(days=6, hours=23)
    idle = timedelta(days=1)
    live = [a_session(number, START + number * timedelta(minutes=1)) for number in range(1, 4)]
    live = [replace(session, last_seen_at=now - idle + timedelta(microseconds=1)) for session in live]
    others = [
        replace(a_session(4), last_seen_at=now - idle),
        replace(a_session(5), last_seen_at=now, ends_at=now),
        replace(a_session(6), last_seen_at=now),
        replace(a_session(7, identity="idn_2"), last_seen_at=now),
    ]
    add(session_bench, *live, *others)
    session_bench.run(session_bench.stores.sessions.end(SessionId("ses_6"), "signed_out", now))
    listed = session_bench.run(session_bench.stores.sessions.list_live(IdentityId("idn_1"), now))
    assert [session.session_id for session in listed] == ["ses_3", "ses_2", "ses_1"]
    assert listed[2] == live[0]


def test_a_confirmation_is_kept(session_bench: Bench) -> None:
    """Step-up moves authenticated_at and nothing else."""
    add(session_bench, a_session())
    session_bench.run(session_bench.stores.sessions.confirm(SessionId("ses_1"), START + HOUR))
    assert find(session_bench) == replace(a_session(), authenticated_at=START + HOUR)


@pytest.mark.kinds("memory", "sqlite", "postgres", "mariadb")
def test_purge_forgets_what_is_long_over(session_bench: Bench) -> None:
    """At most `limit` sessions that ended before the moment go, with their former tokens; the others stay.

    Not of Redis, which forgets by itself: tests/stores/test_redis_sessions.py.
    """
    add(session_bench, *(a_session(number) for number in range(1, 5)), a_session(5, START + HOUR))
    assert session_bench.run(
        session_bench.stores.sessions.rotate(SessionId("ses_1"), hash_of(1), hash_of(1, "new"), None, START)
    )
    end = START + timedelta(days=7)
    purge = session_bench.stores.sessions.purge
    assert session_bench.run(purge(end, 10)) == 0
    later = end + timedelta(microseconds=1)
    assert [
        session_bench.run(purge(later, 3)),
        session_bench.run(purge(later, 3)),
        session_bench.run(purge(later, 3)),
    ] == [3, 1, 0]
    assert session_bench.run(session_bench.stores.sessions.find(hash_of(1))) is None
    assert session_bench.run(session_bench.stores.sessions.find(hash_of(1, "new"))) is None
    assert find(session_bench, 5) == a_session(5, START + HOUR)
