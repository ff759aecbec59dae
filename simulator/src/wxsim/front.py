"""The one entry: a request in, a response out, whatever door it is for."""

from __future__ import annotations

from wxsim.control import door as control_door
from wxsim.errcodes import Refusal
from wxsim.faults import Fault, deform
from wxsim.journal import KEPT_BYTES, Door, Entry
from wxsim.page import page
from wxsim.phone import door as phone_door
from wxsim.phone.hand import WxFail
from wxsim.server import door as server_door
from wxsim.state import State, Unknown
from wxsim.wire import Request, Response, json_response, problem

NOTICE = "simulator, not WeChat"
About = tuple[Door, str, str, Fault | None]


def handle(state: State, request: Request) -> Response:
    """Answer a request and write it into the journal."""
    now = state.clock.now()
    path = request.path
    if path.startswith("/_wx/"):
        response = _phone(state, request, now)
    elif path.startswith("/_sim"):
        response = _control(state, request, now)
    elif server_door.belongs(path):
        response = _server(state, request, now)
    else:
        response = page() if path == "/" else server_door.nowhere(path)
    return stamp(state, response)


def stamp(state: State, response: Response) -> Response:
    """Let a reply say what made it, and when by its clock."""
    response.headers["x-wxsim"] = NOTICE
    response.headers["x-wxsim-now"] = f"{state.clock.now():.3f}"
    return response


def _phone(state: State, request: Request, now: float) -> Response:
    parts = request.path.split("/", 4)
    who = parts[3] if len(parts) > 3 else ""  # noqa: PLR2004 - /_wx/{appid}/{person}/…
    fault = state.faults.strike(request.path, parts[2], who) if state.faults.active else None
    response = _struck_phone(state, request, now, fault) if fault else _tapped(state, request, now)
    about: About = ("phone", who, "", fault)
    if response.errand is None:
        _write(state, request, response, now, about)
    else:
        response.errand.then = lambda done: _returned(state, request, done, now, about)
    return response


def _returned(state: State, request: Request, response: Response, now: float, about: About) -> Response:
    """Complete the answer to a call that had to go out: fault, stamp, journal."""
    fault = about[3]
    response = stamp(state, deform(fault, response) if fault is not None else response)
    _write(state, request, response, now, about)
    return response


def _tapped(state: State, request: Request, now: float) -> Response:
    try:
        return phone_door.answer(state, request, now)
    except Unknown as unknown:
        return problem(404, f"unknown_{unknown.kind}", str(unknown))
    except phone_door.BadQuery as error:
        return problem(400, "bad_query", str(error))


def _struck_phone(state: State, request: Request, now: float, fault: Fault) -> Response:
    acts = fault.acts(busy_consumes=state.settings.busy_consumes_code)
    response = _tapped(state, request, now) if acts else json_response({})
    if fault.name == "fail":
        fail = WxFail(fault.reason, fault.errno)
        response = json_response(phone_door.fail_object(state, request, now, fail))
    # What has to go out first is deformed when it is back.
    return response if response.errand is not None else deform(fault, response)


def _server(state: State, request: Request, now: float) -> Response:
    who, fault = server_door.caller(state, request), None
    if state.faults.active:
        subject = server_door.subject(state, request)
        fault = state.faults.strike(request.path, who, subject)
    if fault is None:
        response, rid = server_door.answer(state, request, now)
    else:
        response, rid = _struck_server(state, request, now, fault)
    _write(state, request, response, now, ("server", who, rid, fault))
    return response


def _struck_server(state: State, request: Request, now: float, fault: Fault) -> tuple[Response, str]:
    response, rid = json_response({}), ""
    if fault.acts(busy_consumes=state.settings.busy_consumes_code):
        response, rid = server_door.answer(state, request, now)
    if fault.name == "errcode":
        response, rid = server_door.refuse(state, request.path, Refusal(fault.errcode), now)
    return deform(fault, response), rid


def _control(state: State, request: Request, now: float) -> Response:
    try:
        response = control_door.answer(state, request, now)
    except Unknown as unknown:
        response = problem(404, f"unknown_{unknown.kind}", str(unknown))
    if request.method != "GET":
        _write(state, request, response, now, ("control", "", "", None))
    return response


def _write(
    state: State,
    request: Request,
    response: Response,
    now: float,
    about: About,
) -> None:
    door, who, rid, fault = about
    journal = state.journal
    journal.write(
        Entry(
            journal.number(),
            now,
            door,
            who,
            request.method,
            request.path,
            request.query,
            request.body[:KEPT_BYTES],
            response.status,
            response.body[:KEPT_BYTES],
            rid,
            fault.name if fault is not None else "",
            request.client_ip,
        )
    )
