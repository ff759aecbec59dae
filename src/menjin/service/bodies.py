"""What comes in and goes out, as types; bodies are read strictly and bounded."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.requests import ClientDisconnect, Request

from menjin.errors import BodyTooLarge, Fault, RequestInvalid
from menjin.login.results import PhoneNumber, Principal, SignedIn
from menjin.sessions.model import BoundAccount, Session
from menjin.strict_json import read_object

BODY_SECONDS = 10
LARGEST_BODY = 64 * 1024

Short = Annotated[str, Meta(min_length=1, max_length=128)]
_LABEL = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z"
Cipher = Annotated[str, Meta(min_length=1, max_length=LARGEST_BODY)]


class DeviceBody(Struct, forbid_unknown_fields=True, frozen=True):
    """What the client says of the phone."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{16,64}\Z")]
    label: Annotated[str, Meta(max_length=64, pattern=_LABEL)] = ""


class SignInBody(Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/sessions."""

    login_code: Annotated[str, Meta(min_length=1, max_length=128)]
    appid: Annotated[str, Meta(max_length=32)] | UnsetType = UNSET
    app: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    phone_code: Short | UnsetType = UNSET
    tenant: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    device: DeviceBody | UnsetType = UNSET


class OpenDataBody(Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/open-data: a ciphertext, a signed text, or both."""

    kind: Literal["user_info", "werun", "share_info", "group_enter_info", "private_message"]
    encrypted_data: Cipher | UnsetType = UNSET
    iv: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    raw_data: Cipher | UnsetType = UNSET
    signature: Annotated[str, Meta(pattern=r"^[0-9a-f]{40}\Z")] | UnsetType = UNSET


class PhoneBody(Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/phone: a phone_code, or a ciphertext."""

    phone_code: Short | UnsetType = UNSET
    encrypted_data: Cipher | UnsetType = UNSET
    iv: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET


class StepUpBody(Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/session/step-up: a fresh login_code, a phone_code, or username and password."""

    login_code: Short | UnsetType = UNSET
    phone_code: Short | UnsetType = UNSET
    username: Short | UnsetType = UNSET
    password: Annotated[str, Meta(min_length=1, max_length=1024)] | UnsetType = UNSET


B = TypeVar("B", bound=Struct)
_QUOTED = re.compile(r"'.*'")


async def read_body(request: Request, shape: type[B], seconds: float = BODY_SECONDS) -> B:
    """Return the request's body as `shape`, if it is whole within so many seconds.

    Raises:
        BodyTooLarge: It is longer than 64 KiB, whatever its Content-Length says.
        RequestInvalid: It is not strict JSON, or not of this shape, or was not whole in time.
    """
    data = await read_bytes(request, seconds)
    try:
        return msgspec.convert(read_object(data), shape)
    except msgspec.ValidationError as error:
        raise RequestInvalid(_to_fault(error)) from None
    except ValueError:
        raise RequestInvalid(Fault("body", "not a strict JSON object")) from None


async def read_bytes(request: Request, seconds: float = BODY_SECONDS) -> bytes:
    """Return the request's body, if it is whole within so many seconds.

    Raises:
        BodyTooLarge: It is longer than 64 KiB, whatever its Content-Length says.
        RequestInvalid: It was not whole in time.
    """
    data = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                data += part
                if len(data) > LARGEST_BODY:
                    raise BodyTooLarge
    except ClientDisconnect:
        raise RequestInvalid(Fault("body", "the client went away before it was whole")) from None
    except TimeoutError:
        raise RequestInvalid(Fault("body", f"not whole within {seconds:g} s")) from None
    return bytes(data)


def read_pair(first: str | UnsetType, second: str | UnsetType, names: str) -> tuple[str, str] | None:
    """Return two fields that come together, or None without both.

    Raises:
        RequestInvalid: Only one of them is there.
    """
    if isinstance(first, UnsetType) and isinstance(second, UnsetType):
        return None
    if isinstance(first, UnsetType) or isinstance(second, UnsetType):
        raise RequestInvalid(Fault(names, "come together"))
    return first, second


def read_app(body: SignInBody) -> str:
    """Return the appid or alias of a login.

    Raises:
        RequestInvalid: Neither is there, or both.
    """
    named = [name for name in (body.appid, body.app) if not isinstance(name, UnsetType)]
    if len(named) != 1:
        raise RequestInvalid(Fault("appid", "give appid, or app, the alias"))
    return named[0]


def to_signed_in(signed_in: SignedIn) -> dict[str, Any]:
    """Return the body of a login or a binding."""
    phone_error = {"phone_error": signed_in.phone_error} if signed_in.phone_error is not None else {}
    return {
        "session_token": signed_in.session_token.reveal(),
        "token_type": "Bearer",
        "session_id": signed_in.session.session_id,
        "expires_in": signed_in.expires_in,
        "account": _to_account(signed_in.account, is_new=signed_in.is_new),
        "binding": signed_in.binding,
        **phone_error,
    }


def to_principal(principal: Principal) -> dict[str, Any]:
    """Return the body of GET /v1/session."""
    session = principal.session
    return {
        "session_id": session.session_id,
        "appid": session.subject.appid,
        "expires_in": principal.expires_in,
        "issued_at": _to_text(session.issued_at),
        "authenticated_at": _to_text(session.authenticated_at),
        "account": _to_account(principal.account),
        "binding": principal.binding,
        "tenant": session.subject.tenant,
        "device": _to_device(session),
    }


def to_sessions(own: Session, live: tuple[Session, ...]) -> dict[str, Any]:
    """Return the body of GET /v1/sessions."""
    return {
        "sessions": [
            {
                "session_id": session.session_id,
                "is_current": session.session_id == own.session_id,
                "issued_at": _to_text(session.issued_at),
                "last_seen_at": _to_text(session.last_seen_at),
                "device": _to_device(session),
            }
            for session in live
        ]
    }


def to_phone(phone: PhoneNumber) -> dict[str, Any]:
    """Return the body of POST /v1/phone."""
    return {
        "phone_number": phone.phone_number,
        "country_code": phone.country_code,
        "national_number": phone.national_number,
    }


def _to_account(account: BoundAccount | None, *, is_new: bool = False) -> dict[str, Any] | None:
    if account is None:
        return None
    masked = account.phone_masked
    return {"id": account.id, "external_id": account.external_id, "phone_masked": masked, "is_new": is_new}


def _to_text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _to_device(session: Session) -> dict[str, Any] | None:
    return {"id": session.device.id, "label": session.device.label} if session.device is not None else None


def _to_fault(error: msgspec.ValidationError) -> Fault:
    """Return where and what, in msgspec's words, without the value it may quote."""
    problem, _, path = str(error).partition(" - at `")
    return Fault(path.rstrip("`").lstrip("$.") or "body", _QUOTED.sub("'…'", problem)[:200])
