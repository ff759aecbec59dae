"""The doors: read the body, do the deed, write the answer."""

from __future__ import annotations

import re

import msgspec
from msgspec import UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from menjin.aio import AsyncMenjin
from menjin.errors import ClientInvalid, Fault, RequestInvalid, SessionInvalid
from menjin.limits.addresses import NO_PROXIES, TrustedProxies, read_address
from menjin.login.beside import Beside
from menjin.service.bodies import (
    OpenDataBody,
    PhoneBody,
    SignInBody,
    StepUpBody,
    read_app,
    read_body,
    read_pair,
    to_phone,
    to_principal,
    to_sessions,
    to_signed_in,
)
from menjin.service.cloud_headers import read_cloud_identity
from menjin.sessions.model import Device
from menjin.values import Secret

_BEARER = re.compile(r"(?i:bearer) +([\x21-\x7e]+)")

_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_-]{22,128}")


def answer(body: object, status: int = 200) -> Response:
    """Return a JSON answer that no cache keeps."""
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")


def read_token(request: Request) -> str:
    """Return the session_token of the Authorization header.

    Raises:
        SessionInvalid: There is none, or more than one.
    """
    token = read_bearer(request)
    if token is None:
        raise SessionInvalid
    return token


def read_bearer(request: Request) -> str | None:
    """Return what the Authorization header bears; None if there is none, or more than one."""
    values = request.headers.getlist("authorization")
    found = _BEARER.fullmatch(values[0].strip()) if len(values) == 1 else None
    return found[1] if found is not None else None


def read_credential(request: Request) -> Secret:
    """Return the service client's credential of the Authorization header.

    Raises:
        ClientInvalid: There is none, or more than one.
    """
    text = read_bearer(request)
    if text is None:
        raise ClientInvalid
    return Secret(text)


def read_idempotency_key(request: Request) -> str | None:
    """Return the Idempotency-Key header, or None.

    Raises:
        RequestInvalid: It is too short to hold 128 random bits, or no plain text, or stands there twice.
    """
    values = request.headers.getlist("idempotency-key")
    if len(values) > 1 or not all(_IDEMPOTENCY_KEY.fullmatch(value) for value in values):
        raise RequestInvalid(Fault("Idempotency-Key", "22 to 128 characters of A-Za-z0-9_-, once"))
    return values[0] if values else None


class Routes:
    """The routes of one installation.

    Args:
        menjin: Does the deeds.
        trusted: The proxies in front.
        cloud: WeChat's own gateways, whose X-WX-* headers are believed.
    """

    def __init__(self, menjin: AsyncMenjin, trusted: TrustedProxies, cloud: TrustedProxies = NO_PROXIES) -> None:
        self._menjin = menjin
        self._trusted = trusted
        self._cloud = cloud

    def routes(self) -> list[Route]:
        """Return them."""
        return [
            Route("/v1/sessions", self.sign_in, methods=["POST"]),
            Route("/v1/session", self.who, methods=["GET"]),
            Route("/v1/session", self.sign_out, methods=["DELETE"]),
            Route("/v1/session/rotate", self.rotate, methods=["POST"]),
            Route("/v1/session/step-up", self.step_up, methods=["POST"]),
            Route("/v1/sessions", self.list_sessions, methods=["GET"]),
            Route("/v1/sessions", self.end_others, methods=["DELETE"]),
            Route("/v1/sessions/{session_id}", self.end_one, methods=["DELETE"]),
            Route("/v1/open-data", self.open_data, methods=["POST"]),
            Route("/v1/phone", self.phone, methods=["POST"]),
            Route("/healthz", self.health, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
        ]

    async def sign_in(self, request: Request) -> Response:
        """POST /v1/sessions."""
        body = await read_body(request, SignInBody)
        device = None if isinstance(body.device, UnsetType) else Device(body.device.id, body.device.label)
        key, address = read_idempotency_key(request), read_address(request.scope, self._trusted)
        tenant = None if isinstance(body.tenant, UnsetType) else body.tenant
        beside = Beside(tenant, read_cloud_identity(request, self._cloud))
        signed_in = await self._menjin.sign_in(
            read_app(body),
            body.login_code,
            device,
            idempotency_key=key,
            address=address,
            beside=beside,
            phone_code=None if isinstance(body.phone_code, UnsetType) else body.phone_code,
        )
        return answer(to_signed_in(signed_in), 201)

    async def who(self, request: Request) -> Response:
        """GET /v1/session."""
        return answer(to_principal(await self._menjin.authenticate(read_token(request))))

    async def sign_out(self, request: Request) -> Response:
        """DELETE /v1/session."""
        await self._menjin.sign_out(read_token(request))
        return Response(status_code=204)

    async def rotate(self, request: Request) -> Response:
        """POST /v1/session/rotate."""
        return answer(to_signed_in(await self._menjin.rotate(read_token(request))))

    async def step_up(self, request: Request) -> Response:
        """POST /v1/session/step-up."""
        token, body = read_token(request), await read_body(request, StepUpBody)
        credentials = read_pair(body.username, body.password, "username, password")
        codes = [code for code in (body.login_code, body.phone_code) if not isinstance(code, UnsetType)]
        if len(codes) + (credentials is not None) != 1:
            raise RequestInvalid(Fault("body", "needs one of login_code, phone_code, username and password"))
        if credentials is not None:
            signed_in = await self._menjin.step_up_by_password(token, *credentials)
        elif isinstance(body.login_code, UnsetType):
            signed_in = await self._menjin.step_up_by_phone_code(token, codes[0])
        else:
            address = read_address(request.scope, self._trusted)
            signed_in = await self._menjin.step_up_by_login_code(token, body.login_code, address=address)
        return answer(to_signed_in(signed_in))

    async def list_sessions(self, request: Request) -> Response:
        """GET /v1/sessions."""
        return answer(to_sessions(*await self._menjin.list_sessions(read_token(request))))

    async def end_others(self, request: Request) -> Response:
        """DELETE /v1/sessions."""
        await self._menjin.end_other_sessions(read_token(request))
        return Response(status_code=204)

    async def end_one(self, request: Request) -> Response:
        """DELETE /v1/sessions/{session_id}."""
        await self._menjin.end_session(read_token(request), request.path_params["session_id"])
        return Response(status_code=204)

    async def open_data(self, request: Request) -> Response:
        """POST /v1/open-data."""
        token, body = read_token(request), await read_body(request, OpenDataBody)
        encrypted = read_pair(body.encrypted_data, body.iv, "encrypted_data, iv")
        signed = read_pair(body.raw_data, body.signature, "raw_data, signature")
        if encrypted is None and signed is None:
            raise RequestInvalid(Fault("body", "needs encrypted_data and iv, or raw_data and signature"))
        if signed is not None and body.kind != "user_info":
            raise RequestInvalid(Fault("raw_data", "goes with user_info only"))
        opened = await self._menjin.open_data(token, body.kind, encrypted=encrypted, signed=signed)
        return answer({"data": opened.data})

    async def phone(self, request: Request) -> Response:
        """POST /v1/phone."""
        token, body = read_token(request), await read_body(request, PhoneBody)
        encrypted = read_pair(body.encrypted_data, body.iv, "encrypted_data, iv")
        if isinstance(body.phone_code, UnsetType):
            if encrypted is None:
                raise RequestInvalid(Fault("body", "needs phone_code, or encrypted_data and iv"))
            return answer(to_phone(await self._menjin.open_phone(token, *encrypted)))
        if encrypted is not None:
            raise RequestInvalid(Fault("body", "phone_code, or encrypted_data and iv, not both"))
        return answer(to_phone(await self._menjin.phone_by_code(token, body.phone_code)))

    async def health(self, _request: Request) -> Response:
        """GET /healthz: the process is up."""
        return answer({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """GET /readyz: the stores answer too."""
        await self._menjin.ping()
        return answer({"status": "ok"})
