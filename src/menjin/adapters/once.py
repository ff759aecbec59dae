"""The Once port: a task where there is a loop; where there is none, the first caller's own thread."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

Work = Callable[[], Coroutine[Any, Any, None]]


class TaskOnce:
    """Runs work in a task that no caller's leaving cancels."""

    works_without_loop = False

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self, key: str, work: Work, patience: timedelta) -> None:
        """Begin `work` unless it is under way; return when it is over or `patience` is."""
        task = self._tasks.get(key)
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            task = asyncio.create_task(work(), name=f"menjin-{key}")
            self._tasks[key] = task
        await asyncio.sleep(0)  # it begins before its caller goes on
        if patience > timedelta(0):
            await asyncio.wait({task}, timeout=patience.total_seconds())
            if task.done() and not task.cancelled():
                task.result()  # a bug in it is the caller's to see

    async def close(self) -> None:
        """Cancel what is under way."""
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


class ThreadOnce:
    """Lets the first caller do the work; the others wait for it."""

    works_without_loop = True

    def __init__(self) -> None:
        self._forget()
        me = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _forget(me))

    async def run(self, key: str, work: Work, patience: timedelta) -> None:
        """Do `work`, or wait until somebody else has done it or `patience` is over."""
        over = threading.Event()
        with self._guard:
            under_way = self._under_way.setdefault(key, over)
        if under_way is not over:
            under_way.wait(patience.total_seconds())
            return
        try:
            await work()
        finally:
            with self._guard:
                if self._under_way.get(key) is over:
                    del self._under_way[key]
            over.set()

    async def close(self) -> None:
        """Do nothing."""

    def _forget(self) -> None:
        """Begin anew in a forked child: whoever was at work stayed in the parent."""
        self._guard = threading.Lock()
        self._under_way: dict[str, threading.Event] = {}


def _forget(found: weakref.ref[ThreadOnce]) -> None:
    once = found()
    if once is not None:
        once._forget()  # noqa: SLF001 - of this module
