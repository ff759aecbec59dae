"""What every keyring store promises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from menjin import Secret
from menjin.session_keys.model import HeldKey, Keyring
from menjin.session_keys.rules import accept
from menjin.values import AppId, OpenId
from support.benches import Bench
from support.clock import START

APPID = AppId("wx0123456789abcdef")
OPENID = OpenId("oAbC_0123456789abcdefg")


def a_key(number: int) -> HeldKey:
    """Return the key of the exchange that began in second `number`."""
    return HeldKey(Secret(f"session-key-{number:04}=="), START + timedelta(seconds=number))


def take(number: int) -> Callable[[Keyring | None], Keyring]:
    """Return the rule that takes a key in."""
    return lambda ring: accept(ring, a_key(number), START)


def test_a_keyring_comes_back_as_it_was_kept(bench: Bench) -> None:
    """The first key, then both; another openid, if only by case, has none."""
    keyrings = bench.stores.keyrings
    assert bench.run(keyrings.find(APPID, OPENID)) is None
    bench.run(keyrings.change(APPID, OPENID, take(1)))
    assert bench.run(keyrings.find(APPID, OPENID)) == Keyring(a_key(1))
    bench.run(keyrings.change(APPID, OPENID, take(2)))
    until = START + timedelta(minutes=10)
    assert bench.run(keyrings.find(APPID, OPENID)) == Keyring(a_key(2), a_key(1), until)
    assert bench.run(keyrings.find(APPID, OpenId(OPENID.upper()))) is None


@pytest.mark.parametrize("is_first", [True, False])
def test_keys_that_race_leave_the_newest(bench: Bench, is_first: bool) -> None:  # noqa: FBT001 - pytest's
    """Thirty keys at once, in whatever order: the newest is current and the one before is previous, none is lost."""
    keyrings = bench.stores.keyrings
    if not is_first:
        bench.run(keyrings.change(APPID, OPENID, take(0)))
    numbers = [number * 7 % 30 + 1 for number in range(30)]
    results = bench.at_once([partial(keyrings.change, APPID, OPENID, take(number)) for number in numbers])
    assert results == [None] * 30
    ring = bench.run(keyrings.find(APPID, OPENID))
    assert ring is not None
    assert (ring.current, ring.previous) == (a_key(30), a_key(29))


def test_a_rule_that_fails_changes_nothing(bench: Bench) -> None:
    """The error comes through and the keyring stays."""

    def refuse(_ring: Keyring | None) -> Keyring:
        raise LookupError

    keyrings = bench.stores.keyrings
    bench.run(keyrings.change(APPID, OPENID, take(1)))
    with pytest.raises(LookupError):
        bench.run(keyrings.change(APPID, OPENID, refuse))
    assert bench.run(keyrings.find(APPID, OPENID)) == Keyring(a_key(1))


def test_sealed_keys_open_in_their_own_place_only(sql_bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Swapped between two persons, or between the slots of one, a sealed key counts as none; no key is readable."""
    keyrings = sql_bench.stores.keyrings
    other = OpenId("oOther_0123456789abcde")
    for number, openid in ((1, OPENID), (2, OPENID), (3, other), (4, other)):
        sql_bench.run(keyrings.change(APPID, openid, take(number)))
    rows = sql_bench.query("SELECT openid, current_sealed, previous_sealed FROM keyrings")
    assert "session-key" not in str(rows)
    sealed = {row[0]: row[1:] for row in rows}
    put = "UPDATE keyrings SET current_sealed = '{}', previous_sealed = '{}' WHERE openid = '{}'"
    mine, theirs = sealed[OPENID], sealed[other]
    for current, previous in ((theirs[0], mine[1]), (mine[0], theirs[1]), (mine[1], mine[0])):
        sql_bench.query(put.format(current, previous, OPENID))
        assert sql_bench.run(keyrings.find(APPID, OPENID)) is None
    sql_bench.query(put.format(*mine, OPENID))
    assert sql_bench.run(keyrings.find(APPID, OPENID)) is not None
    assert "does not open" in caplog.text
    assert "session-key" not in caplog.text
