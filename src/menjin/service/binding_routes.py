"""The doors of binding and unionid."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from menjin.aio import AsyncMenjin
from menjin.errors import Fault, RequestInvalid
from menjin.login.results import SignedIn
from menjin.service.bodies import Cipher, Short, read_body, read_pair, to_signed_in
from menjin.service.routes import answer, read_token

Ticket = Annotated[str, Meta(pattern=r"^mjb_[A-Za-z0-9_-]{32}\Z")]


class BindingBody(Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/binding: a password, or a phone number in one of four ways."""

    method: Literal["password", "phone"]
    username: Short | UnsetType = UNSET
    password: Annotated[str, Meta(min_length=1, max_length=1024)] | UnsetType = UNSET
    phone_code: Short | UnsetType = UNSET
    encrypted_data: Cipher | UnsetType = UNSET
    iv: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    bind_ticket: Ticket | UnsetType = UNSET


class PaymentBody(Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/unionid/paid."""

    transaction_id: Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{1,32}\Z")] | UnsetType = UNSET
    mch_id: Annotated[str, Meta(pattern=r"^[0-9]{1,32}\Z")] | UnsetType = UNSET
    out_trade_no: Annotated[str, Meta(pattern=r"^[0-9A-Za-z_|*@-]{1,32}\Z")] | UnsetType = UNSET


class BindingRoutes:
    """The routes of one installation."""

    def __init__(self, menjin: AsyncMenjin) -> None:
        self._menjin = menjin

    def routes(self) -> list[Route]:
        """Return them."""
        return [
            Route("/v1/binding", self.bind, methods=["POST"]),
            Route("/v1/binding", self.unbind, methods=["DELETE"]),
            Route("/v1/unionid/paid", self.record_paid, methods=["POST"]),
        ]

    async def bind(self, request: Request) -> Response:
        """POST /v1/binding."""
        token, body = read_token(request), await read_body(request, BindingBody)
        bind = self._by_password if body.method == "password" else self._by_phone
        return answer(to_signed_in(await bind(token, body)))

    async def unbind(self, request: Request) -> Response:
        """DELETE /v1/binding."""
        return answer(to_signed_in(await self._menjin.unbind(read_token(request))))

    async def record_paid(self, request: Request) -> Response:
        """POST /v1/unionid/paid."""
        token, body = read_token(request), await read_body(request, PaymentBody)
        order = read_pair(body.mch_id, body.out_trade_no, "mch_id, out_trade_no")
        if isinstance(body.transaction_id, UnsetType) == (order is None):
            raise RequestInvalid(Fault("body", "needs transaction_id, or mch_id and out_trade_no"))
        if order is not None:
            known = await self._menjin.record_paid_unionid(token, mch_id=order[0], out_trade_no=order[1])
        else:
            known = await self._menjin.record_paid_unionid(token, transaction_id=str(body.transaction_id))
        return answer({"unionid_known": known})

    async def _by_password(self, token: str, body: BindingBody) -> SignedIn:
        credentials = read_pair(body.username, body.password, "username, password")
        others = (body.phone_code, body.encrypted_data, body.iv)
        if credentials is None or not all(isinstance(value, UnsetType) for value in others):
            raise RequestInvalid(Fault("body", "method password takes username and password, and a bind_ticket"))
        ticket = None if isinstance(body.bind_ticket, UnsetType) else body.bind_ticket
        return await self._menjin.bind_by_password(token, *credentials, bind_ticket=ticket)

    async def _by_phone(self, token: str, body: BindingBody) -> SignedIn:
        encrypted = read_pair(body.encrypted_data, body.iv, "encrypted_data, iv")
        code = None if isinstance(body.phone_code, UnsetType) else body.phone_code
        ticket = None if isinstance(body.bind_ticket, UnsetType) else body.bind_ticket
        if not (isinstance(body.username, UnsetType) and isinstance(body.password, UnsetType)):
            raise RequestInvalid(Fault("body", "username and password go with method password"))
        if sum(one is not None for one in (encrypted, code, ticket)) > 1:
            raise RequestInvalid(Fault("body", "one of phone_code, encrypted_data with iv, bind_ticket, or none"))
        return await self._menjin.bind_by_phone(token, code, encrypted=encrypted, bind_ticket=ticket)
