"""WeChat's own shape of asking for an access_token, so that an SDK in any language becomes a client of the centre.

    GET, POST /cgi-bin/token?grant_type=client_credential&appid=…&secret=…
    POST      /cgi-bin/stable_token {grant_type, appid, secret, force_refresh}

`secret` is the service client's credential, not the AppSecret. Errors are WeChat's: status 200, errcode and errmsg.
Nothing else of WeChat's is answered, and nothing is passed on.
Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/ (getAccessToken and
getStableAccessToken).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from menjin.errors import (
    AppMisconfigured,
    BodyTooLarge,
    ClientInvalid,
    ClientNotPermitted,
    MenjinError,
    NotFound,
    QuotaExceeded,
    RequestInvalid,
)
from menjin.service.bodies import read_bytes
from menjin.service.routes import answer
from menjin.service.token_desk import TokenDesk
from menjin.strict_json import read_object
from menjin.values import Secret

_MESSAGES = {
    -1: "system error",
    40002: "invalid grant_type",
    40013: "invalid appid",
    40125: "invalid appsecret",
    41002: "appid missing",
    41004: "appsecret missing",
    43002: "require POST method",
    45009: "reach max api daily quota limit",
    47001: "data format error",
    50004: "no permission to use this api",
}


class _RefusedError(Exception):
    """An answer with an errcode."""

    def __init__(self, errcode: int) -> None:
        super().__init__(errcode)
        self.errcode = errcode


class CompatibleRoutes:
    """The routes.

    Args:
        desk: Hands out access_tokens.
    """

    def __init__(self, desk: TokenDesk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """Return them."""
        return [
            Route("/cgi-bin/token", self.token, methods=["GET", "POST"]),
            Route("/cgi-bin/stable_token", self.stable_token, methods=["GET", "POST"]),
        ]

    async def token(self, request: Request) -> Response:
        """The legacy call: parameters in the query, or in the body of a POST."""
        return await self._answer(request, may_force=False)

    async def stable_token(self, request: Request) -> Response:
        """The stable call: parameters in a JSON body."""
        if request.method != "POST":
            return _refuse(request, 43002)
        return await self._answer(request, may_force=True)

    async def _answer(self, request: Request, *, may_force: bool) -> Response:
        try:
            given = await _read_parameters(request)
            appid, secret = _check(given)
            take = self._desk.read_anew if may_force and given.get("force_refresh") is True else self._desk.read
            handed = await take(secret, appid)
        except _RefusedError as refused:
            return _refuse(request, refused.errcode)
        except MenjinError as error:
            return _refuse(request, _to_errcode(error))
        return answer({"access_token": handed.access_token.reveal(), "expires_in": handed.expires_in})


async def _read_parameters(request: Request) -> Mapping[str, Any]:
    """Return what came in the query, and in a POST's body as JSON or as a form."""
    query = dict(request.query_params)
    if request.method != "POST":
        return query
    try:
        data = await read_bytes(request)
    except (BodyTooLarge, RequestInvalid):
        raise _RefusedError(47001) from None
    if not data.strip():
        return query
    try:
        if not data.lstrip().startswith(b"{"):  # like WeChat, whatever Content-Type says
            return query | dict(parse_qsl(data.decode(), keep_blank_values=True, strict_parsing=True))
        return query | read_object(data)
    except ValueError:
        raise _RefusedError(47001) from None


def _check(given: Mapping[str, Any]) -> tuple[str, Secret]:
    """Return appid and credential, as far as their form goes."""
    appid, secret = given.get("appid"), given.get("secret")
    if given.get("grant_type") != "client_credential":
        raise _RefusedError(40002)
    if not isinstance(appid, str) or not appid:
        raise _RefusedError(41002)
    if not isinstance(secret, str) or not secret:
        raise _RefusedError(41004)
    return appid, Secret(secret)


def _to_errcode(error: MenjinError) -> int:
    """Return WeChat's number for a failure; what may heal by itself is its "system busy"."""
    if isinstance(error, ClientInvalid):
        return 40125
    if isinstance(error, (ClientNotPermitted, NotFound)):
        return 40013
    if isinstance(error, AppMisconfigured):
        return 50004
    return 45009 if isinstance(error, QuotaExceeded) else -1


def _refuse(request: Request, errcode: int) -> Response:
    text = f"{_MESSAGES[errcode]} rid: {request.state.request_id}"
    return answer({"errcode": errcode, "errmsg": text})
