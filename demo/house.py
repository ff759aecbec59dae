"""The demo's house: menjin and wxsim in one process, on one clock that can be turned.

Loading this module loads all of menjin; `opening` does so while the page is being served already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

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
from places import HOLDERS, MEMBER, PASSWORD, House
from shop.app import Shop
from shop.members import Members
from shop.menjin_client import MenjinClient
from sides import Sides
from stage import Stage
from troubles import Troubles
from watching import Watched, WatchedDirectory, WatchedWorld


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


# Where the mini program finds its servers, in a release and on the developer's desk.
LOGIN_ORIGINS = ("https://login.shanchapu.example", "http://127.0.0.1:8700")
SHOP_ORIGINS = ("https://shop.shanchapu.example", "http://127.0.0.1:8704")


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


@dataclass(frozen=True, slots=True)
class Sets:
    """What is served.

    Attributes:
        menjin: menjin's app.
        wechat: The simulated WeChat's.
        shop: The shop's.
        stage: The page's.
    """

    menjin: ASGIApp
    wechat: ASGIApp
    shop: ASGIApp
    stage: Stage


def furnish(house: House, folder: Path, sign_in: SignInPolicy) -> Sets:
    """Return the apps of menjin, WeChat, the shop and the page; menjin's database goes into `folder`."""
    hops = Hops()
    world, members = make_world(hops), make_members()
    now = world.clock.now
    directory = WatchedDirectory(members, hops, now)
    parts = make_parts(world, house.wechat, folder, sign_in, directory)
    sides = Sides(world, folder / "menjin.db", members)
    troubles = Troubles(world, sides, assemble(parts), house.menjin)
    world.app(wxsim.FIRST_APPID).domains = [house.menjin, house.shop]
    hosts = {**dict.fromkeys(LOGIN_ORIGINS, house.menjin), **dict.fromkeys(SHOP_ORIGINS, house.shop)}
    stage = Stage(world, hops, sides, troubles, hosts=hosts)
    landing = page_route(house, MEMBER, PASSWORD)
    menjin_app = Watched(create_app(AsyncMenjin(parts), [landing]), "menjin", ("/v1/",), hops, now)
    shop = Shop(members, MenjinClient(house.menjin), SHOP_ORIGINS[0])
    shop_app = Watched(shop.app(), "shop", ("/goods", "/orders", "/profile", "/avatar"), hops, now)
    return Sets(menjin_app, wxsim.create_app(world), shop_app, stage)
