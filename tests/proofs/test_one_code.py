"""One login_code, many presenters: `scripts/soak one-code`, scaled down."""

from __future__ import annotations

import asyncio

from soak.one_code import count_exchanges, prove
from support.fleet import Zygote


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
