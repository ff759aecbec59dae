"""The door of the server API: finds the endpoint, turns refusals into replies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wxsim.errcodes import Refusal
from wxsim.server import crypto_keys, open_ids, phone_numbers, quota, sessions, sns, tokens
from wxsim.server.call import ENDPOINTS, Call, Reply
from wxsim.wire import Response, problem

if TYPE_CHECKING:
    from wxsim.models import Code
    from wxsim.state import State
    from wxsim.wire import Request

ROOMS = (crypto_keys, open_ids, phone_numbers, quota, sessions, sns, tokens)
FAMILIES = ("/sns/", "/cgi-bin/", "/wxa/")
_encode = msgspec.json.encode


def answer(state: State, request: Request, now: float) -> tuple[Response, str]:
    """Answer one call of the server API.

    Returns:
        The response, and the request id it carries if it is a refusal.
    """
    call = Call(state, request, now)
    try:
        reply = _run(call)
    except Refusal as refusal:
        return refuse(state, request.path, refusal, now)
    headers = {"content-type": _content_type(state, request.path)}
    if call.warning:
        headers["x-wxsim-warning"] = call.warning
    return Response(200, headers, _encode(reply)), ""


def _run(call: Call) -> Reply:
    path, method = call.request.path, call.request.method
    found = ENDPOINTS.get(path)
    if found is None:
        raise Refusal(40066)
    if found.methods and method not in found.methods:
        raise Refusal(43002 if "POST" in found.methods else 43001)
    if found.token:
        call.take_token()
        if found.counted:
            call.state.quotas.day(call.app.appid, path, call.state.settings.api_per_day, call.now)
    return found.run(call)


def refuse(state: State, path: str, refusal: Refusal, now: float) -> tuple[Response, str]:
    """Return the reply of a refusal in the form of the path's family."""
    tail = state.dice.hexadecimal(16, "rid")
    rid = f"{int(now):08x}-{tail[:8]}-{tail[8:]}"
    comma = "," if path.startswith("/sns/") else ""
    body = {"errcode": refusal.errcode, "errmsg": f"{refusal.text}{comma} rid: {rid}"}
    return Response(200, {"content-type": _content_type(state, path)}, _encode(body)), rid


def _content_type(state: State, path: str) -> str:
    settings = state.settings
    return settings.sns_content_type if path.startswith("/sns/") else settings.api_content_type


def belongs(path: str) -> bool:
    """Say whether a path is one of WeChat's families."""
    return path.startswith(FAMILIES)


def nowhere(path: str) -> Response:
    """Answer a path that is neither WeChat's nor the simulator's."""
    return problem(404, "unknown_path", f"wxsim has nothing at {path}; see / for what it has")


def caller(state: State, request: Request) -> str:
    """Return the appid that calls, "" when it cannot be told."""
    found = request.query.get("appid")
    if found is not None:
        return found
    token = state.tokens.known.get(request.query.get("access_token", ""))
    return token.appid if token is not None else str(_body_fields(request).get("appid", ""))


def subject(state: State, request: Request) -> str:
    """Return the person a call is about, "" when it cannot be told."""
    code: Code | None = state.codes.shelves["login"].get(request.query.get("js_code", ""))
    fields = _body_fields(request)
    if code is None:
        code = state.codes.shelves["phone"].get(str(fields.get("code", "")))
    if code is not None:
        return code.person
    openid = request.query.get("openid") or str(fields.get("openid", ""))
    appid = caller(state, request)
    return state.identities.person(appid, openid, state.people) or "" if openid else ""


def _body_fields(request: Request) -> dict[str, object]:
    try:
        return msgspec.json.decode(request.body or b"{}", type=dict[str, object])
    except msgspec.DecodeError:
        return {}
