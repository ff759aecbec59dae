"""Listens at the demo's own doors, in process: menjin and the shop are wrapped, the simulated WeChat is overheard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import wxsim
from hops import Field, Hop, Hops, Side
from masking import fingerprint, read_body, to_fields
from menjin.accounts.directory import Member
from menjin.values import Secret
from shop.members import Members
from shop.menjin_client import USER_AGENT

_FIRST_REFUSAL = 400
_SILENT = frozenset({"request", "uploadFile", "downloadFile", "checkDomain"})
_UNASKED = frozenset({"getRandomValues", "getAccountInfoSync", "getSystemInfoSync", "getAppBaseInfo", "nickname"})


class Watched:
    """An ASGI app whose requests and answers become hops.

    Args:
        app: The app.
        side: Whose it is.
        paths: The beginnings of the paths that are shown.
        hops: Where they go.
        now: The demo's clock.
    """

    def __init__(self, app: ASGIApp, side: Side, paths: tuple[str, ...], hops: Hops, now: Callable[[], float]) -> None:
        self._app = app
        self._side = side
        self._paths = paths
        self._hops = hops
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and take note."""
        if scope["type"] != "http" or not scope["path"].startswith(self._paths):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _read(receive)
        call = self._note_call(scope, headers, body)
        pieces: list[bytes] = []
        start: Message = {}

        async def hear(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                pieces.append(message.get("body", b""))
            await send(message)

        await self._app(scope, _replay(body, receive), hear)
        self._note_answer(call, start, b"".join(pieces))

    def _note_call(self, scope: Scope, headers: dict[str, str], body: bytes) -> Hop:
        source: Side = "shop" if headers.get("user-agent", "").startswith(USER_AGENT) else "phone"
        fields = to_fields(read_body(body, headers.get("content-type", "")))
        if "authorization" in headers:
            fields.insert(0, to_fields({"Authorization": headers["authorization"]})[0])
        return self._hops.call(self._now(), source, self._side, f"{scope['method']} {scope['path']}", fields)

    def _note_answer(self, call: Hop, start: Message, body: bytes) -> None:
        kinds = [value.decode("latin-1") for name, value in start.get("headers", ()) if name == b"content-type"]
        status = int(start.get("status", 0))
        fields = to_fields(read_body(body, "".join(kinds)))
        self._hops.answer(call, self._now(), fields, status, went_well=0 < status < _FIRST_REFUSAL)


async def _read(receive: Receive) -> bytes:
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


def _replay(body: bytes, receive: Receive) -> Receive:
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


class WatchedWorld(wxsim.World):
    """A simulated WeChat that tells what it is asked, and which keys it has given out.

    Args:
        hops: Where that goes.
    """

    def __init__(self, hops: Hops) -> None:
        super().__init__()
        self._hops = hops
        self.code_told = ""
        self.keys_told: dict[str, str] = {}
        self.token_told = ""

    def take(self, request: wxsim.Request) -> wxsim.Response:
        """Answer one request, and take note of what is worth a look."""
        title = _title_of(request)
        if title is None:
            return super().take(request)
        now = self.clock.now()
        source: Side = "phone" if request.path.startswith("/_wx/") else "menjin"
        asked = {**request.query, **_object(request.body)} if source == "menjin" else _object(request.body)
        call = self._hops.call(now, source, "wechat", title, to_fields(asked))
        response = super().take(request)
        answer = _object(response.body)
        self._remember(asked, answer)
        refused = (
            bool(answer.get("errcode")) or ":fail" in str(answer.get("errMsg", "")) or response.delivery is not None
        )
        status = 0 if source == "phone" else response.status
        fields = [Field("…", "没有应答 no answer")] if response.delivery else to_fields(answer)
        self._hops.answer(call, now, fields, status, went_well=not refused)
        return response

    def _remember(self, asked: dict[str, Any], answer: dict[str, Any]) -> None:
        self.code_told = asked.get("js_code", self.code_told)
        if "session_key" in answer and "openid" in answer:
            self.keys_told[answer["openid"]] = fingerprint(answer["session_key"])
        if "access_token" in answer:
            self.token_told = fingerprint(answer["access_token"])


def _title_of(request: wxsim.Request) -> str | None:
    """Return what a call is called on the page; None for what is not shown."""
    path = request.path
    if path.startswith("/_wx/"):
        api = path.rsplit("/", 1)[-1]
        said = request.query.get("answer", "")
        shown = f"wx.{api} ({said})" if said else f"wx.{api}"
        return None if api in _SILENT | _UNASKED or request.method != "POST" else shown
    return None if path.startswith("/_sim") or path == "/" else f"{request.method} {path}"


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body) if body else {}
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


class WatchedDirectory:
    """The shop's members as menjin asks for them: by password, or by a phone number that WeChat has vouched for.

    Args:
        members: The shop's.
        hops: Where question and answer go.
        now: The demo's clock.
    """

    def __init__(self, members: Members, hops: Hops, now: Callable[[], float]) -> None:
        self._members = members
        self._hops = hops
        self._now = now

    async def verify_password(self, username: str, password: Secret) -> Member | None:
        """Return the member, or None."""
        revealed = password.reveal()
        call = self._ask("verify_password", {"username": username, "password": revealed})
        return self._tell(call, await asyncio.to_thread(self._members.verify, username, revealed))

    async def find_by_phone(self, phone_number: str) -> Member | None:
        """Return the member who has a number, or None."""
        call = self._ask("find_by_phone", {"phone_number": phone_number})
        return self._tell(call, self._members.find_by_phone(phone_number))

    def _ask(self, title: str, question: dict[str, str]) -> Hop:
        return self._hops.call(self._now(), "menjin", "shop", title, to_fields(question))

    def _tell(self, call: Hop, found: str | None) -> Member | None:
        self._hops.answer(call, self._now(), to_fields({"external_id": found}), went_well=found is not None)
        return Member(found) if found is not None else None
