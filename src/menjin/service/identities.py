"""POST /internal/identities: the business tells whose unionid an openid has, from a cloud function or its own books."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from menjin.aio import AsyncMenjin
from menjin.service.bodies import read_body
from menjin.service.routes import answer, read_credential
from menjin.values import AppId, Secret

WeChatId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{20,64}\Z")]


class IdentityBody(Struct, forbid_unknown_fields=True, frozen=True):
    """POST /internal/identities."""

    appid: Annotated[str, Meta(pattern=r"^wx[0-9a-f]{16}\Z")]
    openid: WeChatId
    unionid: WeChatId


class Authorise(Protocol):
    """Says whether a service client may do something in an app."""

    async def __call__(self, credential: Secret, scope: Literal["identity:assert"], appid: AppId | None) -> object:
        """Return if it may.

        Raises:
            MenjinError: It may not, or nobody knows it.
        """
        ...


def identities_route(menjin: AsyncMenjin, authorise: Authorise) -> Route:
    """Return the route.

    Args:
        menjin: Records it.
        authorise: Asked for the scope `identity:assert` in the app first: nobody finds out here which apps we have.
    """

    async def assert_identity(request: Request) -> Response:
        credential, body = read_credential(request), await read_body(request, IdentityBody)
        await authorise(credential, "identity:assert", AppId(body.appid))
        resolved = await menjin.accounts.record_unionid(body.appid, body.openid, body.unionid)
        account = {"id": resolved.account.account_id} if resolved.account is not None else None
        return answer({"unionid_known": not resolved.conflict, "account": account})

    return Route("/internal/identities", assert_identity, methods=["POST"])
