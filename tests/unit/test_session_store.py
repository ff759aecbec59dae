"""The session store port, on every adapter in both colours."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from menjin.sessions.model import BoundAccount, Device, EndReason, FoundSession, Session, Subject
from menjin.values import AccountId, AppId, IdentityId, OpenId, SessionId, UnionId
from support.clock import START
from support.shop import Shop

HOUR = timedelta(hours=1)
ACCOUNT = BoundAccount(AccountId("acc_1"), "member")


def make(number: int = 1, person: str = "1", began: datetime = START) -> Session:
    """Return a session with every field filled."""
    return Session(
        session_id=SessionId(f"ses_{number}"),
        subject=Subject(AppId("wx1"), OpenId(f"o{person}"), IdentityId(f"idn_{person}"), UnionId("u"), None),
        device=Device("d1", "a phone"),
        issued_at=began,
        last_seen_at=began,
        authenticated_at=began,
        idle_timeout=10 * HOUR,
        ends_at=began + 100 * HOUR,
    )


def test_what_is_added_is_found_by_its_hash_alone(shop: Shop) -> None:
    """Every field comes back as it was, to the microsecond; another hash finds nothing."""
    exact = make(began=START + timedelta(microseconds=1))
    plain = replace(make(2), device=None, subject=replace(make(2).subject, unionid=None, account=ACCOUNT))
    unbound = replace(make(3), subject=replace(make(3).subject, account=BoundAccount(AccountId("acc_2"), None)))
    for number, session in enumerate((exact, plain, unbound)):
        shop.run(shop.stores.sessions.add(session, f"h{number}"))
        assert shop.run(shop.stores.sessions.find(f"h{number}")) == FoundSession(session)
    for unknown in ("h3", "H0", "h0 ", "", "ses_1"):
        assert shop.run(shop.stores.sessions.find(unknown)) is None


def test_last_seen_moves_forwards_only(shop: Shop) -> None:
    """A late writer does not turn it back; an unknown session is no fault."""
    store = shop.stores.sessions
    shop.run(store.add(make(), "h"))
    for hours in (2, 1):
        shop.run(store.touch(SessionId("ses_1"), START + hours * HOUR))
    shop.run(store.touch(SessionId("ses_none"), START))
    found = shop.run(store.find("h"))
    assert found is not None
    assert found.session.last_seen_at == START + 2 * HOUR


def test_rotation_replaces_token_and_account(shop: Shop) -> None:
    """The new hash finds the session with its account, the old ones say when they were replaced."""
    store = shop.stores.sessions
    shop.run(store.add(make(), "h0"))
    assert shop.run(store.rotate(SessionId("ses_1"), "h0", "h1", ACCOUNT, START + HOUR))
    assert shop.run(store.rotate(SessionId("ses_1"), "h1", "h2", ACCOUNT, START + 2 * HOUR))
    current = shop.run(store.find("h2"))
    assert current is not None
    assert current.rotated_at is None
    assert current.session.subject.account == ACCOUNT
    assert current.session.last_seen_at == START + 2 * HOUR
    for number in (0, 1):
        former = shop.run(store.find(f"h{number}"))
        assert former == FoundSession(current.session, START + (number + 1) * HOUR)


def test_a_rotation_that_comes_too_late_changes_nothing(shop: Shop) -> None:
    """By a hash that is not current, of an ended or an unknown session: False."""
    store = shop.stores.sessions
    shop.run(store.add(make(), "h0"))
    shop.run(store.rotate(SessionId("ses_1"), "h0", "h1", None, START))
    assert not shop.run(store.rotate(SessionId("ses_1"), "h0", "h2", ACCOUNT, START))
    assert not shop.run(store.rotate(SessionId("ses_9"), "h1", "h2", ACCOUNT, START))
    shop.run(store.end(SessionId("ses_1"), "signed_out", START))
    assert not shop.run(store.rotate(SessionId("ses_1"), "h1", "h2", ACCOUNT, START))
    assert shop.run(store.find("h2")) is None
    found = shop.run(store.find("h1"))
    assert found is not None
    assert found.session.subject.account is None


def test_of_rotations_at_once_one_wins(shop: Shop) -> None:
    """Twelve at once: one True, its token lives, the others' do not exist."""
    store = shop.stores.sessions
    shop.run(store.add(make(), "h"))
    won = shop.run_at_once(lambda number: store.rotate(SessionId("ses_1"), "h", f"n{number}", None, START), 12)
    assert sorted(won) == [False] * 11 + [True]
    assert [shop.run(store.find(f"n{number}")) is not None for number in range(12)] == won


@pytest.mark.parametrize("reason", ["expired", "signed_out", "kicked_out", "replaced"])
def test_the_first_end_stays(shop: Shop, reason: EndReason) -> None:
    """A second end changes nothing, by either token; ending nobody is no fault."""
    store = shop.stores.sessions
    shop.run(store.add(make(), "h0"))
    shop.run(store.rotate(SessionId("ses_1"), "h0", "h1", None, START))
    for end in (reason, "replaced", "signed_out"):
        shop.run(store.end(SessionId("ses_1"), end, START))
    shop.run(store.end(SessionId("ses_9"), reason, START))
    for token_hash in ("h0", "h1"):
        found = shop.run(store.find(token_hash))
        assert found is not None
        assert found.session.ended == reason


def test_live_sessions_are_listed_newest_first(shop: Shop) -> None:
    """One identity's only; none that ended, idled out or came to its absolute end."""
    store = shop.stores.sessions
    for number in range(1, 6):
        shop.run(store.add(make(number, began=START + number * HOUR), f"h{number}"))
    shop.run(store.add(make(9, person="2", began=START + HOUR), "h9"))
    shop.run(store.end(SessionId("ses_3"), "kicked_out", START))
    identity = IdentityId("idn_1")
    assert [one.session_id for one in shop.run(store.list_live(identity, START + 6 * HOUR))] == [
        f"ses_{number}" for number in (5, 4, 2, 1)
    ]
    at_an_idle_end = shop.run(store.list_live(identity, START + 12 * HOUR))
    assert [one.session_id for one in at_an_idle_end] == ["ses_5", "ses_4"]
    shop.run(store.touch(SessionId("ses_5"), START + 104 * HOUR))
    assert [one.session_id for one in shop.run(store.list_live(identity, START + 104 * HOUR))] == ["ses_5"]
    assert shop.run(store.list_live(identity, START + 105 * HOUR)) == ()
    assert shop.run(store.list_live(IdentityId("idn_9"), START)) == ()


def test_a_confirmation_is_noted(shop: Shop) -> None:
    """authenticated_at moves, and nothing else."""
    store = shop.stores.sessions
    shop.run(store.add(make(), "h"))
    shop.run(store.confirm(SessionId("ses_1"), START + HOUR))
    assert shop.run(store.find("h")) == FoundSession(replace(make(), authenticated_at=START + HOUR))


def test_old_sessions_are_purged_with_their_tokens(shop: Shop) -> None:
    """At most `limit`, only those whose absolute end has passed, former tokens too."""
    store = shop.stores.sessions
    for number in range(5):
        shop.run(store.add(make(number, began=START + number * HOUR), f"h{number}"))
        shop.run(store.rotate(SessionId(f"ses_{number}"), f"h{number}", f"n{number}", None, START))
    assert shop.run(store.purge(START + 100 * HOUR, 10)) == 0
    assert shop.run(store.purge(START + 103 * HOUR, 2)) == 2
    assert shop.run(store.purge(START + 103 * HOUR, 2)) == 1
    assert shop.run(store.purge(START + 103 * HOUR, 2)) == 0
    left = [shop.run(store.find(f"{letter}{number}")) is not None for number in range(5) for letter in "hn"]
    assert left == [False] * 6 + [True] * 4
