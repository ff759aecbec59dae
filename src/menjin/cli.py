"""The `menjin` command."""

from __future__ import annotations

import asyncio
import logging
import sys
from enum import StrEnum
from typing import Annotated

import typer

from menjin.adapters.sqlalchemy.resealing import Resealed, Resealing
from menjin.adapters.vault import AesGcmVault, new_vault_key
from menjin.service.account_commands import ACCOUNTS, SESSIONS
from menjin.service.client_commands import CLIENTS
from menjin.service.console import DEFAULT_CONFIG, ConfigPath, explained, opened, print_table
from menjin.service.directory_commands import DIRECTORY
from menjin.service.doctor_commands import doctor
from menjin.service.migrate_commands import migrate
from menjin.service.serving import bind, override_internal
from menjin.service.serving import serve as serve_all
from menjin.service.settings import Settings, load_settings, to_parts, to_vault
from menjin.service.token_commands import TOKENS

_APP = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a trace with local variables would show secrets
    rich_markup_mode="markdown",  # "rich" would swallow the names of sections: [vault]
    help="menjin 门禁: the door-keeper for WeChat Mini Programs. 微信小程序的登录服务。",
)
_KEYS = typer.Typer(no_args_is_help=True, help="Vault keys 密钥.")
_APP.add_typer(_KEYS, name="keys")
_APP.add_typer(ACCOUNTS, name="accounts")
_APP.add_typer(SESSIONS, name="sessions")
_APP.add_typer(DIRECTORY, name="directory")
_APP.command()(migrate)
_APP.command()(doctor)
_APP.add_typer(CLIENTS, name="clients")
_APP.add_typer(TOKENS, name="tokens")


class LogLevel(StrEnum):
    """What `--log-level` takes."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


async def _check_keys(settings: Settings) -> None:
    async with opened(settings, makes_file=True) as database:
        await Resealing(database, to_vault(settings)).check()


@_APP.command()
def serve(
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    host: Annotated[str, typer.Option(help="Address to listen on. 监听地址。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port. 端口。")] = 8700,
    internal_port: Annotated[
        int | None, typer.Option(help="Port for the business's own services, such as 8702; none without it. 内部端口。")
    ] = None,
    internal_host: Annotated[
        str | None, typer.Option(help="Its address; the loopback unless set. 内部监听地址。")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that share the ports. 进程数。")] = 1,
    log_level: Annotated[LogLevel, typer.Option(help="How much is logged. 日志级别。")] = LogLevel.INFO,
) -> None:
    """Run the service 启动服务."""
    with explained():
        settings = override_internal(load_settings(config), internal_host, internal_port)
        to_parts(settings)
        asyncio.run(_check_keys(settings))
        set_up_logging(log_level)
        listeners = bind(settings, host, port)
    print(f"menjin: http://{host}:{port}", file=sys.stderr)
    if listeners.internal is not None:
        print(f"menjin: internal http://{settings.internal.host}:{settings.internal.port}", file=sys.stderr)
    serve_all(settings, listeners, workers)


@_KEYS.command("status")
def keys_status(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Count what each vault key sealed 各密钥加密了多少条."""
    with explained():
        settings = load_settings(config)
        vault = to_vault(settings)
        counts = asyncio.run(_count_sealed(settings, vault))
    rows: list[list[object]] = [["key", "sealed", "state"]]
    for name in sorted({*counts, *vault.key_ids}):
        note = "active" if name == vault.active else "in the ring" if name in vault.key_ids else "MISSING"
        rows.append([name, counts.get(name, 0), note])
    print_table(rows)


@_KEYS.command("rotate")
def keys_rotate(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Seal with the active key what older keys sealed; the service goes on meanwhile 用当前密钥重新加密."""
    with explained():
        settings = load_settings(config)
        vault = to_vault(settings)
        resealed, left = asyncio.run(_reseal(settings, vault))
    told = f"menjin: {resealed.done} sealed anew with {vault.active}"
    if not left:
        print(f"{told}; older keys may leave the ring. 旧密钥可以移除了。")
        return
    print(f"{told}; not all were. 未全部重新加密。")
    if resealed.damaged:
        print(
            f"menjin: {resealed.damaged} do not open; they were left as they are. 有数据无法解密，已保留。",
            file=sys.stderr,
        )
    held = ", ".join(f"{name} ({count})" for name, count in sorted(left.items()))
    print(
        f"menjin: these keys must stay in the ring, with what each sealed: {held}. 以上密钥必须保留。", file=sys.stderr
    )
    raise typer.Exit(1)


async def _count_sealed(settings: Settings, vault: AesGcmVault) -> dict[str, int]:
    async with opened(settings) as database:
        return await Resealing(database, vault).count_by_key()


async def _reseal(settings: Settings, vault: AesGcmVault) -> tuple[Resealed, dict[str, int]]:
    """Seal anew; return what became of it, and how many texts each older key still seals."""
    async with opened(settings) as database:
        work = Resealing(database, vault)
        await work.check()
        resealed = await work.reseal(tell=lambda done: print(f"menjin: {done} …", file=sys.stderr))
        counts = await work.count_by_key()
    return resealed, {name: count for name, count in counts.items() if name != vault.active}


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
