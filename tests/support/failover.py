"""A Redis failover that loses the last writes: the link to the replica is cut, the master dies, the replica takes over.

SIGSTOP of the replica does not show it: the socket's buffer would keep what the master sent. A cut link does.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from menjin.errors import SessionInvalid, StoreUnavailable
from support.clock import FakeClock
from support.doors import Door, House
from support.redis_rig import open_house, open_stores
from support.servers import RedisServer
from support.tcp_proxy import TcpProxy
from wxsim import FIRST_APPID

_PATIENCE = 20.0


class Pair:
    """A master and a replica, reached at one address that moves over."""

    def __init__(self) -> None:
        self.master, self.replica = RedisServer("--repl-diskless-sync-delay", "0"), RedisServer()
        self._link, self._address = TcpProxy(self.master.port), TcpProxy(self.master.port)
        with redis.Redis.from_url(self.replica.url) as client:
            client.replicaof("127.0.0.1", str(self._link.port))
            until = time.monotonic() + _PATIENCE
            while client.info("replication")["master_link_status"] != "up":
                assert time.monotonic() < until
                time.sleep(0.02)

    @property
    def url(self) -> str:
        """Of whoever is the master."""
        return f"redis://127.0.0.1:{self._address.port}/0"

    def cut_off(self) -> None:
        """Wait until the replica has everything, then let it hear no more."""
        with redis.Redis.from_url(self.master.url) as client:
            assert client.wait(1, 10_000) == 1
        self._link.cut()

    def fail_over(self) -> None:
        """Kill the master; the replica takes its place."""
        self.master.kill()
        with redis.Redis.from_url(self.replica.url) as client:
            client.replicaof("NO", "ONE")
        self._address.target = self.replica.port
        self._address.drop()

    def close(self) -> None:
        """End it all."""
        self._link.close()
        self._address.close()
        self.master.remove()
        self.replica.remove()


@dataclass(frozen=True)
class Outcome:
    """What became of the signed-out sessions.

    Attributes:
        alive: Tokens accepted, one number a process: the one that signed out, one beside it, one started later.
        kept: Sessions that the promoted Redis itself believes to be alive, in the end.
        seconds: From the promotion to the last answer that was no 503.
    """

    alive: tuple[int, ...]
    kept: int
    seconds: float


def lose_the_last_writes(folder: Path, count: int, *, log: bool = True) -> Outcome:
    """Sign out `count` sessions, each acknowledged, and fail over to a replica that heard of none.

    Args:
        folder: For the database.
        count: How many.
        log: Off for the control: a build without the revocation log.
    """
    pair, clock = Pair(), FakeClock()
    houses: list[House] = []

    def open_process(colour: str = "sync") -> Door:
        stores = open_stores("async" if colour == "async" else "sync", pair.url, folder, clock=clock, log=log)
        houses.append(open_house("async" if colour == "async" else "sync", stores, clock))
        return houses[-1].door

    try:
        first, beside = open_process(), open_process()
        tokens = [_sign_in(houses[0], f"person-{number}") for number in range(count)]
        pair.cut_off()
        for token in tokens:
            first.sign_out(token)
        pair.fail_over()
        promoted = time.monotonic()
        alive = [_count_alive(door, tokens) for door in (first, beside, open_process("async"))]
        seconds = time.monotonic() - promoted
        return Outcome(tuple(alive), _count_kept(pair.replica.url), seconds)
    finally:
        for house in houses:
            house.door.close()
        pair.close()


def _sign_in(house: House, name: str) -> str:
    house.world.change_person(name)
    token: str = house.door.sign_in(FIRST_APPID, house.code(name)).session_token.reveal()
    return token


def _count_alive(door: Door, tokens: list[str]) -> int:
    return sum(_is_alive(door, token) for token in tokens)


def _is_alive(door: Door, token: str) -> bool:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            door.authenticate(token)
        except SessionInvalid:
            return False
        except StoreUnavailable:
            assert time.monotonic() < until, "503 for too long"
            _let_others_run(door)
        else:
            return True


def _let_others_run(door: Door) -> None:
    if door._runner is not None:
        door._runner.run(asyncio.sleep(0.02))
    else:
        time.sleep(0.02)


def _count_kept(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        sessions = list(client.scan_iter("mj:{*}", count=1000))
        return sum(not client.hexists(key, "e") for key in sessions)
