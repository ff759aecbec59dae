"""A cluster's nodes, each asked through a client of its own, as a single server is.

redis-py's cluster clients know which node has which keys. Their own way of asking is not used: what failed is repeated
for many seconds, a pipeline's commands one by one, and who finds all connections in use is refused and does not wait.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import redis
import redis.asyncio
from redis.cluster import NodesManager
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisClusterException, ResponseError
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import TimeoutError as NoAnswerError

from menjin.bridge import settle
from menjin.clock import SystemStopwatch

Call = Callable[[Any], Any]
Words = tuple[str | int, ...]
Place = tuple[str, int]

_REDIRECTS = 5
_LEARNING_WITHIN = 1.0
_LEARNED_AGAIN_AFTER = 0.5
# After these, somebody else may have the keys.
_STRANGE = (NoConnectionError, NoAnswerError, ClusterDownError, RedisClusterException, OSError)
_REDIRECTION = re.compile(r"\b(MOVED|ASK) ([0-9]+ \S*:[0-9]+)$")
# redis-py before 8 asks in the order it has noted.
_CAN_DEFER = "last_failed_node_name" in inspect.signature(NodesManager.initialize).parameters


class Nodes:
    """Asks the node that has a key; follows keys that moved, and repeats nothing that failed.

    Args:
        cluster: redis-py's client, of either colour; asked only who has what.
        open_node: Opens the client of the server at a host and port, in the same colour.
    """

    def __init__(self, cluster: Any, open_node: Callable[[str, int], Any]) -> None:  # noqa: ANN401 - either colour
        self._cluster = cluster
        self._open_node = open_node
        self._stopwatch = SystemStopwatch()
        self._clients: dict[Place, Any] = {}
        self._learned_at = -_LEARNED_AGAIN_AFTER

    async def ask(self, key: str, call: Call) -> Any:  # noqa: ANN401 - what the command answers
        """Return what `call` returns, given the client of the node that has `key`; it sends one command."""
        place, send = None, call
        for _ in range(_REDIRECTS):
            try:
                return await self._ask_at(place or await self._find(key), send)
            except ResponseError as error:
                elsewhere = _read_redirection(error)
                if elsewhere is None:
                    raise
            has_moved = isinstance(elsewhere, MovedError)
            place = (elsewhere.host, elsewhere.port) if elsewhere.host else None
            send = call if has_moved else _asking(call)
            if has_moved:
                await self._learn()
        raise RedisClusterException("sent from node to node")

    async def ask_each(self, commands: Sequence[tuple[str, Words]]) -> list[Any]:
        """Return the answers to commands, each given with its key; a node is sent its own all at once."""
        positions: dict[Place, list[int]] = {}
        for position, (key, _) in enumerate(commands):
            positions.setdefault(await self._find(key), []).append(position)
        answers: list[Any] = [None] * len(commands)
        for place, mine in positions.items():
            found = await self._ask_at(place, sending([commands[position][1] for position in mine]))
            for position, answer in zip(mine, found, strict=True):
                answers[position] = answer
        for position, (key, words) in enumerate(commands):
            answer = answers[position]
            if isinstance(answer, ResponseError) and _read_redirection(answer) is not None:
                answers[position] = await self.ask(key, partial(_send, words))
            elif isinstance(answer, Exception):
                raise answer
        return answers

    async def ask_primaries(self, call: Call) -> list[Any]:
        """Return what `call` returns, given the client of each primary in turn."""
        await self._know()
        places = [(node.host, int(node.port)) for node in self._cluster.get_primaries()]
        return [await self._ask_at(place, call) for place in places]

    def take_clients(self) -> list[Any]:
        """Return the clients for closing; they are forgotten here."""
        taken = list(self._clients.values())
        self._clients.clear()
        return taken

    async def _ask_at(self, place: Place, call: Call) -> Any:  # noqa: ANN401 - what the command answers
        async with self._learning(place):
            client = self._clients.get(place) or self._clients.setdefault(place, self._open_node(*place))
            return await settle(call(client))

    async def _find(self, key: str) -> Place:
        await self._know()
        async with self._learning():
            node = self._cluster.get_node_from_key(key)
        return node.host, int(node.port)

    async def _know(self) -> None:
        if isinstance(self._cluster, redis.asyncio.RedisCluster):
            await _in_time(self._cluster.initialize)

    @asynccontextmanager
    async def _learning(self, place: Place | None = None) -> AsyncIterator[None]:
        try:
            yield
        except _STRANGE:
            await self._learn(place)
            raise

    async def _learn(self, failed: Place | None = None) -> None:
        """Ask who has what; the node that just failed last."""
        now = self._stopwatch.seconds()
        if now - self._learned_at < _LEARNED_AGAIN_AFTER:
            return
        self._learned_at = now
        manager = self._cluster.nodes_manager
        name = f"{failed[0]}:{failed[1]}" if failed else ""
        last = {"last_failed_node_name": name} if failed and _CAN_DEFER else {}
        if name in manager.startup_nodes and not _CAN_DEFER:
            manager.startup_nodes[name] = manager.startup_nodes.pop(name)
        with suppress(*_STRANGE):
            await _in_time(lambda: manager.initialize(**last))


class BlockingCluster(redis.RedisCluster):
    """redis-py's client of a cluster, for callers without an event loop, and clients of its nodes."""

    def __init__(self, open_node: Callable[[str, int], redis.Redis], **options: Any) -> None:  # noqa: ANN401 - redis-py's
        self.nodes = Nodes(self, open_node)
        super().__init__(**options)

    def close(self) -> None:
        """Close all connections."""
        for client in self.nodes.take_clients():
            client.close()
        super().close()


class AsyncCluster(redis.asyncio.RedisCluster):
    """redis-py's client of a cluster, for callers with an event loop, and clients of its nodes."""

    def __init__(self, open_node: Callable[[str, int], redis.asyncio.Redis], **options: Any) -> None:  # noqa: ANN401 - redis-py's
        self.nodes = Nodes(self, open_node)
        super().__init__(**options)

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self.nodes.take_clients():
            await client.aclose()
        await super().aclose()


def _send(words: Words, client: Any) -> Any:  # noqa: ANN401 - either colour
    return client.execute_command(*words)


def _read_redirection(error: ResponseError) -> AskError | None:
    """Return where the key is said to be; before 7.1 redis-py's client of a single server leaves it in the text."""
    if isinstance(error, AskError):
        return error
    found = _REDIRECTION.search(str(error))
    if found is None:
        return None
    kind = MovedError if found[1] == "MOVED" else AskError
    return kind(found[2])


def _asking(call: Call) -> Call:
    """Return `call` with leave to use keys that are on their way to the node."""

    async def ask(client: Any) -> object:  # noqa: ANN401 - either colour
        pipe = client.pipeline(transaction=False)
        pipe.execute_command("ASKING")
        call(pipe)
        return (await settle(pipe.execute()))[-1]

    return ask


def sending(commands: Sequence[Words], *, raises: bool = False) -> Call:
    """Return what sends a client commands all at once; `raises`: the first error, which is else among the answers."""

    def send(client: Any) -> Any:  # noqa: ANN401 - either colour
        pipe = client.pipeline(transaction=False)
        for words in commands:
            pipe.execute_command(*words)
        return pipe.execute(raise_on_error=raises)

    return send


async def _in_time(call: Callable[[], Any]) -> None:
    """Do it; under a loop for a second at most, also if many wait for one to be done."""
    going = call()
    if inspect.isawaitable(going):
        async with asyncio.timeout(_LEARNING_WITHIN):
            await going
