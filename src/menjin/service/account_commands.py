"""`menjin accounts` and `menjin sessions`: what an operator does to people's accounts and login states.

REF is an account's id (`acc_…`), `id:` and its id in the business's own system, or `APP/OPENID` of a WeChat identity.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, TypeVar

import typer

from menjin.accounts.model import Account, Bound, Identity
from menjin.aio import AsyncMenjin
from menjin.apps import Apps
from menjin.login.operator import ByExternalId, ByOpenId, Operator, Reference, Seen
from menjin.service.console import (
    DEFAULT_CONFIG,
    AsJson,
    ConfigPath,
    DryRun,
    explained,
    need_database_file,
    print_json,
    print_table,
    refuse,
    say,
    to_text,
)
from menjin.service.settings import load_settings, to_parts
from menjin.sessions.model import Session
from menjin.values import AccountId, SessionId, parse_external_id, parse_openid

T = TypeVar("T")
ACCOUNTS = typer.Typer(no_args_is_help=True, help="People's accounts 账号管理.")
SESSIONS = typer.Typer(no_args_is_help=True, help="Their login states 登录态管理.")
_ACCOUNT_ID = re.compile(r"acc_[0-9a-hjkmnp-tv-z]{26}")
_SESSION_ID = re.compile(r"ses_[0-9a-hjkmnp-tv-z]{26}")
Ref = Annotated[str, typer.Argument(help="acc_…, id:EXTERNAL_ID or APP/OPENID. 账号。")]
Identified = Annotated[str, typer.Argument(metavar="APP/OPENID", help="A WeChat identity. 微信身份。")]
Realm = Annotated[str, typer.Option(help="Where id: is looked up. 账号域。")]
Deed = Callable[[Operator, Reference], Awaitable[T]]


@ACCOUNTS.command("show")
def show(ref: Ref, *, realm: Realm = "default", config: ConfigPath = DEFAULT_CONFIG, json: AsJson = False) -> None:
    """Show an account, its WeChat identities and live sessions 查看账号."""
    with explained():
        seen = _run(config, ref, realm, lambda operator, reference: operator.show(reference))
    _tell(_describe(seen), json=json)


@ACCOUNTS.command("disable")
def disable(
    ref: Ref,
    *,
    realm: Realm = "default",
    dry_run: DryRun = False,
    config: ConfigPath = DEFAULT_CONFIG,
    json: AsJson = False,
) -> None:
    """Shut an account: its sessions end, and it is refused until enabled 停用账号."""
    with explained():
        before, after = _run(config, ref, realm, partial(_switch, is_on=False, dry_run=dry_run))
    _tell({"disabled": True, "sessions_ended": len(before.sessions), **_describe(after)}, json=json, dry_run=dry_run)


@ACCOUNTS.command("enable")
def enable(
    ref: Ref,
    *,
    realm: Realm = "default",
    dry_run: DryRun = False,
    config: ConfigPath = DEFAULT_CONFIG,
    json: AsJson = False,
) -> None:
    """Open a disabled account again 恢复账号."""
    with explained():
        _, after = _run(config, ref, realm, partial(_switch, is_on=True, dry_run=dry_run))
    _tell({"disabled": False, **_describe(after)}, json=json, dry_run=dry_run)


@ACCOUNTS.command("bind")
def bind(
    identity: Identified,
    external_id: Annotated[str, typer.Argument(help="The member's id in your own system. 会员编号。")],
    *,
    move: Annotated[bool, typer.Option("--move", help="Leave the account it has. 从原账号移出。")] = False,
    dry_run: DryRun = False,
    config: ConfigPath = DEFAULT_CONFIG,
    json: AsJson = False,
) -> None:
    """Bind a WeChat identity to a member, on your word 绑定微信身份与会员."""
    with explained():
        try:
            member = parse_external_id(external_id)
        except ValueError as error:
            raise refuse("EXTERNAL_ID", f"{error} 会员号格式不对") from None
        bound = _run(
            config,
            identity,
            "default",
            lambda operator, one: operator.bind(_need_identity(one), member, move=move, dry_run=dry_run),
        )
    _tell(_describe_bound(bound), json=json, dry_run=dry_run)


@ACCOUNTS.command("unbind")
def unbind(
    identity: Identified, *, dry_run: DryRun = False, config: ConfigPath = DEFAULT_CONFIG, json: AsJson = False
) -> None:
    """Part a WeChat identity and its account; not the last way into it 解除绑定."""
    with explained():
        bound = _run(
            config,
            identity,
            "default",
            lambda operator, one: operator.unbind(_need_identity(one), dry_run=dry_run),
        )
    _tell(_describe_bound(bound), json=json, dry_run=dry_run)


@SESSIONS.command("list")
def list_sessions(
    ref: Ref, *, realm: Realm = "default", config: ConfigPath = DEFAULT_CONFIG, json: AsJson = False
) -> None:
    """List the live sessions of an account or identity 列出登录态."""
    with explained():
        seen = _run(config, ref, realm, lambda operator, reference: operator.show(reference))
    _tell_rows([_describe_session(one) for one in seen.sessions], json=json)


@SESSIONS.command("revoke")
def revoke(
    ref: Ref,
    *,
    session: Annotated[str | None, typer.Option(metavar="SESSION_ID", help="Only this one. 只结束这一个。")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them. 全部结束。")] = False,
    realm: Realm = "default",
    dry_run: DryRun = False,
    config: ConfigPath = DEFAULT_CONFIG,
    json: AsJson = False,
) -> None:
    """End sessions of an account or identity; running services obey within a second 强制下线."""
    with explained():
        if (session is None) is not every:
            raise refuse("--session", "name one session, or say --all; 请指定会话或 --all")
        if session is not None and not _SESSION_ID.fullmatch(session):
            raise refuse("--session", "is not like ses_… 会话号格式不对")
        only = SessionId(session) if session is not None else None
        ended = _run(config, ref, realm, lambda operator, one: operator.revoke(one, only, dry_run=dry_run))
    _tell({"sessions": [_describe_session(one) for one in ended]}, json=json, dry_run=dry_run)
    say(f"menjin: {len(ended)} {'would be ended, 将结束' if dry_run else 'ended, 已结束'}")


async def _switch(operator: Operator, reference: Reference, *, is_on: bool, dry_run: bool) -> tuple[Seen, Seen]:
    """Enable or disable; return what was there before, and what is there now (a dry run's before)."""
    deed = operator.enable if is_on else operator.disable
    before = await deed(reference, dry_run=dry_run)
    return before, before if dry_run else await operator.show(reference)


def _run(config: ConfigPath, ref: str, realm: str, deed: Deed[T]) -> T:
    """Do something to whom REF names."""
    settings = load_settings(config)
    need_database_file(settings)
    parts = replace(to_parts(settings), keeps_tokens=False)
    reference = read_reference(ref, realm, parts.apps)

    async def whole() -> T:
        async with AsyncMenjin(parts) as menjin:
            return await deed(menjin.operator, reference)

    return asyncio.run(whole())


def read_reference(ref: str, realm: str, apps: Apps) -> Reference:
    """Return whom REF names; its shape is looked at before any store is.

    Raises:
        ConfigurationError: It has none of the three forms.
        RequestInvalid: It names no app of ours.
    """
    kind, _, rest = ref.partition(":")
    appid, slash, openid = ref.partition("/")
    try:
        if kind == "id" and rest:
            return ByExternalId(parse_external_id(rest), realm)
        if slash:
            return ByOpenId(apps.get(appid), parse_openid(openid))
    except ValueError as error:
        raise refuse("REF", f"{error} 格式不对") from None
    if not _ACCOUNT_ID.fullmatch(ref):
        raise refuse("REF", "is not acc_…, id:EXTERNAL_ID or APP/OPENID 不是这三种写法之一")
    return AccountId(ref)


def _need_identity(reference: Reference) -> ByOpenId:
    if not isinstance(reference, ByOpenId):
        raise refuse("APP/OPENID", "is to name a WeChat identity, not an account 需要微信身份，而不是账号")
    return reference


def _describe(seen: Seen) -> dict[str, Any]:
    return {
        "account": _describe_account(seen.account) if seen.account is not None else None,
        "identities": [_describe_identity(one) for one in seen.identities],
        "sessions": [_describe_session(one) for one in seen.sessions],
    }


def _describe_account(account: Account) -> dict[str, Any]:
    return {
        "id": account.account_id,
        "realm": account.realm,
        "external_id": account.external_id,
        "phone_masked": account.phone.masked if account.phone is not None else None,
        "disabled": account.disabled,
        "created_at": to_text(account.created_at),
        "last_used_at": to_text(account.last_used_at),
    }


def _describe_identity(identity: Identity) -> dict[str, Any]:
    return {"appid": identity.appid, "openid": identity.openid, "created_at": to_text(identity.created_at)}


def _describe_session(session: Session) -> dict[str, Any]:
    return {
        "session_id": session.session_id,
        "appid": session.subject.appid,
        "tenant": session.subject.tenant,
        "device": session.device.label if session.device is not None else None,
        "issued_at": to_text(session.issued_at),
        "last_seen_at": to_text(session.last_seen_at),
        "expires_at": to_text(session.expires_at),
    }


def _describe_bound(bound: Bound) -> dict[str, Any]:
    return {"deed": bound.deed, "account": _describe_account(bound.account) if bound.account is not None else None}


def _tell(found: dict[str, Any], *, json: bool, dry_run: bool | None = None) -> None:
    told = found if dry_run is None else {"dry_run": dry_run, **found}
    if json:
        print_json(told)
        return
    for name, value in told.items():
        if isinstance(value, dict):
            print_table([[f"{name}.{key}", word] for key, word in value.items()])
        elif isinstance(value, list):
            print_table([[name, *one] for one in value[:1]] + [[name, *one.values()] for one in value])
        else:
            print_table([[name, value]])


def _tell_rows(rows: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        print_json(rows)
    elif rows:
        print_table([list(rows[0]), *(list(one.values()) for one in rows)])
