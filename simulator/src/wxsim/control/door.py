"""The door of control: finds the route, turns wrong orders into problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wxsim.control import apps, people, world
from wxsim.control.desk import ROUTES, Order, Wrong
from wxsim.wire import Response, json_response, problem

if TYPE_CHECKING:
    from wxsim.state import State
    from wxsim.wire import Request

ROOMS = (apps, people, world)


def answer(state: State, request: Request, now: float) -> Response:
    """Answer one call under ``/_sim``."""
    name, *rest = request.path.removeprefix("/_sim").strip("/").split("/")
    if not name:
        return json_response({"routes": sorted(f"{verb} /_sim/{part}" for verb, part in ROUTES)})
    run = ROUTES.get((request.method, name))
    if run is None:
        known = sorted(f"{verb} /_sim/{part}" for verb, part in ROUTES)
        return problem(404, "unknown_order", f"no such order; there are {', '.join(known)}")
    try:
        return json_response(run(Order(state, request, now, tuple(rest))))
    except Wrong as wrong:
        return problem(wrong.status, "wrong_order", wrong.detail)
