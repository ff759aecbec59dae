"""The pause port, for callers with an event loop and for callers without."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta


class TaskPause:
    """Suspends the task."""

    works_without_loop = False

    async def pause(self, length: timedelta) -> None:
        """Return after `length`."""
        await asyncio.sleep(length.total_seconds())


class ThreadPause:
    """Blocks the thread."""

    works_without_loop = True

    async def pause(self, length: timedelta) -> None:
        """Return after `length`."""
        time.sleep(length.total_seconds())  # noqa: ASYNC251 - this is the blocking half, run by bridge.drive
