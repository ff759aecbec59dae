"""Redis away, frozen, back: 503 and never a session's end, and nothing of a key or value in what is said."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from menjin.adapters.redis.commands import Commands
from menjin.bridge import drive
from menjin.errors import SignedOut, StoreUnavailable
from stores.conftest import MakeRedisHouse
from support.clock import FakeClock
from support.doors import Colour, House
from support.redis_rig import Runner, StillStopwatch, open_client, open_house, open_stores
from support.servers import RedisServer
from wxsim import FIRST_APPID

pytestmark = pytest.mark.servers


@pytest.fixture
def house(colour: Colour, own_redis: RedisServer, tmp_path: Path) -> Iterator[House]:
    """A library on a Redis that the test may hurt."""
    clock = FakeClock()
    stores = open_stores(colour, own_redis.url, tmp_path, clock=clock, stopwatch=StillStopwatch())
    found = open_house(colour, stores, clock)
    yield found
    found.door.close()


def test_a_killed_redis_is_503_and_back_within_two_seconds(
    house: House, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """While it is away every deed is StoreUnavailable; two seconds after its return the same token is accepted."""
    signed_in = house.door.sign_in(FIRST_APPID, house.code())
    token = signed_in.session_token.reveal()
    for _ in range(2):
        own_redis.kill()
        deeds: list[Callable[[], object]] = [
            lambda: house.door.authenticate(token),
            lambda: house.door.sign_out(token),
            lambda: house.door.sign_in(FIRST_APPID, house.code()),
            house.door.ping,
        ]
        for deed in deeds:
            with pytest.raises(StoreUnavailable) as caught:
                deed()
            assert caught.value.__cause__ is None
            assert caught.value.__context__ is None, "what redis-py raised may know the command"
        own_redis.start()
        _assert_back(lambda: house.door.authenticate(token), within=2.0)
        house.door.sign_in(FIRST_APPID, house.code())
    assert signed_in.session.session_id not in caplog.text
    assert "mj:" not in caplog.text
    assert str(own_redis.port) not in caplog.text


def test_connections_that_a_restart_closed_are_not_used_again(run: Runner, own_redis: RedisServer) -> None:
    """Every connection of the pool died with the old server; the next commands open new ones and none fails."""
    commands = Commands(open_client(run.colour, own_redis.url))
    at_once = 5

    async def ping_at_once() -> None:
        await asyncio.sleep(0.1)  # a loop hears of closed connections while it runs, as a server's does
        await asyncio.gather(*(commands.ping() for _ in range(at_once)))

    def ping() -> None:
        if run.colour == "async":
            run(ping_at_once())
            return
        with ThreadPoolExecutor(at_once) as threads:
            for done in [threads.submit(drive, commands.ping()) for _ in range(at_once)]:
                done.result()

    ping()
    own_redis.kill()
    own_redis.start()
    ping()
    run(commands.close())


def test_a_frozen_redis_is_503_within_its_deadline(house: House, own_redis: RedisServer) -> None:
    """A Redis that takes connections and says nothing costs a second, not a worker."""
    token = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    own_redis.pause()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        house.door.authenticate(token)
    assert time.monotonic() - began < 2.5
    own_redis.resume()
    _assert_back(lambda: house.door.authenticate(token), within=2.0)


def test_a_start_without_redis_waits_for_it(colour: Colour, tmp_path: Path) -> None:
    """Opening does not fail while Redis is away; nobody is let in until it is there."""
    server = RedisServer("--appendonly", "yes")
    server.kill()
    clock = FakeClock()
    found = open_house(colour, open_stores(colour, server.url, tmp_path, clock=clock), clock)
    try:
        with pytest.raises(StoreUnavailable):
            found.door.ping()
        server.start()
        _assert_back(found.door.ping, within=3.0)
    finally:
        found.door.close()
        server.remove()


@pytest.mark.parametrize("is_told", [True, False], ids=["ours", "control"])
def test_a_sign_out_that_redis_refused_holds_for_good(
    colour: Colour, redis: RedisServer, tmp_path: Path, *, is_told: bool
) -> None:
    """The end is committed, Redis is full, the repetition is acknowledged: a day later it is still signed out.

    Control: a Redis that takes itself for up to date lets the session live again.
    """
    clock = FakeClock()
    house = open_house(colour, open_stores(colour, redis.url, tmp_path, clock=clock), clock)
    token = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    with Redis.from_url(redis.url) as client:
        client.config_set("maxmemory", "1")
        with pytest.raises(StoreUnavailable):
            house.door.sign_out(token)
        _assert_back(lambda: house.door.sign_out(token), within=3.0)
        house.door.close()
        client.config_set("maxmemory", "0")
        if not is_told:
            client.set("mj:swept", _count_ends(tmp_path))
        clock.advance(hours=25)
        later = open_house(colour, open_stores(colour, redis.url, tmp_path, clock=clock), clock, world=house.world)
        try:
            if is_told:
                with pytest.raises(SignedOut):
                    later.door.authenticate(token)
            else:
                later.door.authenticate(token)
        finally:
            later.door.close()


def test_a_store_that_cannot_write_still_reads(make_redis_house: MakeRedisHouse, redis: RedisServer) -> None:
    """A Redis out of memory refuses writes: sign-ins are 503, requests of the signed-in go on."""
    house = make_redis_house()
    token = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    house.advance(86400)
    with Redis.from_url(redis.url) as client:
        client.config_set("maxmemory", "1")
        try:
            house.door.authenticate(token)
            with pytest.raises(StoreUnavailable):
                house.door.sign_in(FIRST_APPID, house.code())
        finally:
            client.config_set("maxmemory", "0")


def _count_ends(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "menjin.db")) as database:
        return int(database.execute("SELECT max(number) FROM revocations").fetchone()[0])


def _assert_back(deed: Callable[[], object], within: float) -> None:
    until = time.monotonic() + within
    while True:
        try:
            deed()
        except StoreUnavailable:
            assert time.monotonic() < until
            time.sleep(0.02)
        else:
            return
