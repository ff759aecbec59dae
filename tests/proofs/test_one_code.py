"""One login_code, many presenters: `scripts/soak one-code`, scaled down."""

from __future__ import annotations

import asyncio
from datetime import datetime

from menjin import Secret, TaskPause
from menjin.adapters.memory import MemoryClaims
from menjin.clock import SystemClock, SystemRandomness
from menjin.login.claims import Answer, Claim, Claims
from soak.one_code import count_exchanges, prove
from support.clock import NoPause
from support.fleet import APPID, Zygote


def test_one_code_is_one_call_and_one_session(zygote: Zygote) -> None:
    """80 presenters at two processes: WeChat is asked once, one session is made, with and without keys."""
    verdict = asyncio.run(prove(zygote, presenters=80, processes=2))
    assert verdict.violations == []
    assert verdict.seen["no-key-0: 201"] == 1
    assert verdict.seen["one-key-0: 201"] > 1


def test_control_without_the_claim_wechat_is_asked_again_and_again() -> None:
    """CONTROL: where every claim is granted, 20 presenters are 20 calls; the real store makes one."""
    assert asyncio.run(count_exchanges(20, broken=True)) > 1
    assert asyncio.run(count_exchanges(20, broken=False)) == 1


class CountedClaims(MemoryClaims):
    """Counts who asks, and takes its time to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.looked = 0

    async def find(self, code_hash: str) -> Claim | None:
        """Return what is known of a code, slowly."""
        self.looked += 1
        await asyncio.sleep(0)
        return await super().find(code_hash)

    async def claim(self, code_hash: str, now: datetime, until: datetime, *, is_keyed: bool) -> bool:
        """Claim a code, slowly."""
        self.asked += 1
        await asyncio.sleep(0)
        return await super().claim(code_hash, now, until, is_keyed=is_keyed)


async def present(claims: Claims, *, times: int) -> list[bool]:
    """Present one code so often at once."""
    return await asyncio.gather(*(claims.take(APPID, "code", is_keyed=False) for _ in range(times)))


def test_a_crowd_at_one_process_does_not_reach_the_store() -> None:
    """While the first has a code in hand, the others are refused from memory; afterwards the store says so."""
    store = CountedClaims()
    claims = Claims(store, SystemClock(), SystemRandomness(), NoPause())
    assert sorted(asyncio.run(present(claims, times=50))) == [False] * 49 + [True]
    assert store.asked == 1
    claims.let_go(APPID, "code")
    assert asyncio.run(present(claims, times=1)) == [False]
    assert store.asked == 2


async def repeat(claims: Claims, *, times: int) -> int:
    """Wait so often at once for the answer that comes meanwhile; return how many got it."""
    key, token = Secret("k" * 22), Secret("mjs_of-the-first")
    assert await claims.take(APPID, "code", is_keyed=True)
    waiting = [asyncio.create_task(claims.wait_for_answer(APPID, "code", key)) for _ in range(times)]
    await asyncio.sleep(0)
    await claims.keep_answer(APPID, "code", key, Answer(token, is_new=True))
    claims.let_go(APPID, "code")
    return (await asyncio.gather(*waiting)).count(Answer(token, is_new=True))


def test_a_crowd_that_waits_looks_once() -> None:
    """50 who wait for one answer all get it, and ask the store for it once."""
    store = CountedClaims()
    claims = Claims(store, SystemClock(), SystemRandomness(), TaskPause())
    assert asyncio.run(repeat(claims, times=50)) == 50
    assert store.looked == 1


def test_a_code_given_back_may_be_claimed_again() -> None:
    """What WeChat did not consume is free again, in the store and in memory."""
    claims = Claims(MemoryClaims(), SystemClock(), SystemRandomness(), NoPause())
    for _ in range(2):
        assert asyncio.run(present(claims, times=1)) == [True]
        asyncio.run(claims.release(APPID, "code"))
        claims.let_go(APPID, "code")
