"""What every session store promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from menjin import BoundAccount, Device, Session
from menjin.sessions.model import FoundSession, Subject
from menjin.values import AccountId, AppId, IdentityId, OpenId, SessionId, UnionId
from support.benches import Bench
from support.clock import START

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


def add(bench: Bench, *sessions: Session) -> None:
    """Keep sessions; the token's hash is `hash-of-` and the session's id."""
    for session in sessions:
        bench.run(bench.stores.sessions.add(session, f"hash-of-{session.session_id}"))


def find(bench: Bench, number: int = 1) -> Session:
    """Return the session of a number as it is kept now."""
    found = bench.run(bench.stores.sessions.find(f"hash-of-ses_{number}"))
    assert found is not None
    return found.session


def test_a_session_comes_back_as_it_was_kept(bench: Bench) -> None:
    """Every field survives, to the microsecond, with and without account, device and unionid."""
    full = a_session(1, START + timedelta(microseconds=1))
    full = replace(full, subject=replace(full.subject, account=ACCOUNT))
    bare = replace(a_session(2), device=None, subject=replace(full.subject, unionid=None, account=None))
    add(bench, full, bare)
    assert bench.run(bench.stores.sessions.find("hash-of-ses_1")) == FoundSession(full)
    assert find(bench, 2) == bare
    assert bench.run(bench.stores.sessions.find("hash-of-ses_3")) is None


def test_a_token_hash_differs_in_case(bench: Bench) -> None:
    """Hashes that differ in case only name different sessions."""
    bench.run(bench.stores.sessions.add(a_session(1), "aBcD"))
    assert bench.run(bench.stores.sessions.find("abcd")) is None
    bench.run(bench.stores.sessions.add(a_session(2), "abcd"))
    found = bench.run(bench.stores.sessions.find("aBcD"))
    assert found is not None
    assert found.session.session_id == "ses_1"


def test_touch_never_goes_backwards(bench: Bench) -> None:
    """A late write of an earlier use changes nothing; an unknown session is no fault."""
    add(bench, a_session())
    for hours in (2, 1, 2):
        bench.run(bench.stores.sessions.touch(SessionId("ses_1"), START + hours * HOUR))
    assert find(bench).last_seen_at == START + 2 * HOUR
    bench.run(bench.stores.sessions.touch(SessionId("ses_none"), START))


def test_rotation_replaces_the_token_and_remembers_the_old_one(bench: Bench) -> None:
    """The new hash finds the session with its account, the old one finds it with the moment of rotation."""
    add(bench, a_session())
    rotate = bench.stores.sessions.rotate
    assert bench.run(rotate(SessionId("ses_1"), "hash-of-ses_1", "new", ACCOUNT, START + HOUR))
    current, former = (bench.run(bench.stores.sessions.find(known)) for known in ("new", "hash-of-ses_1"))
    assert current is not None
    assert former is not None
    assert (current.rotated_at, former.rotated_at) == (None, START + HOUR)
    assert current.session.subject.account == ACCOUNT
    assert current.session.last_seen_at == START + HOUR
    assert former.session == current.session


def test_rotation_needs_the_current_token_of_a_live_session(bench: Bench) -> None:
    """A former token, another session's, and one of an ended session rotate nothing."""
    add(bench, a_session(1), a_session(2))
    rotate = bench.stores.sessions.rotate
    assert not bench.run(rotate(SessionId("ses_1"), "hash-of-ses_2", "new", None, START))
    bench.run(bench.stores.sessions.end(SessionId("ses_2"), "kicked_out", START))
    assert not bench.run(rotate(SessionId("ses_2"), "hash-of-ses_2", "new", None, START))
    assert bench.run(rotate(SessionId("ses_1"), "hash-of-ses_1", "new", None, START))
    assert not bench.run(rotate(SessionId("ses_1"), "hash-of-ses_1", "newer", None, START))
    assert bench.run(bench.stores.sessions.find("newer")) is None


def test_of_rotations_at_once_one_wins(bench: Bench) -> None:
    """Of twenty rotations of one token at the same time one succeeds, and its token is the current one."""
    add(bench, a_session())
    rotate = bench.stores.sessions.rotate
    names = [f"new-{number}" for number in range(20)]
    makers = [partial(rotate, SessionId("ses_1"), "hash-of-ses_1", name, None, START) for name in names]
    results = bench.at_once(makers)
    assert sorted(results, key=str) == [False] * 19 + [True]
    winner = names[results.index(True)]
    current = [name for name in names if bench.run(bench.stores.sessions.find(name)) is not None]
    assert current == [winner]


def test_the_first_end_stays(bench: Bench) -> None:
    """A session ended once keeps its reason, and is still found."""
    add(bench, a_session())
    for reason in ("replaced", "signed_out", "kicked_out"):
        bench.run(bench.stores.sessions.end(SessionId("ses_1"), reason, START))
    assert find(bench).ended == "replaced"


def test_live_sessions_are_listed_newest_first(bench: Bench) -> None:
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
    add(bench, *live, *others)
    bench.run(bench.stores.sessions.end(SessionId("ses_6"), "signed_out", now))
    listed = bench.run(bench.stores.sessions.list_live(IdentityId("idn_1"), now))
    assert [session.session_id for session in listed] == ["ses_3", "ses_2", "ses_1"]
    assert listed[2] == live[0]


def test_a_confirmation_is_kept(bench: Bench) -> None:
    """Step-up moves authenticated_at and nothing else."""
    add(bench, a_session())
    bench.run(bench.stores.sessions.confirm(SessionId("ses_1"), START + HOUR))
    assert find(bench) == replace(a_session(), authenticated_at=START + HOUR)


def test_purge_forgets_what_is_long_over(bench: Bench) -> None:
    """At most `limit` sessions that ended before the moment go, with their former tokens; the others stay."""
    add(bench, *(a_session(number) for number in range(1, 5)), a_session(5, START + HOUR))
    assert bench.run(bench.stores.sessions.rotate(SessionId("ses_1"), "hash-of-ses_1", "new", None, START))
    end = START + timedelta(days=7)
    purge = bench.stores.sessions.purge
    assert bench.run(purge(end, 10)) == 0
    later = end + timedelta(microseconds=1)
    assert [bench.run(purge(later, 3)), bench.run(purge(later, 3)), bench.run(purge(later, 3))] == [3, 1, 0]
    assert bench.run(bench.stores.sessions.find("hash-of-ses_1")) is None
    assert bench.run(bench.stores.sessions.find("new")) is None
    assert find(bench, 5) == a_session(5, START + HOUR)
