"""What every claim store promises."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from menjin.login.claims import Claim
from support.benches import Bench
from support.clock import START

UNTIL = START + timedelta(minutes=10)


def test_of_claims_at_once_one_wins(bench: Bench) -> None:
    """A hundred presenters of one code: one claims it, whether it is new or its last claim is over."""
    claims = bench.stores.claims
    for now in (START, UNTIL):
        until = now + timedelta(minutes=10)
        makers = [partial(claims.claim, "c" * 64, now, until, is_keyed=True)] * 100
        assert sorted(bench.at_once(makers), key=str) == [False] * 99 + [True]
        bench.run(claims.put_answer("c" * 64, "sealed", UNTIL))


def test_a_claim_is_found_answered_and_given_back(bench: Bench) -> None:
    """Its state comes back as it was put; a released code can be claimed again; what is over is purged."""
    claims = bench.stores.claims
    assert bench.run(claims.find("a" * 64)) is None
    assert bench.run(claims.claim("a" * 64, START, UNTIL, is_keyed=False))
    assert bench.run(claims.find("a" * 64)) == Claim(is_keyed=False)
    assert bench.run(claims.find("A" * 64)) is None
    bench.run(claims.put_answer("a" * 64, "sealed", UNTIL))
    assert bench.run(claims.find("a" * 64)) == Claim(is_keyed=False, sealed="sealed", answer_until=UNTIL)
    bench.run(claims.release("a" * 64))
    assert bench.run(claims.claim("a" * 64, START, UNTIL, is_keyed=True))
    assert bench.run(claims.purge_claims(UNTIL - timedelta(microseconds=1))) == 0
    assert bench.run(claims.purge_claims(UNTIL)) == 1
