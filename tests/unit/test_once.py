"""Once: a thing is done once for all who want it at the same time, in tasks and in threads."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from menjin.adapters.once import TaskOnce, ThreadOnce
from menjin.bridge import drive

LONG, NONE = timedelta(seconds=10), timedelta(0)


def test_twenty_tasks_are_one_work() -> None:
    """All return when it is over; the next one begins anew."""

    async def scene() -> int:
        once, done = TaskOnce(), 0

        async def work() -> None:
            nonlocal done
            await asyncio.sleep(0)
            done += 1

        for _ in range(2):
            await asyncio.gather(*(once.run("a", work, LONG) for _ in range(20)))
        return done

    assert asyncio.run(scene()) == 2


def test_a_caller_who_leaves_does_not_end_the_work() -> None:
    """The first of two callers is cancelled: the other is served by the same work."""

    async def scene() -> tuple[bool, int]:
        once, go, done = TaskOnce(), asyncio.Event(), 0

        async def work() -> None:
            nonlocal done
            await go.wait()
            done += 1

        first = asyncio.create_task(once.run("a", work, LONG))
        await asyncio.sleep(0)
        second = asyncio.create_task(once.run("a", work, LONG))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        go.set()
        await second
        return first.cancelled(), done

    assert asyncio.run(scene()) == (True, 1)


def test_patience_ends_and_the_work_goes_on() -> None:
    """Without patience the caller goes on at once, and the work has begun."""

    async def scene() -> list[str]:
        once, go, seen = TaskOnce(), asyncio.Event(), []

        async def work() -> None:
            seen.append("begun")
            await go.wait()
            seen.append("over")

        await once.run("a", work, NONE)
        await once.run("a", work, timedelta(milliseconds=1))
        seen.append("left")
        go.set()
        await once.run("a", work, LONG)
        return seen

    assert asyncio.run(scene()) == ["begun", "left", "over"]


def test_what_is_under_way_ends_with_its_owner() -> None:
    """Closing cancels it."""

    async def scene() -> bool:
        once, ended = TaskOnce(), False

        async def work() -> None:
            nonlocal ended
            try:
                await asyncio.Event().wait()
            finally:
                ended = True

        await once.run("a", work, NONE)
        await once.close()
        return ended

    assert asyncio.run(scene())


def test_a_bug_in_the_work_reaches_whoever_waits() -> None:
    """In both colours it is raised, and the next caller begins anew."""

    async def bug() -> None:
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        asyncio.run(TaskOnce().run("a", bug, LONG))
    once = ThreadOnce()
    for _ in range(2):
        with pytest.raises(LookupError):
            drive(once.run("a", bug, LONG))


def test_twenty_threads_are_one_work() -> None:
    """The first does it, the others wait; another key is another work."""
    once, begun, go, done = ThreadOnce(), threading.Event(), threading.Event(), []

    async def work() -> None:
        begun.set()
        assert go.wait(10)
        done.append(1)

    async def other() -> None:
        done.append(2)

    with ThreadPoolExecutor(20) as pool:
        runs = [pool.submit(lambda: drive(once.run("a", work, LONG))) for _ in range(20)]
        assert begun.wait(10)
        drive(once.run("b", other, LONG))
        drive(once.run("a", work, NONE))  # no patience: it does not wait
        assert done == [2]
        go.set()
        for run in runs:
            run.result(10)
    assert done.count(1) < 20
    assert done[0] == 2
