"""The journal: who said what to whom, with the answer and the time.

A ring: the oldest entries leave. Entries hold raw bytes and are made readable
only when somebody reads them, so that writing costs next to nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Literal

import msgspec

Door = Literal["server", "phone", "control"]
KEPT_BYTES = 8192


class Entry(msgspec.Struct, frozen=True):
    """One exchange.

    Attributes:
        seq: number of the entry, from 1.
        at: Unix seconds by the simulated clock.
        door: server (WeChat's API), phone (``/_wx``) or control (``/_sim``).
        who: the person on the phone, or the appid that calls.
        rid: the request id of a refusal, else "".
        fault: name of the fault that struck, else "".
        body: the request's body, of long ones the beginning.
        answer: the response's body, of long ones the beginning.
    """

    seq: int
    at: float
    door: Door
    who: str
    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    status: int
    answer: bytes
    rid: str = ""
    fault: str = ""
    client_ip: str = ""

    def readable(self) -> dict[str, object]:
        """Return the entry with body and answer read as JSON where they are."""
        return {
            "seq": self.seq,
            "at": self.at,
            "door": self.door,
            "who": self.who,
            "method": self.method,
            "path": self.path,
            "query": dict(self.query),
            "body": _readable(self.body),
            "status": self.status,
            "answer": _readable(self.answer),
            "rid": self.rid,
            "fault": self.fault,
        }


def _readable(data: bytes) -> object:
    if not data:
        return None
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return data.decode(errors="replace")


class Journal:
    """The last entries, newest last."""

    def __init__(self, size: int) -> None:
        """Keep at most ``size`` entries."""
        self.entries: deque[Entry] = deque(maxlen=size)
        self.seq = 0

    def resize(self, size: int) -> None:
        """Keep at most ``size`` entries from here on."""
        if self.entries.maxlen != size:
            self.entries = deque(self.entries, maxlen=size)

    def number(self) -> int:
        """Return the number of the next entry."""
        self.seq += 1
        return self.seq

    def write(self, entry: Entry) -> None:
        """Add an entry; the oldest leaves when the ring is full."""
        self.entries.append(entry)

    def find(self, since: int = 0, door: str = "", path: str = "") -> list[Entry]:
        """Return the entries after ``since`` of a door and below a path."""
        return [
            entry
            for entry in self.entries
            if entry.seq > since and (not door or entry.door == door) and entry.path.startswith(path)
        ]

    def by_rid(self, rid: str) -> Entry | None:
        """Return the entry that was answered with this request id."""
        return next((entry for entry in reversed(self.entries) if entry.rid == rid), None)
