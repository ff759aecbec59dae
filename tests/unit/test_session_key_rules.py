"""Which key is current, and which may be tried."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from menjin.session_keys.model import HeldKey, Keyring
from menjin.session_keys.rules import PREVIOUS_KEPT, accept, usable
from menjin.values import Secret
from support.clock import START

SECOND = timedelta(seconds=1)


def held(name: str, began: int) -> HeldKey:
    """Return a key of an exchange that began so many seconds after the start."""
    return HeldKey(Secret(name), START + began * SECOND)


def take(*keys: tuple[str, int], now: int = 0) -> Keyring:
    """Return the ring after answers that arrive in this order."""
    ring: Keyring | None = None
    for name, began in keys:
        ring = accept(ring, held(name, began), START + now * SECOND)
    assert ring is not None
    return ring


def names(ring: Keyring | None, now: int = 0) -> list[str]:
    """Return the usable keys' names."""
    return [key.reveal() for key in usable(ring, START + now * SECOND)]


def test_the_newer_key_is_tried_first_and_the_one_before_for_ten_minutes() -> None:
    """Ten minutes from when it was replaced, to the second."""
    ring = take(("old", 0), ("new", 5), now=5)
    assert timedelta(minutes=10) == PREVIOUS_KEPT
    assert names(ring, 5) == names(ring, 604) == ["new", "old"]
    assert names(ring, 605) == ["new"]
    assert names(None) == []


def test_a_late_answer_never_replaces_a_newer_key() -> None:
    """An exchange that began earlier but answered later becomes the one before, at most."""
    assert names(take(("new", 5), ("late", 3))) == ["new", "late"]
    assert names(take(("new", 5), ("old", 4), ("older", 3))) == ["new", "old"]
    assert names(take(("new", 5), ("older", 3), ("old", 4))) == ["new", "old"]


def test_the_same_key_again_only_moves_its_beginning() -> None:
    """WeChat may hand the same key out again; the one before stays, and a late copy moves nothing back."""
    ring = take(("old", 0), ("same", 5), ("same", 9))
    assert ring.current == held("same", 9)
    assert names(ring) == ["same", "old"]
    assert take(("same", 9), ("same", 5)).current == held("same", 9)
    assert names(take(("same", 9), ("between", 7))) == ["same", "between"]


def test_a_key_that_comes_back_is_current_again() -> None:
    """The key before, handed out anew, changes places."""
    assert names(take(("a", 0), ("b", 5), ("a", 9))) == ["a", "b"]


ANSWERS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 50)), min_size=1, max_size=12)


@given(ANSWERS)
def test_in_any_order_the_latest_begun_exchange_is_current(answers: list[tuple[str, int]]) -> None:
    """However answers are inverted, no key of an earlier exchange is current in the end."""
    ring = take(*answers)
    latest = max(began for _, began in answers)
    assert ring.current.began_at == START + latest * SECOND
    assert (ring.current.key.reveal(), latest) in answers
    if ring.previous is not None:
        assert ring.previous.began_at <= ring.current.began_at
        assert ring.previous_until == START + PREVIOUS_KEPT


@given(ANSWERS, st.integers(0, 2000))
def test_usable_keys_are_one_or_two_and_differ(answers: list[tuple[str, int]], now: int) -> None:
    """The current one always; another for ten minutes; never the same twice in a ring of distinct exchanges."""
    found = names(take(*answers), now)
    assert 1 <= len(found) <= (2 if now < 600 else 1)
