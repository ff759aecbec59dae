"""A request that hangs up never hands its answer to another."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py

from menjin.adapters.redis.clients import open_async_redis
from menjin.adapters.redis.sessions import RedisSessions
from menjin.errors import StoreUnavailable
from menjin.sessions.model import Session
from support import redis_py_storm
from support.other_versions import lay_over
from support.redis_rig import make_session
from support.servers import RedisServer
from support.tcp_proxy import TcpProxy

pytestmark = pytest.mark.servers


@pytest.fixture
def slow_proxy(redis: RedisServer) -> Iterator[TcpProxy]:
    """Redis, two milliseconds away."""
    proxy = TcpProxy(redis.port)
    proxy.delay = 0.002
    yield proxy
    proxy.close()


class CarelessClient:
    """One connection, and no thought of what a cancelled caller leaves unread on it: the control."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lock = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def hgetall(self, key: str) -> dict[bytes, bytes]:
        """HGETALL over RESP2."""
        async with self._lock:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(f"*2\r\n$7\r\nHGETALL\r\n${len(key)}\r\n{key}\r\n".encode())
            length = int((await reader.readline())[1:])
            words = [await self._read_word(reader) for _ in range(length)]
            return dict(zip(words[::2], words[1::2], strict=True))

    async def get(self, _key: str) -> bytes:
        """The marker is there."""
        return b"1"

    async def aclose(self) -> None:
        """Close it."""
        if self._streams is not None:
            self._streams[1].close()
            with suppress(OSError):
                await self._streams[1].wait_closed()

    async def _read_word(self, reader: asyncio.StreamReader) -> bytes:
        length = int((await reader.readline())[1:])
        return (await reader.readexactly(length + 2))[:-2]


async def storm(
    store: RedisSessions, sessions: dict[str, Session], requests: int, *, at_once: int = 100, listings: float = 0.2
) -> tuple[int, int, int]:
    """Send requests of which about a third hang up; return answers that were right, another's, and none."""
    dice = random.Random(7)  # noqa: S311 - when to hang up
    hashes = list(sessions)
    right = wrong = 0

    async def ask(token_hash: str, *, listing: bool) -> None:
        nonlocal right, wrong
        expected = sessions[token_hash]
        with suppress(StoreUnavailable):
            if listing:
                found = await store.list_live(expected.subject.identity_id, expected.issued_at)
                is_right = found == (expected,)
            else:
                answer = await store.find(token_hash)
                is_right = answer is not None and answer.session == expected
            right, wrong = right + is_right, wrong + (not is_right)

    async def request() -> None:
        task = asyncio.create_task(ask(dice.choice(hashes), listing=dice.random() < listings))
        if dice.random() < 0.3:
            await asyncio.sleep(dice.random() * 0.006)
            task.cancel()
        with suppress(asyncio.CancelledError, ValueError, IndexError):
            await task

    for _ in range(0, requests, at_once):
        await asyncio.gather(*(request() for _ in range(at_once)))
    return right, wrong, requests - right - wrong


async def fill(redis: RedisServer, count: int) -> dict[str, Session]:
    """Keep sessions, each of another person; return them by hash."""
    store = RedisSessions(open_async_redis(redis.url))
    found = {}
    for number in range(count):
        session, token = make_session(f"p{number}")
        await store.add(session, token.token_hash)
        found[token.token_hash] = session
    await store.close()
    return found


def test_a_cancelled_request_never_hands_its_answer_to_another(redis: RedisServer, slow_proxy: TcpProxy) -> None:
    """4,000 look-ups and listings, a third cancelled on the way, through a slow network: 0 mixed answers."""

    async def run() -> tuple[int, int, int]:
        sessions = await fill(redis, 40)
        store = RedisSessions(open_async_redis(f"redis://127.0.0.1:{slow_proxy.port}/0"))
        try:
            return await storm(store, sessions, 4000)
        finally:
            await store.close()

    right, wrong, none = asyncio.run(run())
    assert wrong == 0
    assert right > 2000
    assert none > 400


def test_control_a_careless_client_mixes_answers_up(redis: RedisServer, slow_proxy: TcpProxy) -> None:
    """The same storm on a client that leaves the cancelled caller's answer unread hands it to the next one."""

    async def run() -> tuple[int, int, int]:
        sessions = await fill(redis, 40)
        client: Any = CarelessClient(slow_proxy.port)
        try:
            return await asyncio.wait_for(storm(RedisSessions(client), sessions, 200, at_once=2, listings=0), 30)
        finally:
            await client.aclose()

    assert asyncio.run(run())[1] > 0


@pytest.mark.parametrize(("version", "mixes_up"), [("4.5.1", True), (None, False)])
def test_control_redis_py_4_5_1_mixes_answers_up(
    redis: RedisServer, slow_proxy: TcpProxy, tmp_path: Path, version: str | None, *, mixes_up: bool
) -> None:
    """2,000 look-ups on redis-py itself: before 4.5.5 hundreds get another's answer, with the installed one none."""
    environment = lay_over(tmp_path, f"redis=={version}", "async-timeout") if version else dict(os.environ)
    names = {f"name-{number}": str(number) for number in range(40)}
    with redis_py.Redis(port=redis.port) as client:
        client.mset(names)
    command = [sys.executable, str(Path(redis_py_storm.__file__)), str(slow_proxy.port), "2000"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    ran, wrong = done.stdout.split()
    assert version is None or ran == version
    assert (int(wrong) > 0) is mixes_up
