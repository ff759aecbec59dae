"""The few commands we use, typed, for either colour and either setting of decode_responses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import NoScriptError, RedisClusterException, RedisError, ResponseError

from menjin.adapters.redis.clients import AnyRedis
from menjin.adapters.redis.cluster import AsyncCluster, BlockingCluster, Call, Words, sending
from menjin.adapters.redis.scripts import Script
from menjin.bridge import settle
from menjin.errors import StoreUnavailable

_LOG = logging.getLogger("menjin.redis")
_AT_ONCE = 500


class Commands:
    """Asks Redis; each command touches one key. What goes wrong is StoreUnavailable, and no value is in its text.

    Args:
        client: redis-py's, of either colour.
    """

    def __init__(self, client: AnyRedis) -> None:
        self._client: Any = client
        self.works_without_loop = isinstance(client, (redis.Redis, redis.RedisCluster))
        self._nodes = client.nodes if isinstance(client, (BlockingCluster, AsyncCluster)) else None
        self._is_cluster = isinstance(client, (redis.RedisCluster, redis.asyncio.RedisCluster))

    async def get(self, key: str) -> str | None:
        """GET."""
        found = await self._ask(key, lambda client: client.get(key))
        return _text(found) if found is not None else None

    async def set(self, key: str, value: str, keep_ms: int | None = None) -> None:
        """SET, kept for so many milliseconds."""
        await self._ask(key, lambda client: client.set(key, value, px=keep_ms))

    async def set_if_missing(self, key: str, value: str) -> bool:
        """SET NX; whether it was missing."""
        return bool(await self._ask(key, lambda client: client.set(key, value, nx=True)))

    async def read_hash(self, key: str) -> dict[str, str]:
        """HGETALL; empty if there is none."""
        return _texts(await self._ask(key, lambda client: client.hgetall(key)))

    async def read_hashes(self, keys: Sequence[str]) -> list[dict[str, str]]:
        """HGETALL of each key."""
        return [_texts(found) for found in await self._ask_each([(key, ("HGETALL", key)) for key in keys])]

    async def get_each(self, keys: Sequence[str]) -> list[str | None]:
        """GET of each key."""
        found = await self._ask_each([(key, ("GET", key)) for key in keys])
        return [_text(value) if value is not None else None for value in found]

    async def drop_fields(self, key: str, fields: Sequence[str]) -> None:
        """HDEL."""
        await self._ask(key, lambda client: client.hdel(key, *fields))

    async def run(self, script: Script, key: str, *arguments: str | int) -> int:
        """Run a script on its key."""
        with suppress(_ExpectedError):
            return int(await self._ask(key, lambda client: client.evalsha(script.sha, 1, key, *arguments), _is_unknown))
        return int(await self._ask(key, lambda client: client.eval(script.text, 1, key, *arguments)))

    async def run_each(self, script: Script, calls: Sequence[tuple[str | int, ...]]) -> None:
        """Run a script once for each key and its arguments."""
        await self._ask_each([(str(call[0]), ("EVAL", script.text, 1, *call)) for call in calls])

    async def ping(self) -> None:
        """PING; each of a cluster's primaries."""
        await self._each_server(lambda client, where: client.ping(**where))

    async def info(self, section: str) -> list[Mapping[str, Any]]:
        """INFO of the server, or of each of a cluster's primaries."""
        return await self._each_server(lambda client, where: client.info(section, **where))

    async def read_config(self, name: str) -> list[str] | None:
        """CONFIG GET on each server; None where it is not allowed."""
        try:
            found = await self._each_server(lambda client, where: client.config_get(name, **where), _is_refusal)
        except _ExpectedError:
            return None
        return [_texts(one).get(name, "") for one in found]

    async def close(self) -> None:
        """Close the connections, those to sentinels too."""
        manager = getattr(getattr(self._client, "connection_pool", None), "sentinel_manager", None)
        for client in (self._client, *(manager.sentinels if manager is not None else ())):
            await settle(client.close() if self.works_without_loop else client.aclose())

    async def _each_server(
        self, call: Callable[[Any, dict[str, str]], Any], expects: Callable[[Exception], bool] | None = None
    ) -> list[Any]:
        nodes = self._nodes
        if nodes is not None:
            found: list[Any] = await self._guard(lambda: nodes.ask_primaries(lambda one: call(one, {})), expects)
            return found
        where = {"target_nodes": self._client.PRIMARIES} if self._is_cluster else {}
        answer = await self._guard(lambda: call(self._client, where), expects)
        answers = list(answer.values()) if where and isinstance(answer, Mapping) else []
        return answers if answers and isinstance(answers[0], Mapping) else [answer]

    async def _ask_each(self, commands: Sequence[tuple[str, Words]]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(commands), _AT_ONCE):
            found += await self._ask_some(commands[start : start + _AT_ONCE])
        return found

    async def _ask_some(self, commands: Sequence[tuple[str, Words]]) -> Any:  # noqa: ANN401 - a list of answers
        nodes = self._nodes
        if nodes is not None:
            return await self._guard(lambda: nodes.ask_each(commands))
        send = sending([words for _, words in commands], raises=True)
        return await self._guard(lambda: send(self._client))

    async def _ask(self, key: str, call: Call, expects: Callable[[Exception], bool] | None = None) -> Any:  # noqa: ANN401 - what the command answers
        nodes = self._nodes
        return await self._guard(lambda: nodes.ask(key, call) if nodes is not None else call(self._client), expects)

    async def _guard(self, call: Callable[[], Any], expects: Callable[[Exception], bool] | None = None) -> Any:  # noqa: ANN401 - what the command answers
        try:
            return await settle(call())
        except (RedisError, RedisClusterException, OSError) as error:
            cause = type(error).__name__
            is_expected = expects is not None and expects(error)
        if is_expected:
            raise _ExpectedError
        _LOG.error("Redis cannot be used: %s", cause)
        raise StoreUnavailable


class _ExpectedError(Exception):
    """The answer is an error that the asker counts with."""


def _is_unknown(error: Exception) -> bool:
    return isinstance(error, NoScriptError)


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
