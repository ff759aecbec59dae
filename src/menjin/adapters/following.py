"""Runs a follower's round every quarter of a second: a task where there is a loop, a thread where there is none."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

from menjin.bridge import drive
from menjin.errors import StoreUnavailable

_LOG = logging.getLogger("menjin.revocations")
_EVERY_SECONDS = 0.25
_AFTER_FAILURE_SECONDS = 1.0
_LONGEST_ROUND_SECONDS = 30.0  # the first one reads a day of ends

Step = Callable[[], Coroutine[Any, Any, None]]


class Following(Protocol):
    """Something that runs beside the requests."""

    async def start(self) -> None:
        """Begin; nothing if it runs."""
        ...

    async def stop(self) -> None:
        """End; nothing if it does not run."""
        ...


class TaskFollowing:
    """Runs rounds in a task of the running loop."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; nothing if it runs."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="menjin-revocations")

    async def stop(self) -> None:
        """End; nothing if it does not run."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            pause = await self._round()

    async def _round(self) -> float:
        try:
            async with asyncio.timeout(_LONGEST_ROUND_SECONDS):
                await self._step()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round is tried
            return _take_note(error)
        return _EVERY_SECONDS


class ThreadFollowing:
    """Runs rounds in a daemon thread; a forked child starts its own."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        child = weakref.WeakMethod(self._start_in_child)
        os.register_at_fork(after_in_child=lambda: _call(child))

    async def start(self) -> None:
        """Begin; nothing if it runs."""
        if self._thread is None:
            self._start()

    async def stop(self) -> None:
        """End; nothing if it does not run."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ending.set()
            thread.join(_LONGEST_ROUND_SECONDS)

    def _start(self) -> None:
        self._ending = threading.Event()
        arguments = (self._step, self._ending)
        self._thread = threading.Thread(target=_run_rounds, args=arguments, name="menjin-revocations", daemon=True)
        self._thread.start()

    def _start_in_child(self) -> None:
        if self._thread is not None:
            self._start()


def _run_rounds(step: Step, ending: threading.Event) -> None:
    pause = 0.0
    while not ending.wait(pause):
        try:
            drive(step())
            pause = _EVERY_SECONDS
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round is tried
            pause = _take_note(error)


def _take_note(error: Exception) -> float:
    """Log a failed round by its kind only, and return how long to wait."""
    if not isinstance(error, (StoreUnavailable, TimeoutError)):
        _LOG.error("a bug in following the revocation log: %s", type(error).__name__)
    return _AFTER_FAILURE_SECONDS


def _call(method: weakref.WeakMethod[Callable[[], None]]) -> None:
    found = method()
    if found is not None:
        found()
