"""The `menjin` command."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.resealing import Resealing
from menjin.adapters.vault import AesGcmVault, new_vault_key
from menjin.aio import AsyncMenjin
from menjin.errors import ConfigurationError, StoreUnavailable
from menjin.service.app import create_app
from menjin.service.legacy import to_legacy
from menjin.service.settings import Settings, load_settings, to_database, to_parts, to_vault

_APP = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a trace with local variables would show secrets
    help="menjin 门禁: the door-keeper for WeChat Mini Programs. 微信小程序的登录服务。",
)
_KEYS = typer.Typer(no_args_is_help=True, help="Vault keys. 密钥。")
_APP.add_typer(_KEYS, name="keys")


class LogLevel(StrEnum):
    """What `--log-level` takes."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


async def _check_keys(settings: Settings) -> None:
    async with _opened(settings) as database:
        await Resealing(database, to_vault(settings)).check()


@_APP.command()
def serve(
    config: Annotated[Path, typer.Option(help="Configuration file. 配置文件。")] = Path("menjin.toml"),
    host: Annotated[str, typer.Option(help="Address to listen on. 监听地址。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port. 端口。")] = 8700,
    log_level: Annotated[LogLevel, typer.Option(help="How much is logged. 日志级别。")] = LogLevel.INFO,
) -> None:
    """Run the service 启动服务."""
    with _explained():
        settings = load_settings(config)
        parts = to_parts(settings)
        asyncio.run(_check_keys(settings))
    set_up_logging(log_level)
    print(f"menjin: http://{host}:{port}", file=sys.stderr)
    menjin = AsyncMenjin(parts)
    legacy = to_legacy(settings, parts, menjin)
    uvicorn.run(
        create_app(menjin, legacy.mounts, legacy.prepare, settings.gateway.to_proxies()),
        host=host,
        port=port,
        access_log=False,  # the app logs its own line, without a query
        log_config=None,
        server_header=False,
        proxy_headers=False,  # [gateway] trusted_proxies says whom to believe, not uvicorn's own list
        timeout_graceful_shutdown=10,
    )


_CONFIG = typer.Option(help="Configuration file. 配置文件。")


@_KEYS.command("status")
def keys_status(config: Annotated[Path, _CONFIG] = Path("menjin.toml")) -> None:
    """Count what each vault key sealed 各密钥加密了多少条."""
    with _explained():
        settings = load_settings(config)
        vault = to_vault(settings)
        counts = asyncio.run(_count_sealed(settings, vault))
    for name in sorted({*counts, *vault.key_ids}):
        note = "active" if name == vault.active else "in the ring" if name in vault.key_ids else "MISSING"
        print(f"{name}\t{counts.get(name, 0)}\t{note}")


@_KEYS.command("rotate")
def keys_rotate(config: Annotated[Path, _CONFIG] = Path("menjin.toml")) -> None:
    """Seal with the active key what older keys sealed; the service goes on meanwhile 用当前密钥重新加密."""
    with _explained():
        settings = load_settings(config)
        vault = to_vault(settings)
        done = asyncio.run(_reseal(settings, vault))
    print(f"menjin: {done} sealed anew with {vault.active}; older keys may leave the ring. 旧密钥可以移除了。")


async def _count_sealed(settings: Settings, vault: AesGcmVault) -> dict[str, int]:
    async with _opened(settings) as database:
        return await Resealing(database, vault).count_by_key()


async def _reseal(settings: Settings, vault: AesGcmVault) -> int:
    total = 0
    async with _opened(settings) as database:
        work = Resealing(database, vault)
        await work.check()
        while done := await work.reseal():
            total += done
            print(f"menjin: {total} …", file=sys.stderr)
    return total


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    database = to_database(settings)
    try:
        await database.create_schema()
        yield database
    finally:
        await database.close()


@contextmanager
def _explained() -> Iterator[None]:
    """Print what is wrong, and end with 2 (configuration) or 1 (a store)."""
    try:
        yield
    except ConfigurationError as error:
        for fault in error.faults:
            print(f"menjin: {fault.where}: {fault.problem}", file=sys.stderr)
        print(f"menjin: {len(error.faults)} fault(s). 配置有误。", file=sys.stderr)
        raise typer.Exit(2) from None
    except StoreUnavailable:
        print("menjin: the database cannot be used; is it running? 数据库不可用。", file=sys.stderr)
        raise typer.Exit(1) from None


@_KEYS.command("new")
def keys_new() -> None:
    """Print a fresh vault key, for `[vault] keys.NAME` 生成密钥."""
    print(new_vault_key().reveal())


def set_up_logging(level: LogLevel) -> None:
    """Log to standard error; drivers that print statements with their values stay quiet."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    for name in ("sqlalchemy.engine", "sqlalchemy.pool"):
        logging.getLogger(name).setLevel(logging.WARNING)


def main() -> None:
    """Run the command."""
    _APP()


if __name__ == "__main__":
    main()
