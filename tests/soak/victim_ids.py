"""10,000 requests with a victim's openid, unionid or account id in every place: none is taken for the victim."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from starlette.types import ASGIApp, Receive, Scope, Send

import wxsim
from menjin import App, AsyncMenjin
from menjin.service.app import create_app
from support.doors import APP, MEMBERS
from support.load import Verdict, run_soak
from support.openapi_contract import CONTRACT
from support.serving import APPID, make_parts, serve_app

REQUESTS = 10_000
PATIENCE = 20.0
DOORS = [
    (method.upper(), path)
    for path, operations in CONTRACT["paths"].items()
    for method in operations
    if path.startswith("/v1/")
]
HEADERS = [
    "X-WX-OPENID",
    "X-WX-UNIONID",
    "X-WX-FROM-OPENID",
    "X-WX-FROM-UNIONID",
    "X_WX_OPENID",
    "x-wx-openid",
    "X-Openid",
    "X-UnionId",
    "X-User-Id",
    "X-Account-Id",
    "X-Menjin-Account",
    "X-Menjin-Openid",
    "X-Menjin-Unionid",
    "X-Menjin-Session-Id",
    "X-Menjin-External-Id",
    "X-Forwarded-User",
    "Remote-User",
    "X-Auth-Request-User",
    "X-Original-User",
    "From",
    "Cookie",
    "Authorization-User",
    "X-Session-Id",
    "X-Authenticated-Userid",
    "X-Consumer-Custom-Id",
]
FIELDS = [
    "openid",
    "unionid",
    "account_id",
    "account",
    "id",
    "user",
    "user_id",
    "uid",
    "external_id",
    "identity_id",
    "session_id",
    "sub",
    "subject",
    "openId",
    "unionId",
    "from",
]


@dataclass(frozen=True, slots=True)
class Target:
    """Whoever the requests pretend to be.

    Attributes:
        ids: Every name the victim has.
        private: Those of them that no answer to somebody else may hold.
    """

    ids: tuple[str, ...]
    private: tuple[str, ...]


class Attacker:
    """Somebody signed in, who would rather be somebody else.

    Args:
        url: menjin's.
        world: WeChat.
        rng: Decides what is tried.
    """

    def __init__(self, url: str, world: wxsim.World, rng: random.Random) -> None:
        self.http = httpx2.Client(base_url=url, timeout=PATIENCE, trust_env=False)
        self.world = world
        self.rng = rng
        self.token = ""

    def code(self) -> str:
        """Return a fresh login_code of one's own."""
        found: str = self.world.phone("thief").login()["code"]
        return found

    def sign_in(self) -> dict[str, Any]:
        """Log in as oneself; return the answer."""
        body = {"appid": APPID, "login_code": self.code()}
        found: dict[str, Any] = self.http.post("/v1/sessions", json=body).json()
        self.token = found["session_token"]
        return found

    def who(self, token: str = "") -> dict[str, Any]:
        """Return whom a token is taken for; one's own by default."""
        reply = self.http.get("/v1/session", headers={"Authorization": f"Bearer {token or self.token}"})
        found: dict[str, Any] = reply.json()
        return found

    def try_once(self, target: Target) -> httpx2.Response:
        """Send one request to one door, with the victim's ids in one to four of its places."""
        method, path = self.rng.choice(DOORS)
        request = _Request(method, path, self.body(path) if method == "POST" else None)
        for place in self.rng.sample(PLACES, self.rng.randint(1, len(PLACES))):
            place(request, self.rng, self.rng.choice(target.ids))
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **request.headers}
        content = json.dumps(request.body).encode() if request.body is not None else None
        url = request.path.replace("{session_id}", "ses_" + "0" * 26)
        return self.http.request(method, url, params=request.query, headers=headers, content=content)

    def body(self, path: str) -> dict[str, Any]:
        """Return a body that the door takes."""
        bodies: dict[str, dict[str, Any]] = {
            "/v1/sessions": {"appid": APPID, "login_code": self.code() if self.rng.random() < 0.2 else "made-up"},
            "/v1/session/step-up": {"username": "ming", "password": "guess"},
            "/v1/binding": {"method": "phone"},
            "/v1/phone": {"phone_code": "made-up"},
            "/v1/unionid/paid": {"transaction_id": "1"},
            "/v1/open-data": {"kind": "user_info", "raw_data": "{}", "signature": "0" * 40},
        }
        return dict(bodies.get(path, {}))


@dataclass
class _Request:
    method: str
    path: str
    body: dict[str, Any] | None
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def _in_query(request: _Request, rng: random.Random, name: str) -> None:
    request.query = dict.fromkeys(rng.sample(FIELDS, 3), name)


def _in_headers(request: _Request, rng: random.Random, name: str) -> None:
    request.headers = dict.fromkeys(rng.sample(HEADERS, 4), name)
    request.headers |= {"X-WX-SOURCE": "wx_client", "X-WX-APPID": APPID}


def _in_path(request: _Request, rng: random.Random, name: str) -> None:
    endings = ("{session_id}", f"/{name}", f"/../{name}", f";{name}", f"%2F{name}")
    request.path = request.path.replace("{session_id}", name) if "{" in request.path else request.path
    request.path += rng.choice(("", *endings[1:]))


def _in_body(request: _Request, rng: random.Random, name: str) -> None:
    if request.body is None:
        return
    known = [field for field in request.body if field not in {"appid", "login_code", "method", "kind"}]
    fields = rng.sample(FIELDS, 2) if rng.random() < 0.5 or not known else rng.sample(known, 1)
    request.body |= dict.fromkeys(fields, name)
    if rng.random() < 0.3:
        request.body["device"] = {"id": name.ljust(16, "0")[:64], "label": name[:64]}


PLACES: tuple[Callable[[_Request, random.Random, str], None], ...] = (_in_query, _in_headers, _in_path, _in_body)


def believing(app: ASGIApp, tokens: dict[str, str]) -> ASGIApp:
    """Return a BROKEN app: whoever names somebody in X-WX-OPENID is taken for them."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            named = dict(scope["headers"]).get(b"x-wx-openid", b"").decode("latin-1")
            if named in tokens:
                kept = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
                scope["headers"] = [*kept, (b"authorization", f"Bearer {tokens[named]}".encode())]
        await app(scope, receive, send)

    return serve


def prove(folder: Path, requests: int = REQUESTS, seed: int = 2026, *, broken: bool = False) -> Verdict:
    """Send so many requests; with `broken`, to an app that believes a header."""
    verdict, tokens = Verdict("victim-ids"), dict[str, str]()
    app = App(APP.appid, APP.app_secret, open_platform="one")
    world = wxsim.World()
    world.handle(wxsim.Request("POST", "/_sim/settings", {}, body=b'{"exchange_calls_per_minute": 0}'))
    with wxsim.serve(world) as wechat:
        wechat.world.bind_open_platform("one")
        wechat.world.change_person("thief")
        parts = make_parts(folder, wechat.world, wechat.url, app)
        served = create_app(AsyncMenjin(parts))
        with serve_app(believing(served, tokens) if broken else served) as url:
            rng = random.Random(seed)  # noqa: S311 - a seed, so that a run can be repeated; nothing secret
            attacker = Attacker(url, wechat.world, rng)
            try:
                _attack(attacker, verdict, requests, tokens)
            finally:
                attacker.http.close()
    return verdict


def _attack(attacker: Attacker, verdict: Verdict, requests: int, tokens: dict[str, str]) -> None:
    world = attacker.world
    code = world.phone("ming").login()["code"]
    victim = attacker.http.post("/v1/sessions", json={"appid": APPID, "login_code": code}).json()
    bind = {"method": "password", "username": "ming", "password": MEMBERS["ming"]}
    bearer = {"Authorization": f"Bearer {victim['session_token']}"}
    victim = attacker.http.post("/v1/binding", json=bind, headers=bearer).json()
    openid, token = world.identities.openid(APPID, "ming"), victim["session_token"]
    tokens[openid] = token
    account = victim["account"]["id"]
    target = Target(
        (openid, world.identities.unionid("one", "ming"), account, victim["session_id"], "ming"),
        (account, victim["session_id"]),
    )
    own = attacker.sign_in()["account"]["id"]
    before = _read_victim(attacker, token)
    for number in range(requests):
        reply = attacker.try_once(target)
        verdict.note(f"answered {reply.status_code}")
        verdict.demand(reply.status_code < 500, f"{reply.status_code}: {reply.text[:200]}")
        _judge(verdict, reply, target, own)
        me = attacker.who()
        if me.get("code") in {"session_invalid", "session_expired", "signed_out", "session_rotated", "kicked_out"}:
            own_now = attacker.sign_in()["account"]["id"]
            verdict.demand(own_now == own, "a login of the attacker's is another's")
        else:
            found = me.get("account") or {}
            verdict.demand(found.get("id") in {own, None}, f"the attacker's session is another's: {me}")
            if not found:  # unbound by a request of one's own: one's next login has an account again
                own = attacker.sign_in()["account"]["id"]
        if number % 500 == 0:
            verdict.demand(_read_victim(attacker, token) == before, "something of the victim's changed")
    verdict.demand(_read_victim(attacker, token) == before, "something of the victim's changed")


def _read_victim(attacker: Attacker, token: str) -> object:
    """Return all that the victim sees of themselves, but the time left."""
    me = attacker.who(token)
    sessions = attacker.http.get("/v1/sessions", headers={"Authorization": f"Bearer {token}"}).json()
    ids = sorted(session["session_id"] for session in sessions.get("sessions", ()))
    return me.get("account"), me.get("session_id"), me.get("authenticated_at"), ids


def _judge(verdict: Verdict, reply: httpx2.Response, target: Target, own: str) -> None:
    """No answer holds what is the victim's alone, nor speaks of an account but one's own."""
    for name in target.private:
        verdict.demand(name not in reply.text, f"an answer holds the victim's own: {reply.text[:200]}")
    if reply.status_code < 300 and "json" in reply.headers.get("content-type", ""):
        found = reply.json().get("account") or {"id": own}
        verdict.demand(found["id"] == own, f"an answer is another's: {reply.text[:200]}")


def main() -> int:
    """Run it whole; an argument is another number of requests."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS

    async def whole() -> Verdict:
        return await asyncio.to_thread(prove, Path(folder), requests)

    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line a request
    with tempfile.TemporaryDirectory(prefix="menjin-victim-") as folder:
        return run_soak(whole)


if __name__ == "__main__":
    sys.exit(main())
