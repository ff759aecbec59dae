"""`menjin doctor`: looks at the installation as it is, changes nothing, and says what to do next."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import partial

import typer

from menjin.adapters.findings import Finding
from menjin.adapters.sqlalchemy.checkup import check_tables
from menjin.adapters.sqlalchemy.database import Database, StatementRefused
from menjin.adapters.sqlalchemy.resealing import Resealing
from menjin.errors import ConfigurationError, StoreUnavailable
from menjin.service.console import (
    DEFAULT_CONFIG,
    AsJson,
    ConfigPath,
    explained,
    find_missing_file,
    print_json,
)
from menjin.service.settings import (
    Settings,
    load_settings,
    read_redis_url,
    to_database,
    to_vault,
)

_MARKS = {"ok": "ok     ", "warning": "WARNING", "failed": "FAILED "}


def doctor(*, config: ConfigPath = DEFAULT_CONFIG, json: AsJson = False) -> None:
    """Look at the database, its tables and keys, and Redis; ends with 1 if something must be done 检查运行环境."""
    with explained():
        settings = load_settings(config)
        findings = asyncio.run(look(settings))
    failed = [one for one in findings if one.level == "failed"]
    if json:
        print_json({"healthy": not failed, "findings": [asdict(one) for one in findings]})
    else:
        for one in findings:
            print(f"{_MARKS[one.level]} {one.check}: {one.subject}: {one.en} {one.zh}")
            if one.next:
                print(f"        → {one.next}")
        print(f"menjin: {len(failed)} failed. {'需要处理。' if failed else '一切正常。'}")
    raise typer.Exit(1 if failed else 0)


async def look(settings: Settings) -> list[Finding]:
    """Return everything found; a part that cannot be asked does not hide the others."""
    found = await _look_at_database(settings)
    return found + await _look_at_redis(settings)


async def _look_at_database(settings: Settings) -> list[Finding]:
    try:
        path = find_missing_file(settings)  # opening it would make it
        if path is not None:
            advice = "the first start makes it, or `menjin migrate` 首次启动或 migrate 会创建"
            missing = Finding("database", "warning", "sqlite", f"{path}: no such file", "还没有数据库文件", advice)
            return [missing, await _look_at_vault(settings, None, [])]
        database = to_database(settings)
    except ConfigurationError as error:
        return [_fault(error, "database")]
    try:
        async with database.reading() as work:
            tables = await work.call(check_tables)
        reached = Finding("database", "ok", database.backend, "answers", "连接正常")
        return [reached, *tables, await _look_at_vault(settings, database, tables)]
    except StoreUnavailable:
        advice = "is it running, and do address, name and password fit? 请检查数据库是否运行、地址和密码是否正确"
        return [Finding("database", "failed", database.backend, "cannot be asked", "无法连接", advice)]
    finally:
        await database.close()


async def _look_at_vault(settings: Settings, database: Database | None, tables: list[Finding]) -> Finding:
    """See that the keys are good, and every text that was sealed has its own in the ring."""
    find = partial(Finding, "vault")
    try:
        vault = to_vault(settings)
        if database is None or any(one.check == "schema" and one.level != "ok" for one in tables):
            return find("warning", "keys", "no tables to compare with", "没有可检查的数据")
        await Resealing(database, vault).check(whole=True)
    except ConfigurationError as error:
        return _fault(
            error, "vault", "put the key back into [vault] keys; what it sealed is lost without it 请补回缺失的密钥"
        )
    except (StoreUnavailable, StatementRefused):
        return find("failed", "keys", "the tables cannot be read", "无法读取数据")
    return find("ok", ", ".join(vault.key_ids), "every sealed text has its key", "密钥齐全且有效")


async def _look_at_redis(settings: Settings) -> list[Finding]:
    if settings.redis is None:
        return []
    try:
        url = read_redis_url(settings.redis)
    except ConfigurationError as error:
        return [_fault(error, "redis")]
    from menjin.adapters.redis.checkup import check_redis  # noqa: PLC0415 - redis-py is an extra
    from menjin.adapters.redis.clients import open_async_redis  # noqa: PLC0415 - the same

    return await check_redis(open_async_redis(url or ""))


def _fault(error: ConfigurationError, check: str, advice: str = "see menjin.toml 请检查配置") -> Finding:
    told = "; ".join(f"{fault.where}: {fault.problem}" for fault in error.faults)
    return Finding(check, "failed", "configuration", told, "配置有误", advice)
