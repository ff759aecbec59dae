"""`menjin tokens`: where each app's access_token stands, and a renewal by hand. No token is ever printed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer

from menjin.access_tokens.model import TokenStatus
from menjin.aio import AsyncMenjin
from menjin.clock import SystemClock
from menjin.service.console import (
    DEFAULT_CONFIG,
    AsJson,
    ConfigPath,
    explained,
    need_database_file,
    print_json,
    print_table,
    refuse,
    to_text,
)
from menjin.service.settings import Settings, load_settings, to_parts

TOKENS = typer.Typer(no_args_is_help=True, help="Access_tokens 接口调用凭据（中控）.")
T = TypeVar("T")


@TOKENS.command("status")
def status(
    *,
    app: Annotated[list[str] | None, typer.Option(help="An appid; all of them without it. 小程序。")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
    json: AsJson = False,
) -> None:
    """Show where each app's access_token stands, without the token itself 查看各小程序的凭据状态."""
    with explained():
        settings = load_settings(config)
        appids = _choose(settings, app)
        found = asyncio.run(_with_menjin(settings, lambda menjin: _ask(menjin, appids)))
    now = SystemClock().now()
    told = [_to_dict(one, now) for one in found]
    if json:
        print_json(told)
        return
    for one in told:
        print_table([[name, word] for name, word in one.items()])
        print()


@TOKENS.command("renew")
def renew(
    app: Annotated[str, typer.Argument(help="The appid. 小程序。")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Stable mode: replace the token at once; the old one dies. 强制更换。")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done. 只演示。")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
    json: AsJson = False,
) -> None:
    """Ask WeChat for an access_token now, within the centre's budget 立即更新凭据."""
    with explained():
        settings = load_settings(config)
        (appid,) = _choose(settings, [app])
        done = asyncio.run(_with_menjin(settings, lambda menjin: _renew(menjin, appid, force=force, dry_run=dry_run)))
    if json:
        print_json(done)
        return
    print_table([[name, word] for name, word in done.items()])


async def _renew(menjin: AsyncMenjin, appid: str, *, force: bool, dry_run: bool) -> dict[str, Any]:
    before = await menjin.access_tokens.status(appid)
    plan = {"appid": appid, "mode": before.mode, "effect": _foresee(before, force=force)}
    if dry_run:
        return {**plan, "dry_run": True, "generation": before.generation}
    token = await menjin.access_tokens.renew(appid, "operator", force=force)
    return {
        **plan,
        "dry_run": False,
        "generation": token.generation,
        "is_new": token.generation != before.generation,
        "expires_at": to_text(token.expires_at),
    }


def _foresee(status: TokenStatus, *, force: bool) -> str:
    if status.mode == "legacy":
        return "a new token; the one in use dies 5 minutes later. 旧凭据五分钟后失效。"
    if force:
        return "a new token; the one in use dies at once. 旧凭据立即失效。"
    return "the token in use, or a new one in its last 5 minutes; nothing dies. 不影响现有凭据。"


async def _ask(menjin: AsyncMenjin, appids: list[str]) -> list[TokenStatus]:
    return [await menjin.access_tokens.status(appid) for appid in appids]


async def _with_menjin(settings: Settings, deed: Callable[[AsyncMenjin], Awaitable[T]]) -> T:
    need_database_file(settings)
    async with AsyncMenjin(replace(to_parts(settings), keeps_tokens=False)) as menjin:
        return await deed(menjin)


def _choose(settings: Settings, wanted: list[str] | None) -> list[str]:
    known = [section.appid for section in settings.apps]
    for appid in wanted or ():
        if appid not in known:
            raise refuse("--app", "not an app of this installation 没有配置这个小程序")
    return wanted or known


def _to_dict(status: TokenStatus, now: datetime) -> dict[str, Any]:
    left = status.expires_at - now if status.expires_at is not None else None
    age = now - status.obtained_at if status.obtained_at is not None else None
    return {
        "appid": status.appid,
        "mode": status.mode,
        "state": status.state.value if status.generation else "none",
        "generation": status.generation,
        "age_seconds": int(age.total_seconds()) if age is not None else None,
        "remaining_seconds": max(int(left.total_seconds()), 0) if left is not None else None,
        "obtained_at": to_text(status.obtained_at),
        "expires_at": to_text(status.expires_at),
        "due_at": to_text(status.due_at),
        "last_cause": status.last_cause,
        "calls_today": status.calls_today,
        "forced_today": status.forced_today,
        "failures": status.failures,
        "errcode": status.errcode,
        "retry_at": to_text(status.retry_at),
    }
