"""A look at the Redis that keeps the sessions."""

from __future__ import annotations

from functools import partial

from menjin.adapters.findings import Finding, Level
from menjin.adapters.redis.clients import AnyRedis
from menjin.adapters.redis.commands import Commands
from menjin.adapters.redis.durability import describe_losses
from menjin.errors import StoreUnavailable

_SET = "redis-cli CONFIG SET appendonly yes, and the same in redis.conf 请开启 AOF 持久化"
_KEEP = "redis-cli CONFIG SET maxmemory-policy noeviction, and the same in redis.conf 请改为 noeviction"


async def check_redis(client: AnyRedis) -> list[Finding]:
    """Return whether it answers, and what it would lose; the client is closed."""
    find = partial(Finding, "redis")
    commands = Commands(client)
    try:
        await commands.ping()
        losses = await describe_losses(commands)
    except StoreUnavailable:
        advice = "is it running, and do address and password fit? 请检查 Redis 是否运行"
        return [find("failed", "server", "cannot be asked", "无法连接", advice)]
    finally:
        await commands.close()
    reached = find("ok", "server", "answers", "连接正常")
    if not losses:
        return [reached, find("ok", "persistence", "what is written is kept", "持久化正常")]
    return [reached, *(_judge(loss) for loss in losses)]


def _judge(loss: str) -> Finding:
    level: Level = "warning" if "snapshots only" in loss else "failed"
    zh = "内存不足时会淘汰登录态" if "evicts" in loss else "重启或崩溃会丢失登录态，用户需重新登录"
    return Finding("redis", level, "persistence", loss, zh, _KEEP if "evicts" in loss else _SET)
