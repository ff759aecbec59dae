"""The few commands we use, typed, for either colour and either setting of decode_responses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from redis.exceptions import NoScriptError, RedisClusterException, RedisError, ResponseError

from menjin.adapters.complaints import Outage
from menjin.adapters.redis.clients import AnyRedis
from menjin.adapters.redis.scripts import Script
from menjin.bridge import settle
from menjin.errors import StoreUnavailable

_LOG = logging.getLogger("menjin.redis")
_AT_ONCE = 500
_OUTAGES: WeakKeyDictionary[AnyRedis, Outage] = WeakKeyDictionary()


class Commands:
    """Asks Redis; each command touches one key. What goes wrong is StoreUnavailable, and no value is in its text.

    Args:
        client: redis-py's, of either colour.
        outage: Says when Redis cannot be used; by default all that ask one client share it.
    """

    def __init__(self, client: AnyRedis, outage: Outage | None = None) -> None:
        self._client: Any = client
        self._outage = outage or _OUTAGES.setdefault(client, Outage(_LOG, "Redis"))
        self.works_without_loop = isinstance(client, (redis.Redis, redis.RedisCluster))
        self._is_cluster = isinstance(client, (redis.RedisCluster, redis.asyncio.RedisCluster))

    async def get(self, key: str) -> str | None:
        """GET."""
        found = await self._ask(lambda client: client.get(key))
        return _text(found) if found is not None else None

    async def set(self, key: str, value: str, keep_ms: int | None = None) -> None:
        """SET, kept for so many milliseconds."""
        await self._ask(lambda client: client.set(key, value, px=keep_ms))

    async def set_if_missing(self, key: str, value: str) -> bool:
        """SET NX; whether it was missing."""
        return bool(await self._ask(lambda client: client.set(key, value, nx=True)))

    async def read_hash(self, key: str) -> dict[str, str]:
        """HGETALL; empty if there is none."""
        return _texts(await self._ask(lambda client: client.hgetall(key)))

    async def read_hashes(self, keys: Sequence[str]) -> list[dict[str, str]]:
        """HGETALL of each key."""
        return [_texts(found) for found in await self._pipe([("HGETALL", key) for key in keys])]

    async def get_each(self, keys: Sequence[str]) -> list[str | None]:
        """GET of each key."""
        found = await self._pipe([("GET", key) for key in keys])
        return [_text(value) if value is not None else None for value in found]

    async def drop_fields(self, key: str, fields: Sequence[str]) -> None:
        """HDEL."""
        await self._ask(lambda client: client.hdel(key, *fields))

    async def run(self, script: Script, key: str, *arguments: str | int) -> int:
        """Run a script on its key."""

        async def call(client: Any) -> object:  # noqa: ANN401 - one of four clients
            try:
                return await settle(client.evalsha(script.sha, 1, key, *arguments))
            except NoScriptError:
                return await settle(client.eval(script.text, 1, key, *arguments))

        return int(await self._ask(call))

    async def run_each(self, script: Script, calls: Sequence[tuple[str | int, ...]]) -> None:
        """Run a script once for each key and its arguments."""
        await self._pipe([("EVAL", script.text, 1, *call) for call in calls])

    async def ping(self) -> None:
        """PING."""
        await self._ask(lambda client: client.ping())

    async def info(self, section: str) -> list[Mapping[str, Any]]:
        """INFO of the server, or of each of a cluster's primaries."""
        return await self._each_server(lambda client, where: client.info(section, **where))

    async def read_config(self, name: str) -> list[str] | None:
        """CONFIG GET on each server; None where it is not allowed."""
        try:
            found = await self._each_server(lambda client, where: client.config_get(name, **where), may_refuse=True)
        except _NotAllowedError:
            return None
        return [_texts(one).get(name, "") for one in found]

    async def close(self) -> None:
        """Close the connections, those to sentinels too."""
        manager = getattr(getattr(self._client, "connection_pool", None), "sentinel_manager", None)
        for client in (self._client, *(manager.sentinels if manager is not None else ())):
            await settle(client.close() if self.works_without_loop else client.aclose())

    async def _each_server(
        self, call: Callable[[Any, dict[str, str]], Any], *, may_refuse: bool = False
    ) -> list[Mapping[str, Any]]:
        if not self._is_cluster:
            return [await self._ask(lambda client: call(client, {}), may_refuse=may_refuse)]
        where = {"target_nodes": self._client.PRIMARIES}
        found = await self._ask(lambda client: call(client, where), may_refuse=may_refuse)
        answers = list(found.values())
        return answers if answers and isinstance(answers[0], Mapping) else [found]

    async def _pipe(self, commands: Sequence[tuple[str | int, ...]]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(commands), _AT_ONCE):
            part = commands[start : start + _AT_ONCE]

            async def call(client: Any, part: Sequence[tuple[str | int, ...]] = part) -> object:  # noqa: ANN401 - either client
                pipe = client.pipeline(transaction=False)
                for command in part:
                    pipe.execute_command(*command)
                return await settle(pipe.execute())

            found += await self._ask(call)
        return found

    async def _ask(self, call: Callable[[Any], Any], *, may_refuse: bool = False) -> Any:  # noqa: ANN401 - what the command answers
        try:
            found = await settle(call(self._client))
        except (RedisError, RedisClusterException, OSError) as error:
            cause = type(error).__name__
            is_refused = may_refuse and _is_refusal(error)
        else:
            self._outage.end()
            return found
        if is_refused:
            raise _NotAllowedError
        self._outage.tell(cause)
        raise StoreUnavailable(store="redis")


class _NotAllowedError(Exception):
    """The command is forbidden to us, or renamed away."""


def _is_refusal(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, ResponseError) and any(
        part in text for part in ("unknown command", "no permissions", "noperm")
    )


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _texts(found: Mapping[Any, Any] | Sequence[Any]) -> dict[str, str]:
    if not isinstance(found, Mapping):  # a bare command's answer under RESP2
        found = dict(zip(found[::2], found[1::2], strict=True))
    return {_text(name): _text(value) for name, value in found.items()}
