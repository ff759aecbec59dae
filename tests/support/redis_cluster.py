"""A real Redis Cluster of three primaries, for tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import redis
from redis.crc import key_slot

from support.ports import free_port
from support.servers import RedisServer

_SLOTS = 16384
_WITHIN = 30.0


class RedisCluster:
    """Three primaries that cover all slots; one that is away takes only its own keys with it.

    Args:
        options: Further words of each node's command line.
    """

    def __init__(self, *options: str) -> None:
        self._replicas: list[RedisServer] = []
        self._buses = [free_port() for _ in range(3)]
        fixed = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", *options)
        self.nodes = [RedisServer(*fixed, "--cluster-port", str(bus)) for bus in self._buses]
        for number in range(3):
            first, last = number * _SLOTS // 3, (number + 1) * _SLOTS // 3 - 1
            self.ask(number, "CLUSTER", "ADDSLOTSRANGE", first, last)
        for number in range(3):
            for node, bus in zip(self.nodes, self._buses, strict=True):
                self.ask(number, "CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        self.wait()

    @property
    def url(self) -> str:
        """Names one of the nodes."""
        return f"redis+cluster://127.0.0.1:{self.nodes[0].port}"

    def ask(self, number: int, *words: str | int) -> Any:  # noqa: ANN401 - what the command answers
        """Send one node a command."""
        with redis.Redis(port=self.nodes[number].port, socket_timeout=2) as client:
            return client.execute_command(*words)

    def ask_all(self, *words: str | int) -> list[Any]:
        """Send each node a command."""
        return [self.ask(number, *words) for number in range(3)]

    def owner(self, key: str) -> int:
        """Return the number of the node that has a key."""
        slot = key_slot(key.encode())
        ranges = [(found[0], found[1], found[2][1]) for found in self.ask(0, "CLUSTER", "SLOTS")]
        port = next(port for first, last, port in ranges if first <= slot <= last)
        return [node.port for node in self.nodes].index(port)

    def move(self, key: str, source: int, target: int) -> Iterator[str]:
        """Move a key's slot to another node, and yield between the steps."""
        slot = key_slot(key.encode())
        ids = [found.decode() for found in self.ask_all("CLUSTER", "MYID")]
        self.ask(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        self.ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
        yield "begun"
        self.ask(source, "MIGRATE", "127.0.0.1", self.nodes[target].port, key, 0, 2000)
        yield "the key is there, the slot is not"
        for number in (target, source):
            self.ask(number, "CLUSTER", "SETSLOT", slot, "NODE", ids[target])
        yield "moved"
        self.wait()

    def add_replica(self, number: int) -> RedisServer:
        """Give a primary a replica."""
        bus = free_port()
        replica = RedisServer("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", str(bus))
        self._replicas.append(replica)
        with redis.Redis(port=replica.port) as client:
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.nodes[number].port, self._buses[number])
            wanted = self.ask(number, "CLUSTER", "MYID")
            _wait_for(lambda: wanted in client.execute_command("CLUSTER", "NODES"))
            client.execute_command("CLUSTER", "REPLICATE", wanted)
        _wait_for(lambda: all(b"slave" in found for found in self.ask_all("CLUSTER", "NODES")))
        return replica

    def wait_for_copies(self, number: int) -> None:
        """Return when a primary's replica has all that the primary has."""
        with redis.Redis(port=self.nodes[number].port) as client:
            _wait_for(lambda: client.wait(1, 1000) == 1)

    def promote(self, replica: RedisServer) -> None:
        """Make a replica the primary of its slots, without asking the others."""
        with redis.Redis(port=replica.port) as client:
            client.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")

    def mend(self) -> None:
        """Have every node running, in agreement, and empty."""
        for node in self.nodes:
            node.resume_or_start()
        self.wait()
        self.ask_all("FLUSHALL")

    def wait(self) -> None:
        """Return when all nodes know and reach each other."""
        _wait_for(lambda: all(b"cluster_state:ok" in found for found in self.ask_all("CLUSTER", "INFO")))
        _wait_for(lambda: all(_knows_three(found) for found in self.ask_all("CLUSTER", "NODES")))

    def remove(self) -> None:
        """Stop the nodes and remove their folders."""
        for node in (*self.nodes, *self._replicas):
            node.remove()


def _knows_three(listing: bytes) -> bool:
    return listing.count(b"master") == 3 and b"fail" not in listing


def _wait_for(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + _WITHIN
    while not happens():
        assert time.monotonic() < until
        time.sleep(0.05)
