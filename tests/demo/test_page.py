"""The page's own server and the shop, over HTTP, with no browser: what is shown, what is hidden, who is let in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

import wxsim
from hops import KEPT, Hops
from house import make_members, make_world
from masking import fingerprint, to_fields
from opening import open_house
from places import House, Ports
from sides import Sides

APPID = wxsim.FIRST_APPID
SECRET_SHAPES = re.compile(r"mjs_[A-Za-z0-9_-]{20}|[A-Za-z0-9+/]{22}==|(?:01){16}|camellia-1|\d{2}_[A-Za-z0-9_-]{60}")
TROUBLES = [
    "expire_session_key",
    "end_session",
    "reuse_code",
    "wechat_busy",
    "wechat_down",
    "rotate_access_token",
    "quota_empty",
    "refuse_next",
    "second_phone",
    "another_person",
    "resell_number",
    "bind_open_platform",
]


@dataclass
class Visitor:
    """Somebody with a phone, and the page beside it.

    Attributes:
        house: The demo.
        http: A client.
        token: The session_token, once signed in.
    """

    house: House
    http: httpx2.AsyncClient
    token: str = ""

    async def wx(self, api: str, person: str = "an", options: dict[str, object] | None = None) -> dict[str, Any]:
        """Call wx as the browser does, on the page's own origin."""
        url = f"{self.house.page}/_wx/{APPID}/{person}/{api}?tap=1"
        reply = await self.http.post(url, json=options or {})
        return dict(reply.json())

    async def request(self, method: str, url: str, data: object = None) -> dict[str, Any]:
        """Send a request as the mini program does, by way of WeChat."""
        header = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        options: dict[str, object] = {"url": url, "method": method, "header": header, "dataType": "json"}
        return await self.wx("request", options=options if data is None else {**options, "data": data})

    async def sign_in(self, person: str = "an") -> None:
        """Log in."""
        code = (await self.wx("login", person))["code"]
        body = {"appid": APPID, "login_code": code}
        answer = await self.request("POST", "https://login.shanchapu.example/v1/sessions", body)
        self.token = answer["data"]["session_token"]

    async def bind(self) -> None:
        """Bind the membership of An."""
        body = {"method": "password", "username": "an", "password": "camellia-1"}
        answer = await self.request("POST", "https://login.shanchapu.example/v1/binding", body)
        self.token = answer["data"]["session_token"]

    async def trouble(self, name: str) -> dict[str, Any]:
        """Let something go wrong for An, and return the story."""
        body = {"person": "an", "device": "d1"}
        return dict((await self.http.post(f"{self.house.page}/demo/troubles/{name}", json=body)).json())

    async def events(self) -> list[dict[str, Any]]:
        """Return the hops so far, as the page gets them."""
        found: list[dict[str, Any]] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5), self.http.stream("GET", f"{self.house.page}/demo/events") as reply:
                async for line in reply.aiter_lines():
                    found += [json.loads(line[6:])] if line.startswith("data: ") else []
        return found


@contextlib.asynccontextmanager
async def visit() -> AsyncIterator[Visitor]:
    """Open a demo on free ports."""
    async with open_house(Ports(0, 0, 0, 0), "bound") as house, httpx2.AsyncClient(trust_env=False) as http:
        yield Visitor(house, http)


def run(story: Callable[[Visitor], Coroutine[Any, Any, None]]) -> None:
    """Tell a story in a demo of its own."""

    async def tell() -> None:
        async with visit() as visitor:
            await story(visitor)

    asyncio.run(tell())


def test_a_login_is_shown_hop_by_hop_and_no_secret_with_it() -> None:
    """Phone, menjin, WeChat and shop appear in order; session_key, tokens, AppSecret and password never do."""

    async def story(visitor: Visitor) -> None:
        await visitor.sign_in()
        await visitor.bind()
        await visitor.request("GET", "https://shop.shanchapu.example/orders")
        hops = await visitor.events()
        told = [f"{hop['source']} {hop['target']} {hop['title']} {hop['status']}" for hop in hops]
        at = -1
        for line in (
            "phone wechat wx.login 0",
            "menjin wechat GET /sns/jscode2session 0",
            "menjin phone POST /v1/sessions 201",
            "menjin shop verify_password 0",
            "menjin phone POST /v1/binding 200",
            "shop menjin GET /v1/session 0",
            "shop phone GET /orders 200",
        ):
            at = told.index(line, at + 1)
        keepers = {field["name"]: field["keeper"] for hop in hops for field in hop["fields"] if field["keeper"]}
        assert keepers == {
            "secret": "server",
            "session_key": "server",
            "session_token": "phone",
            "Authorization": "phone",
            "password": "person",
        }
        assert not SECRET_SHAPES.search(json.dumps(hops))

    run(story)


def test_control_an_unmasked_payload_would_be_found() -> None:
    """The shapes that the test above looks for are those of the real secrets."""
    world = make_world(Hops())
    code = world.phone("an").login(tap=True)["code"]
    answer = world.exchange(code)
    for secret in (answer["session_key"], wxsim.FIRST_SECRET, "mjs_" + "a" * 43, world.access_token()):
        assert SECRET_SHAPES.search(secret)
        (field,) = to_fields({"session_key": secret})
        assert field.text == f"#{fingerprint(secret)}"


@pytest.mark.parametrize("name", TROUBLES)
def test_every_trouble_tells_its_story_in_both_languages(name: str) -> None:
    """Whatever was pressed: a sentence in Chinese, one in English, and the demo still answers."""

    async def story(visitor: Visitor) -> None:
        await visitor.sign_in()
        await visitor.bind()
        told = await visitor.trouble(name)
        assert re.search(r"[\u4e00-\u9fff]", told["zh"])
        assert not re.search(r"[\u4e00-\u9fff]", told["en"])
        state = (await visitor.http.get(f"{visitor.house.page}/demo/state?person=an")).json()
        assert state["menjin"]["external_id"] == "an"

    run(story)


def test_a_story_tells_what_really_happened() -> None:
    """A used code is 409, one past its five minutes 400; a second time there is another story to tell."""

    async def story(visitor: Visitor) -> None:
        await visitor.sign_in()
        assert "409 login_code_used" in (await visitor.trouble("reuse_code"))["en"]
        await visitor.http.post(f"{visitor.house.page}/demo/clock", json={"seconds": 600})
        assert "400 login_code_invalid" in (await visitor.trouble("reuse_code"))["en"]
        assert "adds it to the same identity" in (await visitor.trouble("bind_open_platform"))["en"]
        await visitor.sign_in()
        assert "nothing to change" in (await visitor.trouble("bind_open_platform"))["en"]
        await visitor.sign_in()
        assert "a second session" in (await visitor.trouble("second_phone"))["en"]
        await visitor.sign_in()
        assert "there is no login" in (await visitor.trouble("second_phone"))["en"]

    run(story)


@pytest.mark.parametrize(("is_bound", "words"), [(False, "is it you"), (True, "another WeChat holds")])
def test_a_number_resold_is_told_by_whether_its_membership_was_bound(*, is_bound: bool, words: str) -> None:
    """Without a WeChat that holds the membership there is a question, no conflict, and the story says so."""

    async def story(visitor: Visitor) -> None:
        await visitor.sign_in()
        if is_bound:
            await visitor.bind()
        assert words in (await visitor.trouble("resell_number"))["en"]

    run(story)


def test_an_unknown_trouble_or_time_is_refused() -> None:
    """404 and 400, not a trace."""

    async def story(visitor: Visitor) -> None:
        page = visitor.house.page
        assert (await visitor.http.post(f"{page}/demo/troubles/flood", json={})).status_code == 404
        assert (await visitor.http.post(f"{page}/demo/clock", json={"seconds": -1})).status_code == 400

    run(story)


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"host": "127.0.0.1.evil.example:80"}]
)
def test_pages_from_elsewhere_are_not_let_in(headers: dict[str, str]) -> None:
    """Another origin, or another name that leads to 127.0.0.1: 403; control: the page itself is served."""

    async def story(visitor: Visitor) -> None:
        refused = await visitor.http.post(f"{visitor.house.page}/demo/clock", json={"seconds": 1}, headers=headers)
        assert refused.status_code == 403
        own = {"origin": visitor.house.page}
        allowed = await visitor.http.post(f"{visitor.house.page}/demo/clock", json={"seconds": 1}, headers=own)
        assert allowed.status_code == 200

    run(story)


def test_the_page_is_served_without_node_under_a_strict_policy() -> None:
    """Three files, of this origin only; no inline code, no eval."""

    async def story(visitor: Visitor) -> None:
        page = await visitor.http.get(f"{visitor.house.page}/")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*src=)|style=|\son\w+=|https?://", page.text)
        for name in ("phone.js", "phone.css"):
            assert (await visitor.http.get(f"{visitor.house.page}/{name}")).status_code == 200

    run(story)


def test_menjin_has_no_debug_route() -> None:
    """What the page shows is not to be had from menjin, or from the shop's door."""

    async def story(visitor: Visitor) -> None:
        for path in ("/demo/state", "/demo/events", "/_sim", f"/_wx/{APPID}/an/login"):
            assert (await visitor.http.get(f"{visitor.house.menjin}{path}")).status_code == 404

    run(story)


def test_the_shop_serves_guests_members_and_hands_refusals_on() -> None:
    """Teas for everybody; orders for members; menjin's 401 reaches the phone as it is, so that the SDK can act."""

    async def story(visitor: Visitor) -> None:
        shop = "https://shop.shanchapu.example"
        assert (await visitor.request("GET", f"{shop}/goods"))["statusCode"] == 200
        refused = await visitor.request("GET", f"{shop}/orders")
        assert (refused["statusCode"], refused["data"]["code"]) == (401, "session_invalid")
        await visitor.sign_in()
        assert (await visitor.request("GET", f"{shop}/orders"))["data"]["code"] == "binding_required"
        await visitor.bind()
        assert (await visitor.request("POST", f"{shop}/orders", {"good": "green"}))["statusCode"] == 201
        assert (await visitor.request("POST", f"{shop}/orders", {"good": "gold"}))["statusCode"] == 404
        assert len((await visitor.request("GET", f"{shop}/orders"))["data"]["orders"]) == 1

    run(story)


def test_the_phone_reaches_the_apps_own_domains_only() -> None:
    """Anything else fails as on a phone, whatever it would lead to."""

    async def story(visitor: Visitor) -> None:
        for url in ("https://example.org/", f"{visitor.house.page}/demo/state", "http://127.0.0.1:1/"):
            assert (await visitor.request("GET", url))["errno"] == 600002

    run(story)


def test_a_slow_follower_loses_nothing_it_asks_for_again() -> None:
    """The last hops are kept, and given again after a number; older ones leave."""
    hops = Hops()
    for number in range(KEPT + 10):
        hops.call(0.0, "phone", "menjin", f"call {number}", [])
    assert len(hops.latest()) == KEPT
    assert [hop.number for hop in hops.latest(KEPT + 8)] == [KEPT + 9, KEPT + 10]


def test_before_the_first_login_the_sides_remember_nothing() -> None:
    """No table yet: the page shows emptiness, not an error."""
    world = make_world(Hops())

    async def look() -> None:
        async with visit() as visitor:
            reply = await visitor.http.get(f"{visitor.house.page}/demo/state?person=bo")
            assert reply.json()["menjin"]["identity"] is None

    asyncio.run(look())
    assert isinstance(Sides(world, Path("/nowhere.db"), make_members()).read("an"), dict)
