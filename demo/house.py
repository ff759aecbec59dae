"""The demo's house: menjin and wxsim in one process, on one clock that can be turned."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

import wxsim
from menjin import (
    AesGcmVault,
    AiohttpHttp,
    App,
    AppId,
    Apps,
    AsyncMenjin,
    Database,
    MemoryDirectory,
    Parts,
    Secret,
    TaskPause,
    new_vault_key,
    open_async_engine,
    sql_stores,
)
from menjin.apps import SignInPolicy
from menjin.service.app import create_app
from page import page_route

MEMBER = "ming"
PASSWORD = "door-keeper-1"  # noqa: S105 - the demo prints it


class WorldClock:
    """menjin's clock, read off the simulator's.

    Args:
        clock: The simulator's.
    """

    def __init__(self, clock: wxsim.Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """Return the simulated moment."""
        return datetime.fromtimestamp(self._clock.now(), UTC)


@dataclass(frozen=True, slots=True)
class House:
    """A running demo.

    Attributes:
        menjin: menjin's URL.
        wechat: wxsim's URL.
    """

    menjin: str
    wechat: str


def make_parts(world: wxsim.World, wechat: str, folder: Path, sign_in: SignInPolicy) -> Parts:
    """Return menjin's parts: the sample app, SQLite in `folder`, a directory of one member."""
    app = App(AppId(wxsim.FIRST_APPID), Secret(wxsim.FIRST_SECRET), sign_in=sign_in)
    database = Database(open_async_engine(f"sqlite:///{folder / 'menjin.db'}"))
    return Parts(
        apps=Apps([app]),
        http=AiohttpHttp(),
        stores=sql_stores(database, AesGcmVault("k1", {"k1": new_vault_key()})),
        pause=TaskPause(),
        directory=MemoryDirectory({MEMBER: PASSWORD}),
        base_url=wechat,
        clock=WorldClock(world.clock),
    )


@contextlib.asynccontextmanager
async def open_house(port: int, wechat_port: int, sign_in: SignInPolicy) -> AsyncIterator[House]:
    """Start both servers on loopback; port 0 takes a free one.

    Raises:
        OSError: A port is taken.
    """
    with tempfile.TemporaryDirectory(prefix="menjin-demo-") as folder:
        world = wxsim.World()
        wechat_socket, menjin_socket = listen(wechat_port), listen(port)
        house = House(to_url(menjin_socket), to_url(wechat_socket))
        parts = make_parts(world, house.wechat, Path(folder), sign_in)
        menjin_app = create_app(AsyncMenjin(parts), [page_route(house.menjin, house.wechat, MEMBER, PASSWORD)])
        async with serve(wxsim.create_app(world), wechat_socket), serve(menjin_app, menjin_socket):
            yield house


def listen(port: int) -> socket.socket:
    """Return a loopback socket that listens."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
        bound.listen(1024)
    except OSError:
        bound.close()
        raise
    return bound


def to_url(bound: socket.socket) -> str:
    """Return the URL of a listening socket."""
    return f"http://127.0.0.1:{bound.getsockname()[1]}"


class QuietServer(uvicorn.Server):
    """A server that leaves the signals to the demo."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def] # noqa: ANN201 - uvicorn's own signature is untyped
        """Capture none."""
        yield


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, bound: socket.socket) -> AsyncIterator[None]:
    """Serve an app on a socket for as long as the context lasts.

    Raises:
        RuntimeError: It ended before it answered.
    """
    config = uvicorn.Config(app, access_log=False, proxy_headers=False, log_level="error", timeout_graceful_shutdown=1)
    server = QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    while not server.started:
        if task.done():
            raise RuntimeError("a server of the demo did not start")
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task
