"""The command line: ``wxsim serve`` and a help that tells a newcomer all."""

from __future__ import annotations

import secrets
import signal
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer

from wxsim.saved import load, save
from wxsim.serving import LOOPBACK, listen, make_server
from wxsim.state import FIRST_APPID, FIRST_SECRET
from wxsim.world import World

HELP = f"""在自己电脑上运行的微信（模拟器，不是微信）· A WeChat on your laptop (a simulator, not WeChat).

启动 · start:  wxsim serve

小程序端 · the phone:  POST /_wx/{{appid}}/{{person}}/{{api}}?device=d1&tap=1

服务端接口 · the server API:  GET /sns/jscode2session, /cgi-bin/…, /wxa/…

控制 · control:  GET /_sim 列出 · lists /_sim/people, apps, clock, settings, faults, journal …

试一次 · try:  curl -X POST http://127.0.0.1:8701/_wx/{FIRST_APPID}/ming/login  →  {{"code": …}}

换会话 · exchange:  curl 'http://127.0.0.1:8701/sns/jscode2session?appid=…&secret=…&js_code=…&grant_type=authorization_code'

拨时钟 · turn the clock:  curl -X POST http://127.0.0.1:8701/_sim/clock -d '{{"advance": 300}}'

自带 · built in:  appid {FIRST_APPID}, secret {FIRST_SECRET}, 用户 · people ming, hong
"""
app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False)


def _say_version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"wxsim {version_of('wxsim')}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="版本 · print the version")
    ] = False,
) -> None:
    """Keep ``serve`` a command of its own."""


root.__doc__ = HELP


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口 · port; 0 = 任意空闲端口 · any free one")] = 8701,
    host: Annotated[str, typer.Option(help="监听地址，默认仅本机 · loopback by default")] = LOOPBACK,
    state: Annotated[Path | None, typer.Option(help="世界存档文件 · file that keeps the world across restarts")] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="种子，同种子同结果；默认随机 · equal seeds, equal worlds; fresh by default"),
    ] = None,
) -> None:
    """启动模拟器 · Serve the simulator on one port until Ctrl-C."""
    try:
        world = load(state) if state is not None and state.exists() else World(seed=_choose(seed))
    except ValueError as error:
        typer.echo(f"存档读不了 · {error}", err=True)
        raise typer.Exit(2) from error
    try:
        bound = listen(host, port)
    except OSError as error:
        typer.echo(f"无法监听 · cannot listen on {host}:{port}: {error.strerror}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"wxsim http://{host}:{bound.getsockname()[1]}/  模拟器，不是微信 · simulator, not WeChat")
    typer.echo(f"种子 · seed: {world.dice.seed}  重现 · the same again: wxsim serve --seed {world.dice.seed}")
    for number in (signal.SIGINT, signal.SIGTERM):
        # The server hands the signal back when it is done; ending is no accident.
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        make_server(world).run([bound])
    finally:
        if state is not None:
            save(world, state)


def _choose(seed: int | None) -> int:
    """Return the seed: a fresh one unless told, since a server beside this one may remember the codes of the last."""
    return secrets.randbelow(2**31) if seed is None else seed


def main() -> None:
    """Run the command line."""
    app()
