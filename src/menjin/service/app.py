"""The ASGI app: routes, problems, request ids, one log line a request."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from menjin.aio import AsyncMenjin
from menjin.clock import SystemRandomness
from menjin.errors import AppMisconfigured, MenjinError, StoreUnavailable
from menjin.ledger.request import within_request
from menjin.limits.addresses import NO_PROXIES, TrustedProxies
from menjin.problems import Problem, choose_language, plain_problem, to_problem
from menjin.service.binding_routes import BindingRoutes
from menjin.service.routes import Routes
from menjin.service.shedding import Shedding, is_sign_in
from menjin.wechat.errcodes import is_token_refused

_LOG = logging.getLogger("menjin.service")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_SLUGS = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


def create_app(
    menjin: AsyncMenjin,
    extra_routes: Sequence[Route | Mount] = (),
    on_start: Callable[[], Awaitable[None]] | None = None,
    trusted_proxies: TrustedProxies = NO_PROXIES,
    wechat_cloud: TrustedProxies = NO_PROXIES,
) -> ASGIApp:
    """Return the service as an ASGI app; its lifespan opens and closes `menjin`.

    Args:
        menjin: Does the deeds.
        extra_routes: Served beside ours.
        on_start: Called once `menjin` is open.
        trusted_proxies: Whose X-Forwarded-For is believed. The server in front must hand on the peer as it is:
            uvicorn with `proxy_headers=False`.
        wechat_cloud: WeChat's own gateways, whose X-WX-* headers are believed.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if not trusted_proxies:
            _LOG.warning(
                "no [gateway] trusted_proxies: limits by address are off for peers on loopback or a private network, "
                "since everybody behind a proxy would share one"
            )
        async with menjin:
            if on_start is not None:
                await on_start()
            gc.collect()
            gc.freeze()
            async with asyncio.TaskGroup() as chores:
                tasks = [chores.create_task(_do_chore(*chore)) for chore in _chores(menjin)]
                yield
                for task in tasks:
                    task.cancel()

    ours = (*Routes(menjin, trusted_proxies, wechat_cloud).routes(), *BindingRoutes(menjin).routes())
    routes = [*ours, to_contract_route("openapi.json"), *extra_routes]
    shedding = Middleware(Shedding, menjin=menjin, trusted=trusted_proxies, refuse=_on_error)
    return to_asgi(routes, lifespan, [shedding])


def to_contract_route(name: str) -> Route:
    """Return the route /openapi.json, for one of the contracts."""
    contract = resources.files("menjin.service").joinpath(name).read_bytes()

    async def openapi(_request: Request) -> Response:
        return Response(contract, media_type="application/json")

    return Route("/openapi.json", openapi)


def to_asgi(
    routes: Sequence[Route | Mount],
    lifespan: Callable[[Starlette], Any] | None = None,
    before: Sequence[Middleware] = (),
) -> ASGIApp:
    """Return the app of these routes, in which every failure is a problem and every request has an id.

    Args:
        routes: Which.
        lifespan: Around it all.
        before: What stands before the router; a bug in it is answered like any other.
    """
    handlers = {MenjinError: _on_error, HTTPException: _on_http, Exception: _on_bug}
    app = Starlette(routes=routes, middleware=before, lifespan=lifespan, exception_handlers=handlers)  # type: ignore[arg-type] # Starlette types handlers by Exception only
    app.router.redirect_slashes = False
    return RequestIds(app, routes)


class RequestIds:
    """Gives every request an id, and writes one line about it: no query, no header, no body.

    Args:
        app: The app inside.
        routes: Theirs are the paths fit for the log, as they are written there; another may hold anything.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[Route | Mount]) -> None:
        self._app = app
        self._known_paths = frozenset(route.path for route in routes)
        self._patterns = [(route.path_regex, route.path) for route in routes if "{" in route.path]
        self._randomness = SystemRandomness()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._read_or_make(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            with within_request(request_id):
                await self._app(scope, receive, send_with_id)
        except Exception:
            # Answered and logged by _on_bug already; Starlette raises it once more for the server to print,
            # and its text may hold a caller's values.
            if not status:
                raise
        finally:
            _LOG.info("%s %s %s id=%s", scope["method"], self._name(scope["path"]), status, request_id)

    def _name(self, path: str) -> str:
        if path in self._known_paths:
            return path
        return next((name for pattern, name in self._patterns if pattern.match(path)), "-")

    def _read_or_make(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _REQUEST_ID.fullmatch(value.decode("latin-1")):
                return str(value.decode("latin-1"))
        return self._randomness.random_bytes(12).hex()


async def _on_error(request: Request, error: MenjinError) -> Response:
    if isinstance(error, AppMisconfigured):
        # One line a request; limits/upstream.py alerts, once a minute. A refused access_token it leaves to us.
        level = logging.ERROR if is_token_refused(error.errcode) else logging.INFO
        _LOG.log(level, "an operator must act: %s id=%s", error, request.state.request_id)
    elif isinstance(error, StoreUnavailable):
        _LOG.error("%s id=%s", error, request.state.request_id)
    signing_in = is_sign_in(request.scope)
    language = choose_language(request.headers.get("accept-language", ""))
    return _to_response(
        to_problem(error, language=language, request_id=request.state.request_id, signing_in=signing_in)
    )


async def _on_http(request: Request, error: HTTPException) -> Response:
    language = choose_language(request.headers.get("accept-language", ""))
    code = _SLUGS.get(error.status_code, "request_invalid")
    response = _to_response(plain_problem(code, language=language, request_id=request.state.request_id))
    response.headers.update(error.headers or {})
    if code == "method_not_allowed":  # Starlette names the methods of the first route of this path only
        fitting = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
        methods = {name for route in fitting for name in getattr(route, "methods", None) or ()}
        response.headers["Allow"] = ", ".join(sorted(methods))
    return response


async def _on_bug(request: Request, error: Exception) -> Response:
    """Answer 500 and log the trace; its text may hold values, so only the places and the kind are kept."""
    _LOG.error("a bug: %s at %s id=%s", type(error).__name__, _places(error), request.state.request_id)
    language = choose_language(request.headers.get("accept-language", ""))
    return _to_response(plain_problem("internal_error", language=language, request_id=request.state.request_id))


def _places(error: BaseException) -> str:
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    return " < ".join(reversed(places[-8:]))


def _to_response(problem: Problem) -> Response:
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:  # noqa: PLR2004 - HTTP asks for a challenge with it
        headers["WWW-Authenticate"] = "Bearer"
    body = msgspec.json.encode(problem.body)
    return Response(body, problem.status, headers, media_type="application/problem+json")


def _chores(menjin: AsyncMenjin) -> tuple[tuple[str, Callable[[], Awaitable[int]], int], ...]:
    """Return what is done beside the requests: its name, one turn of it, and the seconds between idle turns."""
    return (("purge", menjin.purge, 3600), ("follow WeChat", menjin.follow_wechat, 60))


async def _do_chore(name: str, turn: Callable[[], Awaitable[int]], idle_seconds: int) -> None:
    while True:
        done = 0
        try:
            done = await turn()
        except MenjinError as error:
            _LOG.warning("%s: %s; trying again in %s s", name, error.code, idle_seconds)
        await asyncio.sleep(1 if done else idle_seconds)
