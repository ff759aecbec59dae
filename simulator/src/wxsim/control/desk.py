"""One control call, and the table of routes.

Control works on the world from outside, as no part of WeChat could. A route is a
function from an order to a JSON value; ``Wrong`` becomes a 4xx that says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from wxsim.state import State
    from wxsim.wire import Request

Value = TypeVar("Value")


class Wrong(Exception):
    """An order that cannot be carried out.

    Attributes:
        status: HTTP status.
        detail: what is wrong with it.
    """

    def __init__(self, detail: str, status: int = 400) -> None:
        """Refuse an order with a reason."""
        self.detail = detail
        self.status = status
        super().__init__(detail)


class Order(msgspec.Struct, frozen=True):
    """A control call.

    Attributes:
        state: the world.
        request: the request.
        now: Unix seconds.
        rest: what follows the route in the path, split at slashes.
    """

    state: State
    request: Request
    now: float
    rest: tuple[str, ...]

    def fields(self) -> dict[str, object]:
        """Return the JSON object of the body; no body is an empty one."""
        return self.read(dict[str, object])

    def read(self, kind: type[Value]) -> Value:
        """Return the body in a shape.

        Raises:
            Wrong: the body has another form.
        """
        try:
            return msgspec.json.decode(self.request.body or b"{}", type=kind)
        except msgspec.DecodeError as error:
            raise Wrong(str(error)) from error

    def whole(self, name: str) -> int:
        """Return a query parameter as a whole number, 0 when it is absent.

        Raises:
            Wrong: it is no number.
        """
        text = self.request.query.get(name, "0")
        if not text.isdigit():
            detail = f"{name} must be a whole number"
            raise Wrong(detail)
        return int(text)


ROUTES: dict[tuple[str, str], Callable[[Order], object]] = {}
Run = TypeVar("Run", bound=Callable[[Order], object])


def route(method: str, name: str) -> Callable[[Run], Run]:
    """Enter a function in the table of routes as ``METHOD /_sim/{name}``."""

    def enter(run: Run) -> Run:
        ROUTES[method, name] = run
        return run

    return enter


def patched(kind: type[Value], old: Value, patch: dict[str, object]) -> Value:
    """Return ``old`` with the fields of ``patch`` laid over it.

    Raises:
        Wrong: a field is unknown or has a wrong type.
    """
    before = msgspec.to_builtins(old)
    unknown = sorted(set(patch) - set(before))
    if unknown:
        detail = f"unknown fields {unknown}; known are {sorted(before)}"
        raise Wrong(detail)
    try:
        return msgspec.convert({**before, **patch}, kind)
    except (msgspec.ValidationError, ValueError) as error:
        raise Wrong(str(error)) from error
