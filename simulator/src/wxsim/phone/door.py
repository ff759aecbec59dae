"""The door of the phone side: finds the call, turns failures into fail objects."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, cast, get_args

import msgspec

from wxsim.models import Platform
from wxsim.phone import (
    account,
    cache,
    fill_in,
    login,
    phone_button,
    privacy,
    profile,
    request,
    scopes,
    storage,
    user_crypto,
)
from wxsim.phone.hand import APIS, Answer, Api, Ask, Hand, Out, WxFail
from wxsim.wire import JSON_TYPE, Errand, Response, json_response, problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wxsim.models import Device
    from wxsim.state import State
    from wxsim.wire import Request

ROOMS = (account, cache, fill_in, login, phone_button, privacy, profile, request, scopes, storage)
CRYPTO_ROOM = user_crypto
PARTS = 3
YES = ("1", "true")
PLATFORMS: tuple[str, ...] = get_args(Platform)
VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){0,3}")
_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(dict[str, object]).decode
_decode_setting = msgspec.json.Decoder(dict[str, bool]).decode


class BadQuery(Exception):
    """A query parameter of the phone side says nothing sensible."""


def answer(state: State, request: Request, now: float) -> Response:
    """Answer ``POST /_wx/{appid}/{person}/{api}``: 200 with wx's own object.

    A popup that waits for the person is 202 with ``{"ask": …}``; the caller
    repeats the call with ``answer=allow`` or ``answer=refuse``.
    """
    parts = request.path[5:].split("/")
    if len(parts) != PARTS:
        return problem(404, "unknown_path", "the phone side is /_wx/{appid}/{person}/{api}")
    appid, name, called = parts
    found = APIS.get(called)
    if found is None:
        known = ", ".join(sorted(APIS))
        return problem(404, "unknown_api", f"wxsim has no wx.{called}; it has {known}")
    if request.method != "POST":
        return problem(405, "method_not_allowed", "calls of wx are POSTs")
    if found.goes_out and request.headers.get("sec-fetch-site") == "cross-site":
        return problem(403, "cross_site", "a page of another site may not send requests through this phone")
    try:
        options = _decode(request.body) if request.body else {}
        hand = _hand(state, request, now, (appid, name, called), options)
    except msgspec.DecodeError:
        return problem(400, "bad_options", "the body must be a JSON object: wx's options")
    return _call(found, hand)


def _hand(
    state: State,
    request: Request,
    now: float,
    names: tuple[str, str, str],
    options: dict[str, object],
) -> Hand:
    appid, name, called = names
    query = request.query
    person, app = state.person(name), state.app(appid)
    device = state.device(person, query.get("device") or "d1")
    as_given(device, query)
    return Hand(
        state,
        app,
        person,
        device,
        now,
        called,
        options,
        query.get("tap", "") in YES,
        query.get("answer", ""),
        query.get("about", ""),
        query.get("handler", "") in YES,
        query.get("ask", "") in YES,
        _setting(query.get("setting", "")),
    )


def _setting(text: str) -> dict[str, bool] | None:
    try:
        return _decode_setting(text) if text else None
    except msgspec.DecodeError:
        message = "setting must be a JSON object of scopes and booleans"
        raise BadQuery(message) from None


def as_given(device: Device, query: Mapping[str, str]) -> None:
    """Let a call say which platform and base library its device has.

    Raises:
        BadQuery: there is no such platform, or that is no version.
    """
    platform, library = query.get("platform"), query.get("base_library")
    if platform:
        if platform not in PLATFORMS:
            message = f"platform must be one of {', '.join(PLATFORMS)}"
            raise BadQuery(message)
        device.platform = cast("Platform", platform)
    if library:
        if not VERSION.fullmatch(library):
            message = "base_library must be a version such as 3.17.0"
            raise BadQuery(message)
        device.base_library = library


def _call(found: Api, hand: Hand) -> Response:
    try:
        warning = _count(found, hand)
        reply = cache.through(found, hand)
    except WxFail as fail:
        return json_response(hand.failure(fail))
    except Ask as ask:
        return json_response({"ask": {"about": ask.about, "referrer": ask.referrer, **ask.shown}}, 202)
    except Out as out:
        return Response(202, {}, b"", errand=Errand(partial(_outside, hand, out)))
    reply.setdefault("errMsg", f"{hand.api}:ok")
    headers = {"content-type": JSON_TYPE}
    if warning:
        headers["x-wxsim-warning"] = warning
    return Response(200, headers, _encode(reply))


def _outside(hand: Hand, out: Out) -> Response:
    try:
        return json_response({**out.run(), "errMsg": f"{hand.api}:ok"})
    except WxFail as fail:
        return json_response(hand.failure(fail))


def _count(found: Api, hand: Hand) -> str:
    """Apply the frequency rule; return a warning, or fail where so set."""
    if not found.limited:
        return ""
    most = hand.settings.client_calls_per_second
    name = f"{hand.app.appid} {hand.person.name} {hand.api}"
    if hand.state.quotas.second(name, most, hand.now):
        return ""
    if hand.settings.client_frequency == "fail":
        reason = "meet server frequency limit"
        raise WxFail(reason, 1003)
    return f"wx.{hand.api} called more than {most} times a second"


def fail_object(state: State, request: Request, now: float, fail: WxFail) -> Answer:
    """Return the fail object a fault puts in place of an answer."""
    parts = (*request.path[5:].split("/"), "", "", "")
    try:
        hand = _hand(state, request, now, (parts[0], parts[1], parts[2]), {})
    except LookupError:
        return {"errMsg": f"{parts[2]}:fail {fail.reason}"}
    return hand.failure(fail)
