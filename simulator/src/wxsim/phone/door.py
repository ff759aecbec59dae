"""The door of the phone side: finds the call, turns failures into fail objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wxsim.phone import account, cache, fill_in, login, phone_button, privacy, profile, scopes, storage, user_crypto
from wxsim.phone.hand import APIS, Answer, Api, Ask, Hand, WxFail
from wxsim.wire import JSON_TYPE, Response, json_response, problem

if TYPE_CHECKING:
    from wxsim.state import State
    from wxsim.wire import Request

ROOMS = (account, cache, fill_in, login, phone_button, privacy, profile, scopes, storage)
CRYPTO_ROOM = user_crypto
PARTS = 3
_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(dict[str, object]).decode


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
    try:
        options = _decode(request.body) if request.body else {}
    except msgspec.DecodeError:
        return problem(400, "bad_options", "the body must be a JSON object: wx's options")
    return _call(found, _hand(state, request, now, (appid, name, called), options))


def _hand(
    state: State,
    request: Request,
    now: float,
    names: tuple[str, str, str],
    options: dict[str, object],
) -> Hand:
    appid, name, called = names
    query = request.query
    person = state.person(name)
    return Hand(
        state,
        state.app(appid),
        person,
        state.device(person, query.get("device") or "d1"),
        now,
        called,
        options,
        query.get("tap", "") in {"1", "true"},
        query.get("answer", ""),
        query.get("about", ""),
        query.get("handler", "") in {"1", "true"},
    )


def _call(found: Api, hand: Hand) -> Response:
    try:
        warning = _count(found, hand)
        reply = cache.through(found, hand)
    except WxFail as fail:
        return json_response(hand.failure(fail))
    except Ask as ask:
        return json_response({"ask": {"about": ask.about, "referrer": ask.referrer}}, 202)
    reply.setdefault("errMsg", f"{hand.api}:ok")
    headers = {"content-type": JSON_TYPE}
    if warning:
        headers["x-wxsim-warning"] = warning
    return Response(200, headers, _encode(reply))


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
