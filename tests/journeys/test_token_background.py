"""The background that keeps access_tokens fresh, the wait for a WeChat that hangs, and logins that need no token."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

import wxsim
from conftest import MakeHouse
from menjin import AiohttpHttp, AsyncMenjin, BlockingHttp, Menjin, Parts, TaskPause, ThreadPause, TokenFigures
from menjin.clock import SystemClock, SystemStopwatch
from menjin.errors import QuotaExceeded, TransportError
from support.doors import Colour, House
from support.token_desk import APPID, STABLE_PATH, Desks
from wxsim import Fault

QUICK = TokenFigures(look_every=timedelta(milliseconds=20), jitter=timedelta(0))
WAIT = 3.0
SLACK = 1.5  # of a busy machine


def until(condition: Callable[[], bool]) -> None:
    """Return when it holds; fail after ten seconds."""
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to be")


def test_the_background_renews_without_any_reader(make_house: MakeHouse) -> None:
    """A token read once is renewed 240 s before its end though nobody reads; afterwards the background is gone."""
    house = make_house()
    parts = replace(house.parts, tokens=QUICK, keeps_tokens=True)

    def count() -> int:
        return sum(entry.path == STABLE_PATH for entry in house.world.journal.entries)

    def turn() -> None:
        assert count() == 1
        house.advance(6961)
        until(lambda: count() == 2)

    if isinstance(house.door._menjin, Menjin):
        with Menjin(parts) as menjin:
            menjin.access_tokens.get(APPID)
            turn()
    else:

        async def scene() -> None:
            async with AsyncMenjin(parts) as menjin:
                await menjin.access_tokens.get(APPID)
                await asyncio.to_thread(turn)

        asyncio.run(scene())
    house.advance(7200)
    time.sleep(0.1)
    assert count() == 2


def test_login_works_while_the_token_quota_is_used_up(house: House) -> None:
    """WeChat gives no access_token: logins and sessions do not notice; what needs one says what is wrong."""
    house.world.fault(Fault(name="errcode", path="/cgi-bin/*token*", errcode=45009, times=None))
    for person in ("ming", "hong"):
        token = house.door.sign_in(APPID, house.code(person)).session_token.reveal()
        assert house.door.authenticate(token).session.session_id
        with pytest.raises(QuotaExceeded):
            house.door.phone_by_code(token, "0" * 64)
    assert sum(entry.path == STABLE_PATH for entry in house.world.journal.entries) == 1


@pytest.fixture
def hanging(colour: Colour) -> Iterator[tuple[Parts, wxsim.World]]:
    """The parts of a library whose WeChat takes every request and answers none."""
    with wxsim.serve() as wechat:
        wechat.world.fault(Fault(name="hang", path=STABLE_PATH, times=None))
        desks = Desks(colour)
        parts: Parts = desks.make().door._parts
        is_async = colour == "async"
        real = replace(
            parts,
            http=AiohttpHttp() if is_async else BlockingHttp(),
            pause=TaskPause() if is_async else ThreadPause(),
            clock=SystemClock(),
            stopwatch=SystemStopwatch(),
            base_url=wechat.url,
        )
        yield real, wechat.world
        desks.close()


def test_twenty_cold_readers_wait_three_seconds_and_ask_once(
    colour: Colour, hanging: tuple[Parts, wxsim.World]
) -> None:
    """WeChat hangs: each is told so within 3 s, from tasks or threads, and one request went out."""
    parts, world = hanging
    watch = SystemStopwatch()
    began = watch.seconds()
    errors = _read_in_tasks(parts) if colour == "async" else _read_in_threads(parts)
    took = watch.seconds() - began
    assert {isinstance(error, TransportError) for error in errors} == {True}
    assert took < WAIT + SLACK
    assert sum(entry.path == STABLE_PATH for entry in world.journal.entries) == 1


def _read_in_threads(parts: Parts) -> list[BaseException | None]:
    with Menjin(parts) as menjin, ThreadPoolExecutor(20) as pool:
        runs = [pool.submit(menjin.access_tokens.get, APPID) for _ in range(20)]
        return [run.exception(20) for run in runs]


def _read_in_tasks(parts: Parts) -> list[Any]:
    async def scene() -> list[Any]:
        async with AsyncMenjin(parts) as menjin:
            return await asyncio.gather(*(menjin.access_tokens.get(APPID) for _ in range(20)), return_exceptions=True)

    return asyncio.run(scene())
