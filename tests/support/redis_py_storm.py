"""Look-ups of which a third hang up, on whatever redis-py is found first: prints how many got another's answer.

Run as a program by a test that lays an old redis-py over ours: `python redis_py_storm.py PORT REQUESTS`.
"""

from __future__ import annotations

import asyncio
import random
import sys
from contextlib import suppress

import redis
import redis.asyncio


async def storm(port: int, requests: int) -> int:
    """Return how many answers were another's."""
    dice = random.Random(7)  # noqa: S311 - when to hang up
    client = redis.asyncio.Redis(port=port)
    wrong = 0

    async def ask(number: int) -> None:
        nonlocal wrong
        wrong += await client.get(f"name-{number}") != str(number).encode()

    async def request() -> None:
        task = asyncio.create_task(ask(dice.randrange(40)))
        if dice.random() < 0.3:
            await asyncio.sleep(dice.random() * 0.006)
            task.cancel()
        with suppress(asyncio.CancelledError, redis.RedisError, ValueError):
            await task

    async def work() -> None:
        for _ in range(requests // 10):
            await request()

    await asyncio.gather(*(work() for _ in range(10)))
    await client.connection_pool.disconnect()
    return wrong


if __name__ == "__main__":
    sys.stdout.write(f"{redis.__version__} {asyncio.run(storm(int(sys.argv[1]), int(sys.argv[2])))}\n")
