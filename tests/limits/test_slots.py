"""Slots towards WeChat: bounded, fair, never lost."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from menjin.adapters.slots import TaskSlots, ThreadSlots
from menjin.bridge import drive
from menjin.limits.fair_queue import FairQueue, Ticket

LONG, SHORT = timedelta(seconds=30), timedelta(milliseconds=5)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 50)), max_size=80))
def test_no_sequence_breaks_the_bounds_or_leaves_a_slot_idle(deeds: list[tuple[str, bool, int]]) -> None:
    """At most 2 an app and 3 in total; nobody waits while there is room; within an app the first comes first."""
    queue, open_tickets = FairQueue(2, 3), list[Ticket]()
    for app, is_asking, pick in deeds:
        if is_asking or not open_tickets:
            open_tickets.append(queue.ask(app))
        else:
            queue.leave(open_tickets.pop(pick % len(open_tickets)))
        held = Counter(ticket.app for ticket in open_tickets if ticket.granted)
        assert sum(held.values()) == queue.held <= 3
        assert max(held.values(), default=0) <= 2
        for name in "abc":
            mine = [ticket.granted for ticket in open_tickets if ticket.app == name]
            assert mine == sorted(mine, reverse=True)
            assert all(mine) or queue.held == 3 or held[name] == 2
    for ticket in open_tickets:
        queue.leave(ticket)
    assert queue.held == 0


def test_no_app_starves_another() -> None:
    """With a thousand calls of two apps queued up, a third app's call gets the next free slot."""
    queue = FairQueue(50, 100)
    running = [queue.ask("a") for _ in range(500)][:50] + [queue.ask("b") for _ in range(500)][:50]
    late = queue.ask("c")
    assert not late.granted
    assert queue.leave(running[0]) == [late]


def test_control_one_queue_for_all_starves() -> None:
    """CONTROL: with first come first served over all apps the late app waits for everybody before it."""
    queue = FairQueue(100, 100)
    running = [queue.ask("everybody") for _ in range(1000)]
    late = queue.ask("everybody")
    for ticket in running[:900]:
        queue.leave(ticket)
    assert not late.granted


def flood_then_ask(queue: FairQueue) -> Ticket:
    """Let ten addresses ask a hundred times each while nobody is done, then one more once; return its ticket."""
    for number in range(1000):
        queue.turn_away(queue.ask(f"flood{number % 10}"))
    late = queue.ask("person")
    queue.turn_away(late)
    return late


def test_the_last_of_the_longest_queue_gives_way() -> None:
    """With room for 50, a flood of ten addresses keeps five places each, and whoever else comes still finds one."""
    queue = FairQueue(1, 5, waiting=50)
    late = flood_then_ask(queue)
    assert not late.turned_away
    assert queue.has_room("person")
    assert not queue.has_room("flood9")


def test_an_address_alone_may_fill_the_queue() -> None:
    """Nobody gives way before the room is used up; then it is the one who came last."""
    queue = FairQueue(1, 1, waiting=30)
    tickets = [queue.ask("office") for _ in range(31)]
    assert queue.turn_away(tickets[-1]) is None
    late = queue.ask("office")
    assert queue.turn_away(late) is late
    assert not any(ticket.turned_away for ticket in tickets)


def test_a_full_queue_keeps_nobody_from_a_free_slot() -> None:
    """One address has all it may and others of it wait; whoever else comes is served at once."""
    queue = FairQueue(5, 20, waiting=1)
    for _ in range(6):
        queue.ask("office")
    assert not queue.has_room("office")
    assert queue.has_room("person")
    assert queue.ask("person").granted


def test_with_one_each_the_newcomer_gives_way() -> None:
    """Among addresses that have one waiting each, whoever waits already keeps the place."""
    queue = FairQueue(1, 1, waiting=3)
    early = [queue.ask(name) for name in "abcd"]
    assert queue.turn_away(early[-1]) is None
    assert not queue.has_room("e")
    late = queue.ask("e")
    assert queue.turn_away(late) is late
    assert not any(ticket.turned_away for ticket in early)


def test_control_refusing_whoever_comes_when_it_is_full_keeps_people_out() -> None:
    """CONTROL: a queue that only refuses the newcomer is full of the flood."""

    class FirstCome(FairQueue):
        def _longest(self) -> int:
            return 0

    assert flood_then_ask(FirstCome(1, 5, waiting=50)).turned_away


def test_a_task_that_is_turned_away_knows_it_at_once() -> None:
    """The last of the longest queue gets none, at once, when another address asks; all others get theirs."""

    async def story() -> None:
        slots = TaskSlots(1, 1, 2)
        holder = await slots.take("flood", LONG)
        assert holder
        waiting = [asyncio.create_task(slots.take("flood", LONG)) for _ in range(2)]
        await asyncio.sleep(0)
        person = asyncio.create_task(slots.take("person", LONG))
        assert await asyncio.wait_for(waiting[1], 5) is None
        assert await slots.take("flood", LONG) is None
        slots.give(holder)
        first = await person
        assert first
        slots.give(first)
        last = await waiting[0]
        assert last
        slots.give(last)
        assert slots.held == 0

    asyncio.run(story())


def test_a_thread_that_is_turned_away_knows_it_at_once() -> None:
    """The same for threads."""
    slots = ThreadSlots(1, 1, 1)
    holder = drive(slots.take("flood", LONG))
    assert holder
    found: list[Ticket | None] = []
    queued = threading.Thread(target=lambda: found.append(drive(slots.take("flood", LONG))))
    queued.start()
    while slots.has_room("flood"):
        pass
    assert drive(slots.take("flood", LONG)) is None
    slots.give(holder)
    queued.join(10)
    assert found[0]
    slots.give(found[0])
    assert slots.held == 0


class LeakySlots(TaskSlots):
    """The same without the clean-up of a cancelled waiter."""

    async def take(self, app: str, patience: timedelta) -> Ticket | None:
        """Wait, and forget nothing when cancelled."""
        ticket = self._queue.ask(app)
        if ticket.granted:
            return ticket
        wake = self._wakes[ticket] = asyncio.Event()
        async with asyncio.timeout(patience.total_seconds()):
            await wake.wait()
        return ticket


async def cancel_in_every_moment(slots: TaskSlots) -> int:
    """Cancel waiters while they wait, and in the moment they are granted; return the slots still held."""
    for is_granted_first in (False, True):
        holder = await slots.take("a", LONG)
        assert holder
        waiters = [asyncio.create_task(slots.take("a", LONG)) for _ in range(3)]
        await asyncio.sleep(0)
        if is_granted_first:
            slots.give(holder)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)
        if not is_granted_first:
            slots.give(holder)
    return slots.held


def test_a_cancelled_waiter_leaves_no_slot_behind() -> None:
    """Not even if it was granted in the same tick; the CONTROL without the clean-up loses it."""
    assert asyncio.run(cancel_in_every_moment(TaskSlots(1, 1))) == 0
    assert asyncio.run(_leaks()) > 0


async def _leaks() -> int:
    try:
        async with asyncio.timeout(0.2):
            return await cancel_in_every_moment(slots := LeakySlots(1, 1))
    except TimeoutError:
        return slots.held


def test_a_waiter_is_woken_or_gives_up() -> None:
    """A task gets the slot that another gives back; with patience at its end it gets none and holds none."""

    async def story() -> None:
        slots = TaskSlots(1, 1)
        holder = await slots.take("a", LONG)
        assert holder
        assert await slots.take("a", SHORT) is None
        waiter = asyncio.create_task(slots.take("a", LONG))
        await asyncio.sleep(0)
        slots.give(holder)
        taken = await waiter
        assert taken
        slots.give(taken)
        assert slots.held == 0

    asyncio.run(story())


def test_threads_wait_alike() -> None:
    """Eight threads through two slots: never more than two inside, all get through; no patience, no slot."""
    slots, inside, most, guard = ThreadSlots(2, 2), 0, 0, threading.Lock()

    def work() -> None:
        nonlocal inside, most
        ticket = drive(slots.take("a", LONG))
        assert ticket
        with guard:
            inside += 1
            most = max(most, inside)
        with guard:
            inside -= 1
        slots.give(ticket)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most <= 2
    assert slots.held == 0
    first, second = drive(slots.take("a", SHORT)), drive(slots.take("a", SHORT))
    assert first
    assert second
    assert drive(slots.take("a", SHORT)) is None
    slots.give(first)
    assert slots.held == 1
