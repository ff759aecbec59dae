"""One HTTP adapter shared: by threads, by tasks of which some are cancelled, and across a fork."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import pytest

from menjin.adapters.http import AiohttpHttp, BlockingHttp
from menjin.bridge import drive
from menjin.errors import ConnectFailed
from menjin.wechat.ports import HttpRequest, HttpResponse
from support.faulty_wechat import GOOD, FaultyWeChat


@pytest.fixture
def wechat() -> Iterator[FaultyWeChat]:
    """A faulty WeChat."""
    with FaultyWeChat() as found:
        yield found


def ask(wechat: FaultyWeChat, path: str) -> HttpRequest:
    """Return a request."""
    return HttpRequest("GET", wechat.url + path)


def test_twenty_threads_share_one_blocking_adapter(wechat: FaultyWeChat) -> None:
    """Each of 200 requests of 20 threads gets an answer; misdeeds among them hurt nobody else."""
    http = BlockingHttp()

    def once(number: int) -> str:
        path = ("/good", "/reset", "/good", "/cut", "/good")[number % 5]
        try:
            return str(drive(http.send(ask(wechat, path))).status)
        except ConnectFailed:
            return path

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(once, range(200)))
    http.close()
    assert found == ["200", "/reset", "200", "/cut", "200"] * 40


def test_a_blocking_adapter_may_be_closed_and_used_again(wechat: FaultyWeChat) -> None:
    """Closing is no end: the next request starts anew; closing twice is no fault."""
    http = BlockingHttp()
    http.close()
    for _ in range(2):
        assert drive(http.send(ask(wechat, "/good"))).status == 200
        http.close()
        http.close()


async def _by_aiohttp_alone(wechat: FaultyWeChat) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(wechat.url + "/good") as response:
            await response.read()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.get(wechat.url + "/silent")


def test_control_aiohttp_by_itself_sends_a_get_again(wechat: FaultyWeChat) -> None:
    """CONTROL: without our care a GET whose kept connection breaks reaches WeChat twice."""
    asyncio.run(_by_aiohttp_alone(wechat))
    assert wechat.seen == ["/good", "/silent", "/silent"]


async def _with_one_cancelled(wechat: FaultyWeChat) -> list[HttpResponse]:
    http = AiohttpHttp(connections=2)
    try:
        lost = [asyncio.create_task(http.send(ask(wechat, "/hang"))) for _ in range(2)]
        while len(wechat.seen) < 2:  # noqa: ASYNC110 - another thread counts; it knows nothing of this loop
            await asyncio.sleep(0.01)
        waiting = [asyncio.create_task(http.send(ask(wechat, f"/good{number}"))) for number in range(10)]
        await asyncio.sleep(0)
        for task in lost:
            task.cancel()
        for task in lost:
            with pytest.raises(asyncio.CancelledError):
                await task
        return await asyncio.gather(*waiting)
    finally:
        await http.close()


def test_cancelling_one_request_disturbs_no_other(wechat: FaultyWeChat) -> None:
    """With both connections taken by requests that are cancelled, the ten that wait are served."""
    found = asyncio.run(_with_one_cancelled(wechat), debug=True)
    assert found == [HttpResponse(200, GOOD)] * 10


FORKING = """
import os, sys, time
from menjin.adapters.http import BlockingHttp
from menjin.bridge import drive
from menjin.wechat.ports import HttpRequest

http = BlockingHttp()

def ask():
    begun = time.monotonic()
    status = drive(http.send(HttpRequest("GET", sys.argv[1]))).status
    assert time.monotonic() - begun < 1
    return status

assert ask() == 200
for leaves_by_itself in (False, True):
    child = os.fork()
    if child == 0:
        assert ask() == 200
        sys.exit(0) if leaves_by_itself else os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert ask() == 200
http.close()
"""


def test_a_forked_child_and_its_parent_both_go_on(wechat: FaultyWeChat) -> None:
    """The child sends by a loop of its own; the parent's kept connections are as good as before."""
    url = wechat.url + "/good"
    done = subprocess.run([sys.executable, "-c", FORKING, url], capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"Traceback" not in done.stderr
    assert len(wechat.seen) == 5
