"""What every store of attempts, used ciphertexts and key checks promises."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from menjin import Secret
from menjin.session_keys.attempts import FAILURES_AT_MOST, Use
from menjin.session_keys.model import HeldKey, Keyring
from menjin.values import AppId, OpenId, SessionId
from support.benches import Bench
from support.clock import START

APPID, OPENID = AppId("wx0123456789abcdef"), OpenId("oAbC_0123456789abcdefg")
HOUR = timedelta(hours=1)


def test_attempts_at_once_are_all_counted(bench: Bench) -> None:
    """Of twenty attempts with a key at the same time, five may go on; another key, if only by case, has its own."""
    attempts = bench.stores.attempts
    results = bench.at_once([partial(attempts.begin, APPID, OPENID, "a" * 64)] * 20)
    granted = sorted(result for result in results if isinstance(result, int) and result)
    assert granted == list(range(1, FAILURES_AT_MOST + 1))
    assert bench.run(attempts.begin(APPID, OPENID, "A" * 64)) == 1
    bench.run(attempts.refund(APPID, OPENID, "a" * 64))
    assert bench.run(attempts.begin(APPID, OPENID, "a" * 64)) == FAILURES_AT_MOST
    assert bench.run(attempts.begin(APPID, OPENID, "a" * 64)) == 0


def test_the_first_use_of_a_ciphertext_stays(bench: Bench) -> None:
    """It comes back as it was kept, whoever writes after it, until it is purged."""
    attempts = bench.stores.attempts
    first = Use(SessionId("ses_1"), "phone", START, {"phoneNumber": "+86 13800000000", "name": "明 🎫"})
    second = Use(SessionId("ses_2"), "phone", START, None)
    bench.run(attempts.keep_use(APPID, OPENID, "d" * 64, first))
    bench.run(attempts.keep_use(APPID, OPENID, "d" * 64, second))
    assert bench.run(attempts.find_use(APPID, OPENID, "d" * 64)) == first
    assert bench.run(attempts.find_use(APPID, OPENID, "D" * 64)) is None
    assert bench.run(attempts.purge_uses(START)) == 0
    assert bench.run(attempts.purge_uses(START + HOUR)) == 1


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
