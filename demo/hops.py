"""The hops of the demo: who said what to whom, as it happens, with what must not be shown left out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Literal

Side = Literal["phone", "menjin", "wechat", "shop"]
Kind = Literal["call", "answer"]
KEPT = 400


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a payload.

    Attributes:
        name: Its name; nested ones are joined by dots.
        text: What is shown.
        keeper: Who alone may know it: `server` for what never leaves the servers, `phone` for what only the phone
            keeps, `person` for what only the person knows, "" for all else.
    """

    name: str
    text: str
    keeper: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One message from one side to another.

    Attributes:
        number: From 1 on.
        at: Simulated Unix seconds.
        call: Number of the call's hop; an answer bears its call's.
        title: Method and path, or the name of the call.
        status: Of an answer: an HTTP status, or 0 for none.
        went_well: Whether an answer is no refusal.
    """

    number: int
    at: float
    call: int
    kind: Kind
    source: Side
    target: Side
    title: str
    fields: tuple[Field, ...]
    status: int = 0
    went_well: bool = True

    def to_json(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


class Hops:
    """The latest hops, and whoever follows them; they come from the servers' loop and from threads."""

    def __init__(self) -> None:
        self._kept: deque[Hop] = deque(maxlen=KEPT)
        self._count = 0
        self._followers: dict[asyncio.Queue[Hop], asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()

    def call(self, at: float, source: Side, target: Side, title: str, fields: Iterable[Field]) -> Hop:
        """Note a call."""
        told = tuple(fields)
        return self._add(lambda number: Hop(number, at, number, "call", source, target, title, told))

    def answer(self, call: Hop, at: float, fields: Iterable[Field], status: int = 0, *, went_well: bool) -> Hop:
        """Note the answer to a call."""
        source, target, title, told = call.target, call.source, call.title, tuple(fields)
        return self._add(
            lambda number: Hop(number, at, call.number, "answer", source, target, title, told, status, went_well)
        )

    def latest(self, after: int = 0) -> list[Hop]:
        """Return the hops after a number, oldest first."""
        with self._lock:
            return [hop for hop in self._kept if hop.number > after]

    @contextlib.asynccontextmanager
    async def follow(self) -> AsyncIterator[asyncio.Queue[Hop]]:
        """Yield a queue of the hops from here on, in the order of their numbers."""
        queue: asyncio.Queue[Hop] = asyncio.Queue(KEPT)
        with self._lock:
            self._followers[queue] = asyncio.get_running_loop()
        try:
            yield queue
        finally:
            with self._lock:
                del self._followers[queue]

    def _add(self, make: Callable[[int], Hop]) -> Hop:
        with self._lock:
            self._count += 1
            hop = make(self._count)
            self._kept.append(hop)
            for queue, loop in self._followers.items():
                loop.call_soon_threadsafe(_put, queue, hop)
        return hop


def _put(queue: asyncio.Queue[Hop], hop: Hop) -> None:
    with contextlib.suppress(asyncio.QueueFull):  # a page that does not read asks again with its last number
        queue.put_nowait(hop)
