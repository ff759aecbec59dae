"""The shop's own API: teas for everybody, orders and a profile for members."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from email.parser import BytesParser

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shop.members import Member, Members
from shop.menjin_client import MenjinClient, Refused

MOST_AVATAR = 200_000
# Names in Chinese and in English; the mini program shows one.
GOODS: dict[str, dict[str, object]] = {
    "green": {"id": "green", "name": ["云雾绿茶", "Cloud Mist Green"], "from": ["庐山 · 明前", "Lushan"], "price": 26},
    "oolong": {"id": "oolong", "name": ["岩骨乌龙", "Cliff Oolong"], "from": ["武夷 · 焙火", "Wuyi"], "price": 32},
    "puer": {"id": "puer", "name": ["陈年普洱", "Aged Pu'er"], "from": ["勐海 · 熟茶", "Menghai"], "price": 38},
}


class BindingRequired(Exception):
    """Somebody is signed in, and the shop does not know which member it is."""


class Shop:
    """The shop's deeds.

    Args:
        members: Its members.
        menjin: Tells who sends a request.
        url: Where the mini program finds the shop.
    """

    def __init__(self, members: Members, menjin: MenjinClient, url: str) -> None:
        self._members = members
        self._menjin = menjin
        self._url = url
        self._avatars: dict[str, tuple[bytes, str]] = {}

    def app(self) -> Starlette:
        """Return the ASGI app."""
        routes = [
            Route("/goods", self.goods),
            Route("/orders", self.orders),
            Route("/orders", self.order, methods=["POST"]),
            Route("/profile", self.profile),
            Route("/profile", self.rename, methods=["PUT"]),
            Route("/avatar", self.receive_avatar, methods=["POST"]),
            Route("/avatars/{name}", self.avatar),
        ]
        handlers = {Refused: _hand_on, BindingRequired: _ask_to_bind}
        return Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)  # type: ignore[arg-type] # Starlette types handlers by Exception only

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self._menjin.open()
        yield
        await self._menjin.close()

    async def goods(self, _request: Request) -> Response:
        """GET /goods: for everybody."""
        return JSONResponse({"goods": list(GOODS.values())})

    async def orders(self, request: Request) -> Response:
        """GET /orders: the member's own."""
        member = await self._member(request)
        return JSONResponse({"orders": member.orders})

    async def order(self, request: Request) -> Response:
        """POST /orders {good}."""
        member = await self._member(request)
        good = GOODS.get(str((await request.json()).get("good")))
        if good is None:
            return JSONResponse({"error": "no such tea"}, 404)
        placed = {"id": f"{member.name}-{len(member.orders) + 1:03}", "name": good["name"], "price": good["price"]}
        member.orders.insert(0, placed)
        return JSONResponse(placed, 201)

    async def profile(self, request: Request) -> Response:
        """GET /profile."""
        return JSONResponse(_profile(await self._member(request)))

    async def rename(self, request: Request) -> Response:
        """PUT /profile {nickname}: what a person typed, never a proof of who it is."""
        member = await self._member(request)
        member.nickname = str((await request.json()).get("nickname", ""))[:32]
        return JSONResponse(_profile(member))

    async def receive_avatar(self, request: Request) -> Response:
        """POST /avatar: a temporary picture of the phone becomes one that stays."""
        member = await self._member(request)
        picture, kind = _read_upload(request.headers.get("content-type", ""), await request.body())
        if not picture or len(picture) > MOST_AVATAR or not kind.startswith("image/"):
            return JSONResponse({"error": "a picture of up to 200 kB, please"}, 400)
        self._avatars[member.name] = (picture, kind)
        member.avatar = f"{self._url}/avatars/{member.name}"
        return JSONResponse(_profile(member))

    async def avatar(self, request: Request) -> Response:
        """GET /avatars/{name}."""
        picture, kind = self._avatars.get(request.path_params["name"], (b"", "image/png"))
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
        return Response(
            picture, 200 if picture else 404, headers, media_type=kind if kind.startswith("image/") else None
        )

    async def _member(self, request: Request) -> Member:
        name = await self._menjin.find_member(request.headers.get("authorization", ""))
        member = self._members.get(name) if name else None
        if member is None:
            raise BindingRequired
        return member


def _read_upload(content_type: str, body: bytes) -> tuple[bytes, str]:
    """Return the first file of a form, and its type."""
    form = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    for part in form.walk():
        content = part.get_payload(decode=True)
        if part.get_filename() and isinstance(content, bytes):
            return content, part.get_content_type()
    return b"", ""


def _profile(member: Member) -> dict[str, object]:
    return {"member": member.name, "nickname": member.nickname, "avatar": member.avatar}


async def _hand_on(_request: Request, error: Refused) -> Response:
    return Response(error.body, error.status, media_type="application/problem+json")


async def _ask_to_bind(_request: Request, _error: BindingRequired) -> Response:
    body = {
        "type": "urn:menjin:problem:binding_required",
        "code": "binding_required",
        "status": 403,
        "action": "bind",
        "title": "尚未绑定会员 / no membership bound",
    }
    return JSONResponse(body, 403, media_type="application/problem+json")
