"""The internal listener's routes: for the business's own services, never for phones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from menjin.access_tokens.model import TokenStatus
from menjin.aio import AsyncMenjin
from menjin.apps import Apps
from menjin.assembly import Parts
from menjin.clock import Clock
from menjin.errors import StoreUnavailable
from menjin.ledger.flow import Ledger
from menjin.service.app import to_asgi, to_contract_route
from menjin.service.bodies import read_body
from menjin.service.compatible import CompatibleRoutes
from menjin.service.identities import identities_route
from menjin.service.metrics import Metrics
from menjin.service.read_audit import ReadAudit
from menjin.service.routes import answer, read_credential
from menjin.service.token_desk import TokenDesk
from menjin.values import Secret


class ReportBody(Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/apps/{appid}/access-token/reports."""

    access_token: Annotated[str, Meta(min_length=1, max_length=4096)]


class InternalRoutes:
    """The routes.

    Args:
        menjin: Does the deeds.
        apps: Those there are.
        desk: Hands out access_tokens.
        metrics: What /metrics shows.
        clock: Tells the time.
    """

    def __init__(self, menjin: AsyncMenjin, apps: Apps, desk: TokenDesk, metrics: Metrics, clock: Clock) -> None:
        self._menjin = menjin
        self._apps = apps
        self._desk = desk
        self._metrics = metrics
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return them."""
        return [
            Route("/v1/apps/{appid}/access-token", self.read, methods=["GET"]),
            Route("/v1/apps/{appid}/access-token/reports", self.report, methods=["POST"]),
            Route("/metrics", self.metrics, methods=["GET"]),
            Route("/healthz", self.health, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
            to_contract_route("internal.json"),
        ]

    async def read(self, request: Request) -> Response:
        """GET /v1/apps/{appid}/access-token."""
        handed = await self._desk.read(read_credential(request), request.path_params["appid"])
        token = handed.access_token.reveal()
        return answer({"access_token": token, "expires_in": handed.expires_in, "generation": handed.generation})

    async def report(self, request: Request) -> Response:
        """POST /v1/apps/{appid}/access-token/reports."""
        credential, body = read_credential(request), await read_body(request, ReportBody)
        refused = Secret(body.access_token)
        outcome = await self._desk.report(credential, request.path_params["appid"], refused)
        return answer({"outcome": outcome.value})

    async def metrics(self, _request: Request) -> Response:
        """GET /metrics; while the store is down without what only the store knows."""
        statuses: Sequence[TokenStatus] = ()
        try:
            statuses = [await self._menjin.access_tokens.status(app.appid) for app in self._apps.all()]
        except StoreUnavailable:
            statuses = ()
        body = self._metrics.render(statuses, self._clock.now())
        return Response(body, headers={"Cache-Control": "no-store"}, media_type=CONTENT_TYPE_LATEST)

    async def health(self, _request: Request) -> Response:
        """GET /healthz: the process is up."""
        return answer({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """GET /readyz: the stores answer too."""
        await self._menjin.ping()
        return answer({"status": "ok"})


def create_internal_app(
    menjin: AsyncMenjin,
    parts: Parts,
    metrics: Metrics,
    *,
    wechat_compatible: bool = False,
    extra_routes: Sequence[Route | Mount] = (),
) -> ASGIApp:
    """Return the internal listener's app; it has no lifespan of its own.

    Args:
        menjin: Open while this serves.
        parts: What it was made of.
        metrics: The centre's observer too.
        wechat_compatible: Whether it answers WeChat's /cgi-bin/token and /cgi-bin/stable_token.
        extra_routes: Served beside ours.
    """
    ledger = Ledger(parts.stores.ledger, parts.clock, parts.randomness)
    desk = TokenDesk(
        tokens=menjin.access_tokens,
        clients=menjin.clients,
        apps=parts.apps,
        clock=parts.clock,
        margin=parts.tokens.margin,
        metrics=metrics,
        audit=ReadAudit(menjin.clients, ledger, parts.stores.transactions, parts.stopwatch),
    )
    routes: list[Route | Mount] = [*InternalRoutes(menjin, parts.apps, desk, metrics, parts.clock).routes()]
    routes.append(identities_route(menjin, menjin.clients.authorise))
    if wechat_compatible:
        routes += CompatibleRoutes(desk).routes()
    return to_asgi([*routes, *extra_routes])
