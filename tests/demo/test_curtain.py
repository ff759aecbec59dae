"""The page before the rest of the demo is there: the bundle and the scene at once, all else when it can be answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import wxsim
from curtain import Curtain, Guard, find_bundle
from opening import load_house, make_scene
from places import APPID


def visit(curtain: Curtain) -> httpx2.AsyncClient:
    """Return a browser on a page behind this curtain."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(Guard(curtain)), base_url="http://127.0.0.1:8703")


async def answer(_request: Request) -> Response:
    """Answer."""
    return PlainTextResponse("the stage")


def test_the_page_begins_while_the_rest_is_still_loading() -> None:
    """Files and scene are served at once; another path is answered by the stage as soon as there is one."""

    async def story() -> None:
        curtain = Curtain(make_scene("run-1"))
        async with visit(curtain) as http:
            assert (await http.get("/phone.js")).status_code == 200
            scene = (await http.get("/demo/scene")).json()
            assert (scene["appid"], scene["run"], set(scene["holders"])) == (wxsim.FIRST_APPID, "run-1", {"an", "bo"})
            waiting = asyncio.create_task(http.get("/demo/state"))
            await asyncio.wait([waiting], timeout=0.05)
            assert not waiting.done()
            curtain.lift(Starlette(routes=[Route("/demo/state", answer)]))
            assert (await waiting).text == "the stage"

    asyncio.run(story())


def test_the_bundle_is_found_where_wxsim_is_installed() -> None:
    """Without loading wxsim the folder found is the one in its package; the app's id is wxsim's first."""
    assert find_bundle() == Path(wxsim.__file__).parent / "browser"
    assert APPID == wxsim.FIRST_APPID


def test_loading_leaves_the_garbage_collector_on() -> None:
    """The collector rests while menjin is loaded, and works again afterwards."""
    import gc  # noqa: PLC0415 - what the test is about

    assert load_house().__name__ == "house"
    assert gc.isenabled()


def test_a_name_that_leads_here_is_refused_before_the_rest_is_there() -> None:
    """The guard stands before the curtain: another Host gets 403 at once, not a wait."""

    async def story() -> int:
        async with visit(Curtain(make_scene("run-1"))) as http:
            return (await http.get("/demo/state", headers={"host": "evil.example"})).status_code

    assert asyncio.run(asyncio.wait_for(story(), 5)) == 403
