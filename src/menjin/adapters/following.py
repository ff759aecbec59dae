"""Runs a round every so often, beside the requests: a task where there is a loop, a thread where there is none."""

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

_LOG = logging.getLogger("menjin.following")
_EVERY_SECONDS = 0.25
_NAME = "menjin-revocations"
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

    def __init__(self, step: Step, every_seconds: float = _EVERY_SECONDS, name: str = _NAME) -> None:
        self._step = step
        self._every_seconds = every_seconds
        self._name = name
        self._is_ending = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; nothing if it runs."""
        if self._task is None:
            self._is_ending = False
            self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """End; nothing if it does not run."""
        task, self._task = self._task, None
        if task is not None:
            self._is_ending = True  # a driver whose own deadline strikes at once may swallow the cancellation
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await self._round()
            if self._is_ending:
                return
            await asyncio.sleep(self._every_seconds)

    async def _round(self) -> None:
        try:
            async with asyncio.timeout(_LONGEST_ROUND_SECONDS):
                await self._step()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round is tried
            _take_note(error, self._name)


class ThreadFollowing:
    """Runs rounds in a daemon thread. A fork waits for the round's end; the child starts a thread of its own."""

    def __init__(self, step: Step, every_seconds: float = _EVERY_SECONDS, name: str = _NAME) -> None:
        self._step = step
        self._every_seconds = every_seconds
        self._name = name
        self._ending = threading.Event()
        self._in_round = threading.Lock()
        self._waited_for_round = False
        self._thread: threading.Thread | None = None
        me = weakref.ref(self)
        os.register_at_fork(
            before=lambda: _with(me, ThreadFollowing._before_fork),
            after_in_parent=lambda: _with(me, ThreadFollowing._after_fork),
            after_in_child=lambda: _with(me, ThreadFollowing._start_in_child),
        )

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
        arguments = (self._step, self._ending, self._in_round, self._every_seconds, self._name)
        self._thread = threading.Thread(target=_run_rounds, args=arguments, name=self._name, daemon=True)
        self._thread.start()

    def _before_fork(self) -> None:
        self._waited_for_round = self._in_round.acquire(timeout=_LONGEST_ROUND_SECONDS)

    def _after_fork(self) -> None:
        if self._waited_for_round:
            self._in_round.release()

    def _start_in_child(self) -> None:
        self._in_round = threading.Lock()
        if self._thread is not None:
            self._start()


def _run_rounds(step: Step, ending: threading.Event, in_round: threading.Lock, every_seconds: float, name: str) -> None:
    pause = 0.0
    while not ending.wait(pause):
        with in_round:
            _run_round(step, name)
        pause = every_seconds


def _run_round(step: Step, name: str) -> None:
    try:
        drive(step())
    except Exception as error:  # noqa: BLE001 - whatever it is, the next round is tried
        _take_note(error, name)


def _take_note(error: Exception, name: str) -> None:
    """Log a failed round by its kind only."""
    if not isinstance(error, (StoreUnavailable, TimeoutError)):
        _LOG.error("a bug in a round of %s: %s", name, type(error).__name__)


def _with(found: weakref.ref[ThreadFollowing], deed: Callable[[ThreadFollowing], None]) -> None:
    following = found()
    if following is not None:
        deed(following)
