"""The processes of the token soaks: a warm one that forks readers, each of which says what it read and when.

Orders come as JSON lines: `{"out": …, "rate": …, "plan": {…}}`; the answer is the child's process id. A reader appends
to its file one line a token and fifth of a second: digest, first and last moment (each before it asked), how often;
and one an attempt to renew: `~` and its outcome, the moment, how long it took.
An order with `reports` makes a reporter: it reads one token, says so by its file, and when the file `go` is there
reports that token so often, and writes what came of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import json
import logging
import os
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from menjin.access_tokens.model import Renewal
from menjin.adapters.following import TaskFollowing, ThreadFollowing
from menjin.bridge import drive
from menjin.errors import MenjinError
from menjin.values import AppId
from support.fork_server import serve_orders
from support.token_centre import Centre, Plan, make_centre
from wxsim import FIRST_APPID

_FLUSH_SECONDS = 0.2


def digest(token: str) -> str:
    """Return a token's name in the files."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


class Notes:
    """Writes what was read."""

    def __init__(self, path: str) -> None:
        self._file: IO[str] = Path(path).open("a", encoding="utf-8")  # noqa: SIM115 - until the process ends
        self._name = ""
        self._first = self._last = 0.0
        self._count = 0

    def note(self, name: str, at: float) -> None:
        """Note one read: of a token, or what was raised."""
        if name != self._name or at - self._first > _FLUSH_SECONDS:
            self.flush()
            self._name, self._first = name, at
        self._last = at
        self._count += 1

    def renewed(self, renewal: Renewal) -> None:
        """Note an attempt to renew."""
        self._write(f"~{renewal.outcome}", time.time(), renewal.took.total_seconds(), 1)

    def waited(self, appid: AppId, length: timedelta, *, served: bool) -> None:
        """Do nothing: a wait in vain is seen by who waits."""

    def flush(self) -> None:
        """Write what is not written yet."""
        if self._count:
            self._write(self._name, self._first, self._last, self._count)
        self._count = 0

    def _write(self, name: str, first: float, last: float, count: int) -> None:
        self._file.write(f"{json.dumps([name, first, last, count])}\n")
        self._file.flush()


def _read_sync(centre: Centre, notes: Notes, rate: float) -> None:
    every = centre.figures.look_every.total_seconds()
    drive(ThreadFollowing(centre.tokens.step, every, "keeping").start())
    due = time.monotonic()
    while True:
        began = time.time()
        try:
            name = digest(drive(centre.tokens.get(FIRST_APPID)).value.reveal())
        except MenjinError as error:
            name = f"!{type(error).__name__}"
        notes.note(name, began)
        due = max(due + 1 / rate, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


async def _read_async(centre: Centre, notes: Notes, rate: float) -> None:
    every = centre.figures.look_every.total_seconds()
    await TaskFollowing(centre.tokens.step, every, "keeping").start()
    due = time.monotonic()
    while True:
        began = time.time()
        try:
            name = digest((await centre.tokens.get(FIRST_APPID)).value.reveal())
        except MenjinError as error:
            name = f"!{type(error).__name__}"
        notes.note(name, began)
        due = max(due + 1 / rate, time.monotonic() - 1)
        await asyncio.sleep(max(0.0, due - time.monotonic()))


def _be_reporter(centre: Centre, order: dict[str, Any]) -> None:
    out, go = Path(order["out"]), Path(order["go"])
    mine = drive(centre.tokens.get(FIRST_APPID)).value
    _put(out, {"read": digest(mine.reveal())})
    while not go.exists():
        time.sleep(0.005)
    outcomes: Counter[str] = Counter()
    for _ in range(order["reports"]):
        try:
            outcomes[drive(centre.tokens.report(FIRST_APPID, mine)).name] += 1
        except MenjinError as error:
            outcomes[type(error).__name__] += 1
    now = digest(drive(centre.tokens.get(FIRST_APPID)).value.reveal())
    _put(out, {"outcomes": outcomes, "now": now})


def _put(out: Path, found: dict[str, Any]) -> None:
    fresh = out.with_suffix(".new")
    fresh.write_text(json.dumps(found), "utf-8")
    fresh.rename(out)


def _be_reader(order: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        os.dup2(os.open(f"{order['out']}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", force=True)
    plan = Plan(**order["plan"])
    if order["reports"]:
        _be_reporter(make_centre(replace(plan, colour="sync")), order)
        return
    notes = Notes(order["out"])
    if plan.colour == "async":
        asyncio.run(_be_async(plan, notes, order["rate"]))
    else:
        _read_sync(make_centre(plan, notes), notes, order["rate"])


async def _be_async(plan: Plan, notes: Notes, rate: float) -> None:
    await _read_async(make_centre(plan, notes), notes, rate)


def main() -> None:
    """Obey until there are no more orders."""
    gc.freeze()
    serve_orders(_be_reader)


if __name__ == "__main__":
    main()
