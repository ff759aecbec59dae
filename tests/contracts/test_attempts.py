"""What every store of attempts, used ciphertexts and key checks promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from menjin import Secret
from menjin.session_keys.attempts import FAILURES_AT_MOST, IN_FLIGHT_AT_MOST, RESET_EVERY, StillInFlightError, Use
from menjin.session_keys.model import HeldKey, Keyring
from menjin.values import AppId, OpenId, SessionId
from support.benches import Bench
from support.clock import START

APPID, OPENID = AppId("wx0123456789abcdef"), OpenId("oAbC_0123456789abcdefg")
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
KEY, DIGEST = "a" * 64, "d" * 64
CLAIM = Use(SessionId("ses_1"), "phone", START, None, is_pending=True)
OTHER = Use(SessionId("ses_2"), "phone", START, None, is_pending=True)


def begin(bench: Bench, now: datetime = START, key_mac: str = KEY) -> int:
    """Count an attempt."""
    return bench.run(bench.stores.attempts.begin(APPID, OPENID, key_mac, now))


def reset(bench: Bench, now: datetime = START) -> bool:
    """Ask for a spent key's replacement."""
    return bench.run(bench.stores.attempts.begin_reset(APPID, OPENID, KEY, now, now - RESET_EVERY))


def fail(bench: Bench, times: int) -> None:
    """Try and fail."""
    for _ in range(times):
        assert begin(bench)
        bench.run(bench.stores.attempts.note_failure(APPID, OPENID, KEY))


def test_attempts_at_once_are_all_counted(bench: Bench) -> None:
    """Of twenty attempts with a key at the same time, five may go on; another key, if only by case, has its own."""
    attempts = bench.stores.attempts
    results = bench.at_once([partial(attempts.begin, APPID, OPENID, KEY, START)] * 20)
    granted = sorted(result for result in results if isinstance(result, int))
    assert granted == list(range(1, FAILURES_AT_MOST + 1))
    assert sum(isinstance(result, StillInFlightError) for result in results) == 15
    assert begin(bench, key_mac="A" * 64) == 1
    bench.run(attempts.refund(APPID, OPENID, KEY))
    assert begin(bench) == FAILURES_AT_MOST


def test_a_key_is_spent_by_failures_only(bench: Bench) -> None:
    """With four failures and one in flight it is not spent, nor to be replaced; with five failures it is both."""
    fail(bench, 4)
    assert begin(bench) == 5
    with pytest.raises(StillInFlightError):
        begin(bench)
    assert not reset(bench)
    bench.run(bench.stores.attempts.refund(APPID, OPENID, KEY))
    fail(bench, 1)
    assert begin(bench) == 0
    assert reset(bench)
    assert not reset(bench, START + RESET_EVERY / 2)
    assert reset(bench, START + RESET_EVERY)


def test_who_dies_with_an_attempt_has_failed(bench: Bench) -> None:
    """An attempt that nobody settles counts as failed after a while; it is never given back by itself."""
    fail(bench, 3)
    assert begin(bench) == 4
    late = START + IN_FLIGHT_AT_MOST
    assert begin(bench, late) == 5
    bench.run(bench.stores.attempts.note_failure(APPID, OPENID, KEY))
    assert begin(bench, late) == 0
    assert reset(bench, late)


def test_five_dead_attempts_spend_a_key(bench: Bench) -> None:
    """Not before they are taken for dead, and then for good."""
    assert [begin(bench) for _ in range(5)] == [1, 2, 3, 4, 5]
    with pytest.raises(StillInFlightError):
        begin(bench, START + IN_FLIGHT_AT_MOST - MOMENT)
    assert not reset(bench, START + IN_FLIGHT_AT_MOST - MOMENT)
    assert begin(bench, START + IN_FLIGHT_AT_MOST) == 0
    assert reset(bench, START + IN_FLIGHT_AT_MOST)


def test_of_many_claims_at_once_one_is_granted(bench: Bench) -> None:
    """Whoever claims a ciphertext first has it; what was kept is the first one's claim."""
    claims = [replace(CLAIM, session_id=SessionId(f"ses_{number}")) for number in range(20)]
    claim = partial(bench.stores.attempts.claim_use, APPID, OPENID, DIGEST)
    results = bench.at_once([partial(claim, use, None) for use in claims])
    assert sorted(map(bool, results)) == [False] * 19 + [True]
    assert not any(isinstance(result, BaseException) for result in results)
    assert bench.run(bench.stores.attempts.find_use(APPID, OPENID, DIGEST)) == claims[results.index(True)]


def test_the_answer_of_a_ciphertext_stays(bench: Bench) -> None:
    """It comes back as it was kept, whoever claims, answers or releases after it, until it is purged."""
    attempts = bench.stores.attempts
    assert bench.run(attempts.claim_use(APPID, OPENID, DIGEST, CLAIM, None))
    first = replace(CLAIM, payload={"phoneNumber": "+86 13800000000", "name": "明 🎫"}, is_pending=False)
    assert bench.run(attempts.answer_use(APPID, OPENID, DIGEST, first))
    later = replace(OTHER, used_at=START + HOUR)
    assert not bench.run(attempts.claim_use(APPID, OPENID, DIGEST, later, None))
    assert not bench.run(attempts.claim_use(APPID, OPENID, DIGEST, later, CLAIM))
    for use in (CLAIM, later, replace(first, payload=None)):
        assert not bench.run(attempts.answer_use(APPID, OPENID, DIGEST, replace(use, is_pending=False)))
        bench.run(attempts.release_use(APPID, OPENID, DIGEST, use))
    assert bench.run(attempts.find_use(APPID, OPENID, DIGEST)) == first
    assert bench.run(attempts.find_use(APPID, OPENID, "D" * 64)) is None
    assert bench.run(attempts.purge_uses(START)) == 0
    assert bench.run(attempts.purge_uses(START + HOUR)) == 1


def test_a_claim_released_is_anybodys(bench: Bench) -> None:
    """What was not tried was not used; another's claim is not released."""
    attempts = bench.stores.attempts
    assert bench.run(attempts.claim_use(APPID, OPENID, DIGEST, CLAIM, None))
    bench.run(attempts.release_use(APPID, OPENID, DIGEST, OTHER))
    assert not bench.run(attempts.claim_use(APPID, OPENID, DIGEST, OTHER, None))
    bench.run(attempts.release_use(APPID, OPENID, DIGEST, CLAIM))
    assert bench.run(attempts.claim_use(APPID, OPENID, DIGEST, OTHER, None))


def test_a_dead_ones_claim_is_taken_over_once(bench: Bench) -> None:
    """Of many who take it over one succeeds; whoever was taken for dead can answer nothing any more."""
    attempts = bench.stores.attempts
    assert bench.run(attempts.claim_use(APPID, OPENID, DIGEST, CLAIM, None))
    new = replace(CLAIM, used_at=START + IN_FLIGHT_AT_MOST)
    claim = partial(attempts.claim_use, APPID, OPENID, DIGEST)
    others = [replace(new, used_at=new.used_at + number * MOMENT) for number in range(8)]
    results = bench.at_once([partial(claim, use, CLAIM) for use in others])
    assert sorted(map(bool, results)) == [False] * 7 + [True]
    winner = others[results.index(True)]
    assert not bench.run(attempts.answer_use(APPID, OPENID, DIGEST, replace(CLAIM, is_pending=False)))
    assert bench.run(attempts.answer_use(APPID, OPENID, DIGEST, replace(winner, is_pending=False)))


def test_key_checks_at_once_claim_each_person_once(bench: Bench) -> None:
    """Ten processes that look for people to ask about share them out; after the interval they are due again."""
    people = [OpenId(f"oPerson_{number:04}_0123456789") for number in range(12)]
    for openid in people:
        bench.run(bench.stores.keyrings.change(APPID, openid, lambda _: Keyring(HeldKey(Secret("key"), START))))
    claim = partial(bench.stores.key_checks.claim_due, APPID)
    results = bench.at_once([partial(claim, START - HOUR, START, 20)] * 10)
    assert [result for result in results if isinstance(result, BaseException)] == []
    assert sorted(openid for result in results if not isinstance(result, BaseException) for openid in result) == people
    assert bench.run(claim(START - HOUR, START, 20)) == ()
    assert sorted(bench.run(claim(START, START + HOUR, 20))) == people
