"""A padding-oracle attacker and a splicer: `scripts/soak oracle`, scaled down."""

from __future__ import annotations

import asyncio

import pytest

from soak.oracle import attack_leaky, attack_ours, in_flight, splice, timing
from support.fleet import Zygote


def test_control_a_leaky_endpoint_gives_a_block_away() -> None:
    """CONTROL: where bad padding is told from bad JSON, the attacker reads a whole block."""
    verdict = asyncio.run(attack_leaky(most=6000, whole=False))
    assert verdict.violations == []
    assert verdict.figures["bytes recovered"] == 16


@pytest.mark.parametrize("resets", [False, True])
def test_not_one_byte_is_recovered(zygote: Zygote, *, resets: bool) -> None:
    """Logging in again at every refusal, with WeChat replacing the key or not, the answers never differ."""
    verdict = asyncio.run(attack_ours(zygote, most=150, resets=resets, processes=1))
    assert verdict.violations == []
    assert verdict.figures["different answers"] == 1


def test_50_in_flight_do_not_outrun_the_budget(zygote: Zygote) -> None:
    """50 attempts at once at two processes use the key five times, and a spent key opens nothing more."""
    verdict = asyncio.run(in_flight(zygote, processes=2))
    assert verdict.violations == []
    assert verdict.figures["attempts that used the key"] == 5


def test_control_a_count_that_is_read_then_written_is_outrun(zygote: Zygote) -> None:
    """CONTROL: where the count is written after it was read, more than five attempts use the key."""
    verdict = asyncio.run(in_flight(zygote, build="racy_attempts", processes=2))
    assert any("attempts used the key" in violation for violation in verdict.violations)


def test_a_nickname_of_digits_binds_nothing(zygote: Zygote) -> None:
    """An iv of one's own before a nickname of digits: refused at every door; a leaky endpoint takes it for a number."""
    verdict = asyncio.run(splice(zygote, shifts=16))
    assert verdict.violations == []
    assert verdict.seen["leaky endpoint: {'phone': '13912345678'}"]


def test_refused_classes_look_alike(zygote: Zygote) -> None:
    """Bad padding, bad JSON and a spent key are answered alike; how long each takes is reported."""
    verdict = asyncio.run(timing(zygote, people=3))
    assert verdict.violations == []
    assert verdict.figures["samples of a class"] == 6
