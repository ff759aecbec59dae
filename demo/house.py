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
from hops import Hops
from menjin import (
    AesGcmVault,
    AiohttpHttp,
    App,
    AppId,
    Apps,
    AsyncMenjin,
    Database,
    Parts,
    Secret,
    TaskPause,
    new_vault_key,
    open_async_engine,
    sql_stores,
)
from menjin.accounts.directory import Directory
from menjin.apps import SignInPolicy
from menjin.assembly.wiring import assemble
from menjin.service.app import create_app
from page import page_route
from shop.app import Shop
from shop.members import Members
from shop.menjin_client import MenjinClient
from sides import Sides
from stage import Stage
from troubles import Troubles
from watching import Watched, WatchedDirectory, WatchedWorld

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
        page: The page's URL.
    """

    menjin: str
    wechat: str
    page: str


# Where the mini program finds its servers, in a release and on the developer's desk.
LOGIN_ORIGINS = ("https://login.shanchapu.example", "http://127.0.0.1:8700")
SHOP_ORIGINS = ("https://shop.shanchapu.example", "http://127.0.0.1:8704")
# Who may hold the phone of the page; the shop knows both as members, with the passwords of the page.
HOLDERS = {"an": ("安安", "13900000001", "camellia-1"), "bo": ("小波", "13900000002", "camellia-2")}


@dataclass(frozen=True, slots=True)
class Ports:
    """Where to listen on loopback; 0 takes a free port.

    Attributes:
        menjin: menjin's.
        wechat: The simulated WeChat's.
        page: The page's.
        shop: The shop's.
    """

    menjin: int = 8700
    wechat: int = 8701
    page: int = 8703
    shop: int = 8704


def make_parts(world: WatchedWorld, wechat: str, folder: Path, sign_in: SignInPolicy, directory: Directory) -> Parts:
    """Return menjin's parts: the sample app, SQLite in `folder`, the shop's members as directory."""
    app = App(AppId(wxsim.FIRST_APPID), Secret(wxsim.FIRST_SECRET), sign_in=sign_in, open_platform="op-shanchapu")
    database = Database(open_async_engine(f"sqlite:///{folder / 'menjin.db'}"))
    return Parts(
        apps=Apps([app]),
        http=AiohttpHttp(),
        stores=sql_stores(database, AesGcmVault("k1", {"k1": new_vault_key()})),
        pause=TaskPause(),
        directory=directory,
        base_url=wechat,
        clock=WorldClock(world.clock),
    )


def make_world(hops: Hops) -> WatchedWorld:
    """Return the simulated WeChat with the shop's app, and the people who hold the phone of the page."""
    world = WatchedWorld(hops)
    world.app(wxsim.FIRST_APPID).name = "山茶铺"
    for name, (nickname, phone, _password) in HOLDERS.items():
        world.add_person(name, wxsim.PhoneNumber(phone), wxsim.Profile(nickname))
    return world


def make_members() -> Members:
    """Return the members of the shop: those of the page, and the one of the lines to paste."""
    members = Members()
    members.add(MEMBER, PASSWORD, "+8613800138000")
    for name, (_nickname, phone, password) in HOLDERS.items():
        members.add(name, password, f"+86{phone}")
    return members


@contextlib.asynccontextmanager
async def open_house(ports: Ports, sign_in: SignInPolicy) -> AsyncIterator[House]:
    """Start all servers on loopback.

    Raises:
        OSError: A port is taken.
    """
    with tempfile.TemporaryDirectory(prefix="menjin-demo-") as folder, contextlib.ExitStack() as sockets:
        sides = [sockets.enter_context(listen(port)) for port in (ports.menjin, ports.wechat, ports.page, ports.shop)]
        menjin, wechat, page, shop = (to_url(bound) for bound in sides)
        house = House(menjin, wechat, page)
        async with contextlib.AsyncExitStack() as servers:
            stage, apps = make_apps(house, shop, Path(folder), sign_in)
            for app, bound in zip(apps, sides, strict=True):
                await servers.enter_async_context(serve(app, bound))
            servers.callback(stage.close)
            yield house


def make_apps(house: House, shop: str, folder: Path, sign_in: SignInPolicy) -> tuple[Stage, list[ASGIApp]]:
    """Return the stage, and the apps of menjin, WeChat, the page and the shop."""
    hops = Hops()
    world, members = make_world(hops), make_members()
    now = world.clock.now
    directory = WatchedDirectory(members, hops, now)
    parts = make_parts(world, house.wechat, folder, sign_in, directory)
    sides = Sides(world, folder / "menjin.db", members)
    hosts = {**dict.fromkeys(LOGIN_ORIGINS, house.menjin), **dict.fromkeys(SHOP_ORIGINS, shop)}
    troubles = Troubles(world, sides, assemble(parts), house.menjin)
    world.app(wxsim.FIRST_APPID).domains = [house.menjin, shop]
    scene = {
        "appid": wxsim.FIRST_APPID,
        "run": folder.name,
        "holders": {name: nick for name, (nick, _, _) in HOLDERS.items()},
    }
    stage = Stage(world, hops, sides, troubles, hosts=hosts, scene=scene)
    landing = page_route(house, MEMBER, PASSWORD)
    menjin_app = Watched(create_app(AsyncMenjin(parts), [landing]), "menjin", ("/v1/",), hops, now)
    shop_app = Watched(
        Shop(members, MenjinClient(house.menjin), SHOP_ORIGINS[0]).app(),
        "shop",
        ("/goods", "/orders", "/profile", "/avatar"),
        hops,
        now,
    )
    return stage, [menjin_app, wxsim.create_app(world), stage.app(), shop_app]


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
