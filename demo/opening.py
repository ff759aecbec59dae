"""Opens the demo: the page first, which needs little, then all the rest, while a browser loads the page."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from curtain import Curtain, Guard
from places import APPID, HOLDERS, House, Ports, open_doors
from serving import serve

if TYPE_CHECKING:
    from menjin.apps import SignInPolicy


@contextlib.asynccontextmanager
async def open_house(
    ports: Ports, sign_in: SignInPolicy, greet: Callable[[House], None] = lambda _house: None
) -> AsyncIterator[House]:
    """Start all servers on loopback.

    Args:
        ports: Where to listen.
        sign_in: Whether a login needs a member.
        greet: Called as soon as the page can be opened; what it then asks for waits for the rest.

    Raises:
        PortUnavailable: A port is taken.
    """
    with open_doors(ports) as doors, tempfile.TemporaryDirectory(prefix="menjin-demo-") as folder:
        house, curtain = doors.house, Curtain(make_scene(Path(folder).name))
        async with serve((Guard(curtain), doors.page)):
            greet(house)
            furnisher = await asyncio.to_thread(load_house)
            sets = furnisher.furnish(house, Path(folder), sign_in)
            async with serve((sets.menjin, doors.menjin), (sets.wechat, doors.wechat), (sets.shop, doors.shop)):
                curtain.lift(sets.stage.app())
                try:
                    yield house
                finally:
                    sets.stage.close()


def make_scene(run: str) -> dict[str, object]:
    """Return what the page needs to begin; `run` tells this run of the demo from another.

    The passwords are there to be typed in: a visitor binds with one.
    """
    return {
        "appid": APPID,
        "run": run,
        "holders": {name: nick for name, (nick, _, _) in HOLDERS.items()},
        "passwords": {name: password for name, (_, _, password) in HOLDERS.items()},
    }


def load_house() -> ModuleType:
    """Load menjin and all it stands on; what is loaded stays, so nobody looks through it for garbage."""
    gc.disable()
    try:
        return importlib.import_module("house")
    finally:
        gc.freeze()
        gc.enable()
