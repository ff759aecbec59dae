"""What can go wrong on demand: faults by path, person, app, count or share.

A fault strikes before WeChat acts (nothing has happened), after it (the code is
consumed, the answer is broken or lost), or on the wire.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from wxsim.errcodes import TEXTS
from wxsim.wire import Delivery, Response

if TYPE_CHECKING:
    from wxsim.dice import Dice

FaultName = Literal[
    "errcode",
    "status",
    "html",
    "empty",
    "list",
    "null",
    "fail",
    "broken_json",
    "gbk",
    "duplicate_keys",
    "wrong_types",
    "delay",
    "drip",
    "cut",
    "hang",
    "reset",
    "lost",
]
FAULT_NAMES: tuple[str, ...] = get_args(FaultName)
_NO_EFFECT = frozenset({"errcode", "status", "html", "empty", "list", "null", "fail", "hang", "reset"})
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One fault and whom it strikes.

    Attributes:
        name: what goes wrong; FIDELITY.md has a line for each name.
        path: the paths it strikes, ``*`` as a wildcard.
        person: strike only calls about this person; "" for everybody.
        appid: strike only calls of this app; "" for every app.
        times: strike so many calls, then no more; None for ever.
        share: strike this share of the matching calls, 0 to 1.
        effect: whether WeChat acts all the same; None takes the fault's own way.
        errcode: for ``errcode``.
        status: for ``status``.
        seconds: for ``delay`` and ``drip`` (between two pieces) and ``lost``.
        after: for ``cut`` (bytes sent before) and ``drip`` (bytes a piece).
        reason: for ``fail``: what follows ``<api>:fail``.
        errno: for ``fail``; 0 for none.
        id: given by the simulator.
        struck: how many calls it has struck.
    """

    name: FaultName
    path: str = "*"
    person: str = ""
    appid: str = ""
    times: int | None = 1
    share: float = 1.0
    effect: bool | None = None
    errcode: int = -1
    status: int = 502
    seconds: float = 1.0
    after: int = 0
    reason: str = "internal error"
    errno: int = 4
    id: int = 0
    struck: int = 0

    def acts(self, *, busy_consumes: bool) -> bool:
        """Say whether WeChat acts although this fault strikes."""
        if self.effect is not None:
            return self.effect
        busy = self.name == "errcode" and self.errcode == -1
        if busy or self.name == "hang":
            return busy_consumes
        return self.name not in _NO_EFFECT


class Faults:
    """The faults in force, oldest first; the first that matches strikes."""

    def __init__(self, dice: Dice) -> None:
        """Begin without faults."""
        self._dice = dice
        self._count = 0
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force."""
        self._count += 1
        fault.id = self._count
        self.active.append(fault)
        return fault

    def remove(self, number: int = 0) -> None:
        """Take one fault out of force, or all of them."""
        self.active = [fault for fault in self.active if number and fault.id != number]

    def strike(self, path: str, appid: str, person: str) -> Fault | None:
        """Return the fault that strikes this call, and count it."""
        for fault in self.active:
            if _matches(fault, path, appid, person) and self._chosen(fault):
                fault.struck += 1
                if fault.times is not None and fault.struck >= fault.times:
                    self.remove(fault.id)
                return fault
        return None

    def _chosen(self, fault: Fault) -> bool:
        return fault.share >= 1 or self._dice.share("fault", str(fault.id)) < fault.share


def _matches(fault: Fault, path: str, appid: str, person: str) -> bool:
    return fnmatchcase(path, fault.path) and fault.person in {"", person} and fault.appid in {"", appid}


def deform(fault: Fault, response: Response) -> Response:
    """Return the response as the fault leaves it."""
    body = _BODIES.get(fault.name, bytes)(response.body)
    kind = {"html": "text/html", "gbk": "text/plain; charset=gbk"}.get(fault.name)
    headers = {**response.headers, "content-type": kind} if kind else response.headers
    status = fault.status if fault.name == "status" else response.status
    return Response(status, headers, body, _delivery(fault))


def _delivery(fault: Fault) -> Delivery | None:
    if fault.name == "lost":
        return Delivery("hang" if fault.seconds else "reset")
    if fault.name in {"delay", "drip", "cut", "hang", "reset"}:
        return Delivery(fault.name, fault.seconds, fault.after)
    return None


def _break(body: bytes) -> bytes:
    return body[: max(1, len(body) - 2)]


def _as_gbk(body: bytes) -> bytes:
    text = body.decode(errors="replace")
    # A reply without a Chinese character would be the same bytes in GBK.
    text = text[:-1] + ',"说明":"系统繁忙"}' if text.endswith("}") else text + "系统繁忙"
    return text.encode("gbk", errors="replace")


def _doubled(body: bytes) -> bytes:
    fields = _fields(body)
    doubles = [
        msgspec.json.encode(name) + b":" + msgspec.json.encode(value)
        for name, kept in fields.items()
        for value in (kept, "duplicate")
    ]
    return b"{" + b",".join(doubles) + b"}"


def _retyped(body: bytes) -> bytes:
    return msgspec.json.encode({name: _other_type(value) for name, value in _fields(body).items()})


def _other_type(value: object) -> object:
    if isinstance(value, str):
        return [value]
    return str(value) if isinstance(value, int | float) else 0


def _fields(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError:
        return {"errcode": -1, "errmsg": TEXTS[-1]}


_BODIES = {
    "status": lambda _: HTML,
    "html": lambda _: HTML,
    "empty": lambda _: b"",
    "list": lambda body: b"[" + body + b"]",
    "null": lambda _: b"null",
    "broken_json": _break,
    "gbk": _as_gbk,
    "duplicate_keys": _doubled,
    "wrong_types": _retyped,
}
