"""All that the vault sealed for an installation: in the database, and in Redis where there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.resealing import Resealed, Resealing
from menjin.adapters.vault import AesGcmVault
from menjin.errors import StoreUnavailable
from menjin.service.settings import Settings, read_redis_url
from menjin.values import parse_appid

if TYPE_CHECKING:
    from menjin.adapters.redis.resealing import RedisResealing


class Sealed:
    """Counts, checks and seals anew in both.

    Args:
        database: What is sealed there.
        redis: The same in Redis; None without one.
    """

    def __init__(self, database: Resealing, redis: RedisResealing | None) -> None:
        self._database = database
        self._redis = redis

    async def count_by_key(self) -> dict[str, int]:
        """Return how many texts each key sealed.

        Raises:
            StoreUnavailable: One of the two cannot be asked.
        """
        counts = Counter(await self._database.count_by_key())
        counts.update(await self._redis.count_by_key() if self._redis is not None else {})
        return dict(counts)

    async def check(self, *, whole: bool = False, may_miss_redis: bool = False) -> None:
        """See that every sealed text has its key in the ring, and that each key opens what it sealed.

        Args:
            whole: Look at all texts of the database whatever it remembers, and change nothing.
            may_miss_redis: Whether a Redis that is away is passed over.

        Raises:
            ConfigurationError: A key is missing, or its bytes are others.
            StoreUnavailable: One of the two cannot be asked.
        """
        await self._database.check(whole=whole)
        try:
            if self._redis is not None:
                await self._redis.check()
        except StoreUnavailable:
            if not may_miss_redis:
                raise

    async def reseal(self, tell: Callable[[int], None]) -> Resealed:
        """Seal anew with the active key whatever another one sealed; return what became of it.

        Args:
            tell: Hears how many there are by now.

        Raises:
            StoreUnavailable: Some were sealed, the rest were not.
        """
        done, damaged = await self._redis.reseal() if self._redis is not None else (0, 0)
        found = await self._database.reseal(tell=lambda more: tell(done + more))
        return replace(found, done=found.done + done, damaged=found.damaged + damaged)


@asynccontextmanager
async def opened_sealed(settings: Settings, database: Database, vault: AesGcmVault) -> AsyncIterator[Sealed]:
    """Open what an installation's vault sealed.

    Args:
        settings: Say whether there is a Redis, and which apps have a token there.
        database: Open.
        vault: The installation's.

    Raises:
        ConfigurationError: Redis's URL cannot be used.
    """
    url = read_redis_url(settings.redis)
    if url is None:
        yield Sealed(Resealing(database, vault), None)
        return
    from menjin.adapters.redis.clients import open_async_redis  # noqa: PLC0415 - redis-py is an extra
    from menjin.adapters.redis.resealing import RedisResealing  # noqa: PLC0415 - the same

    appids = [parse_appid(app.appid) for app in settings.apps]
    redis = RedisResealing(open_async_redis(url), vault, appids)
    try:
        yield Sealed(Resealing(database, vault), redis)
    finally:
        await redis.close()
