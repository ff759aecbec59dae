"""`menjin clients`: who of the business's own services may ask, and for what."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Any, cast, get_args

import typer

from menjin.adapters.sqlalchemy.clients import SqlClients
from menjin.adapters.sqlalchemy.database import Database
from menjin.clients.credential import hash_credential, make_credential
from menjin.clients.flow import Clients
from menjin.clients.model import SCOPES, Scope, ServiceClient, is_client_name
from menjin.clock import SystemClock, SystemRandomness
from menjin.service.console import (
    DEFAULT_CONFIG,
    AsJson,
    ConfigPath,
    explained,
    opened,
    print_json,
    print_table,
    refuse,
    to_text,
)
from menjin.service.internal_settings import to_clients
from menjin.service.settings import Settings, load_settings
from menjin.values import AppId, ClientId, parse_appid

CLIENTS = typer.Typer(no_args_is_help=True, help="Service clients 内部服务的凭证.")
_ONCE = "menjin: shown once; keep it where secrets are kept. 凭证只显示这一次，请妥善保存。"


@CLIENTS.command("add")
def add(
    name: Annotated[str, typer.Argument(help="For people: orders, crm. 名称。")],
    *,
    app: Annotated[list[str], typer.Option(help="An appid it may name, or * for all; repeat it. 可用的小程序。")],
    scope: Annotated[list[str], typer.Option(help=f"One of {', '.join(SCOPES)}; repeat it. 权限。")],
    config: ConfigPath = DEFAULT_CONFIG,
    json: AsJson = False,
) -> None:
    """Add a service client and print its credential, once 新增服务凭证."""
    with explained():
        settings = load_settings(config)
        appids, scopes = _read_apps(app), _read_scopes(scope)
        if not is_client_name(name):
            raise refuse("NAME", "1 to 64 characters of A-Za-z0-9_.- 名称格式不对")
        made = asyncio.run(_add(settings, name, appids, scopes))
    client, credential = made
    if json:
        print_json({**_to_dict(client), "credential": credential})
        return
    print(f"{client.client_id}\t{credential}")
    print(_ONCE, file=sys.stderr)


@CLIENTS.command("new")
def new(*, json: AsJson = False) -> None:
    """Print a credential and its hash, for [[service_clients]]; nothing is kept 生成凭证及其哈希."""
    credential = make_credential(SystemRandomness())
    made = {"credential": credential.reveal(), "credential_hash": hash_credential(credential)}
    if json:
        print_json(made)
        return
    print_table([[name, word] for name, word in made.items()])
    print(_ONCE, file=sys.stderr)


@CLIENTS.command("list")
def list_all(*, config: ConfigPath = DEFAULT_CONFIG, json: AsJson = False) -> None:
    """List service clients, those of the configuration first 列出服务凭证."""
    with explained():
        found = [_to_dict(client) for client in asyncio.run(_list(load_settings(config)))]
    if json:
        print_json(found)
        return
    print_table([["client_id", "name", "apps", "scopes", "created_at", "revoked_at"]])
    print_table([[" ".join(word) if isinstance(word, list) else word for word in one.values()] for one in found])


@CLIENTS.command("revoke")
def revoke(
    client_id: Annotated[str, typer.Argument(help="As `menjin clients list` shows it. 编号。")],
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    json: AsJson = False,
) -> None:
    """Revoke a service client; running services refuse it within a second 吊销服务凭证."""
    with explained():
        if client_id.startswith("cfg_"):
            raise refuse(
                "CLIENT_ID", "stands in the configuration; take it out there and start anew 请在配置文件中删除"
            )
        if not asyncio.run(_revoke(load_settings(config), ClientId(client_id))):
            raise refuse("CLIENT_ID", "there is no such client; `menjin clients list` shows them 没有这个客户端")
    if json:
        print_json({"client_id": client_id, "revoked": True})
        return
    print(f"menjin: {client_id} is revoked. 已吊销。")


async def _add(
    settings: Settings, name: str, appids: frozenset[AppId] | None, scopes: frozenset[Scope]
) -> tuple[ServiceClient, str]:
    async with opened(settings) as database:
        made = await _open(settings, database).add(name, appids, scopes)
        return made.client, made.credential.reveal()


async def _list(settings: Settings) -> tuple[ServiceClient, ...]:
    async with opened(settings) as database:
        return await _open(settings, database).list_all()


async def _revoke(settings: Settings, client_id: ClientId) -> bool:
    async with opened(settings) as database:
        return await _open(settings, database).revoke(client_id)


def _open(settings: Settings, database: Database) -> Clients:
    configured = to_clients(settings.service_clients)
    return Clients(SqlClients(database), configured, SystemClock(), SystemRandomness())


def _read_apps(texts: list[str]) -> frozenset[AppId] | None:
    if texts == ["*"]:
        return None
    try:
        return frozenset(parse_appid(text) for text in texts)
    except ValueError:
        raise refuse("--app", "wx and 16 lower-case hex digits, or * alone 格式不对") from None


def _read_scopes(texts: list[str]) -> frozenset[Scope]:
    if not set(texts) <= set(get_args(Scope)):
        raise refuse("--scope", f"one of {', '.join(SCOPES)} 没有这个权限")
    return frozenset(cast("list[Scope]", texts))


def _to_dict(client: ServiceClient) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "apps": ["*"] if client.appids is None else sorted(client.appids),
        "scopes": sorted(client.scopes),
        "created_at": to_text(client.created_at),
        "revoked_at": to_text(client.revoked_at),
    }
