"""The `menjin` command."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from menjin.adapters.vault import new_vault_key
from menjin.aio import AsyncMenjin
from menjin.errors import ConfigurationError
from menjin.service.app import create_app
from menjin.service.settings import load_settings, to_parts

_APP = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a trace with local variables would show secrets
    help="menjin 门禁: the door-keeper for WeChat Mini Programs. 微信小程序的登录服务。",
)
_KEYS = typer.Typer(no_args_is_help=True, help="Vault keys. 密钥。")
_APP.add_typer(_KEYS, name="keys")


@_APP.command()
def serve(
    config: Annotated[Path, typer.Option(help="Configuration file. 配置文件。")] = Path("menjin.toml"),
    host: Annotated[str, typer.Option(help="Address to listen on. 监听地址。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port. 端口。")] = 8700,
    log_level: Annotated[str, typer.Option(help="debug, info, warning, error.")] = "info",
) -> None:
    """Run the service 启动服务."""
    try:
        settings = load_settings(config)
        parts = to_parts(settings)
    except ConfigurationError as error:
        for fault in error.faults:
            print(f"menjin: {fault.where}: {fault.problem}", file=sys.stderr)
        print(f"menjin: {len(error.faults)} fault(s), not started. 配置有误，未启动。", file=sys.stderr)
        raise typer.Exit(2) from None
    set_up_logging(log_level)
    print(f"menjin: http://{host}:{port}", file=sys.stderr)
    uvicorn.run(
        create_app(AsyncMenjin(parts), trusted_proxies=settings.gateway.to_proxies()),
        host=host,
        port=port,
        access_log=False,  # the app logs its own line, without a query
        log_config=None,
        server_header=False,
        proxy_headers=False,  # [gateway] trusted_proxies says whom to believe, not uvicorn's own list
        timeout_graceful_shutdown=10,
    )


@_KEYS.command("new")
def keys_new() -> None:
    """Print a fresh vault key, for `[vault] keys.NAME` 生成密钥."""
    print(new_vault_key().reveal())


def set_up_logging(level: str) -> None:
    """Log to standard error; drivers that print statements with their values stay quiet."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    for name in ("aiosqlite", "sqlalchemy.engine", "sqlalchemy.pool"):
        logging.getLogger(name).setLevel(logging.WARNING)


def main() -> None:
    """Run the command."""
    _APP()
