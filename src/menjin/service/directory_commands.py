"""`menjin directory`: the members of the local directory. Passwords are typed or piped in, never an argument."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from menjin.adapters.directories.local import LocalDirectory
from menjin.errors import ConfigurationError, Fault
from menjin.service.console import (
    DEFAULT_CONFIG,
    AsJson,
    ConfigPath,
    explained,
    need_database_file,
    opened,
    print_json,
    print_table,
    refuse,
    say,
)
from menjin.service.directory_settings import to_local
from menjin.service.settings import Settings, load_settings
from menjin.values import Secret

T = TypeVar("T")
DIRECTORY = typer.Typer(no_args_is_help=True, help="Members of the local directory 内置账号目录.")
Username = Annotated[str, typer.Argument(help="What the member types. 用户名。")]
Stdin = Annotated[bool, typer.Option("--stdin", help="Read the password from standard input. 从标准输入读取密码。")]


@DIRECTORY.command("add")
def add(
    username: Username,
    *,
    external_id: Annotated[
        str | None, typer.Option("--id", help="Their id, for ever; the username. 会员编号。")
    ] = None,
    phone: Annotated[str | None, typer.Option(help="Such as +8613800138000. 手机号。")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
    stdin: Stdin = False,
) -> None:
    """Put a member in; the password is asked for 添加会员."""
    with explained():
        settings = _load(config)
        password = _ask_password(stdin=stdin)
        asyncio.run(_with(settings, lambda directory: directory.add(username, password, external_id, phone)))
    say(f"menjin: {username} is a member. 已添加。")


@DIRECTORY.command("passwd")
def passwd(
    username: Username,
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    stdin: Stdin = False,
) -> None:
    """Give a member another password 修改密码."""
    with explained():
        settings = _load(config)
        password = _ask_password(stdin=stdin)
        asyncio.run(_with(settings, lambda directory: directory.change_password(username, password)))
    say(f"menjin: {username} has another password. 密码已修改。")


@DIRECTORY.command("list")
def list_members(*, config: ConfigPath = DEFAULT_CONFIG, json: AsJson = False) -> None:
    """List the members 列出会员."""
    with explained():
        members = asyncio.run(_with(_load(config), lambda directory: directory.list_members()))
    if json:
        print_json([asdict(one) for one in members])
        return
    rows = [[one.username, one.external_id, "phone" if one.has_phone else None] for one in members]
    print_table([["username", "external_id", "phone"], *rows])


async def _with(settings: Settings, deed: Callable[[LocalDirectory], Awaitable[T]]) -> T:
    async with opened(settings) as database:
        try:
            directory = to_local(database)
        except ValueError as error:
            raise ConfigurationError([Fault("directory.local", str(error))]) from None
        try:
            return await deed(directory)
        finally:
            await directory.close()


def _load(config: Path) -> Settings:
    """Return the settings of a service that asks the local directory."""
    settings = load_settings(config)
    need_database_file(settings)
    if settings.directory is None or settings.directory.local is None:
        told = "the configuration has no such section: its members would never be asked 配置中没有启用内置账号目录"
        raise refuse("directory.local", told)
    return settings


def _ask_password(*, stdin: bool) -> Secret:
    """Read a password: typed twice without showing it, or the first line of standard input."""
    if stdin or not sys.stdin.isatty():
        line = sys.stdin.readline()
        if not line and not stdin:
            raise refuse(
                "--stdin", "no terminal to type a password at; pipe it in with --stdin 没有终端，请用 --stdin 传入"
            )
        return Secret(line.rstrip("\r\n"))
    first = getpass.getpass("password 密码: ")
    if getpass.getpass("once more 再输一次: ") != first:
        raise ConfigurationError([Fault("password", "the two differ; 两次输入不一致")])
    return Secret(first)
