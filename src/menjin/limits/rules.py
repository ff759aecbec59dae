"""Counting in a sliding window. Pure; times are whole microseconds.

A hit is booked at the end of its slot, a sixtieth of the window, and counts until a whole window later. So a
key costs at most 61 pairs of numbers, there are never more than `most` in any window, and the price is that a
wait is up to a sixtieth longer than by exact times.
"""

from __future__ import annotations

from datetime import timedelta

from menjin.limits.model import Rate

# End of a slot and the hits booked there, the oldest first.
Window = tuple[tuple[int, int], ...]
_SLOTS = 60
_MICROSECOND = timedelta(microseconds=1)


def still_counted(window: Window, rate: Rate, now: int) -> Window:
    """Return what counts at `now`; hits of a clock that was turned back since count as of now."""
    end, length = _slot_end(rate, now), rate.window // _MICROSECOND
    if not window or (window[0][0] + length > now and window[-1][0] <= end):
        return window
    kept = tuple(slot for slot in window if now < slot[0] + length and slot[0] <= end)
    future = sum(count for slot, count in window if slot > end)
    return _book(kept, end, future) if future else kept


def wait(window: Window, rate: Rate, now: int) -> timedelta | None:
    """Return how long until one more is allowed, or None if it is now.

    A hit at exactly `now` plus the answer is allowed, if there was no other meanwhile.
    """
    counted = still_counted(window, rate, now)
    surplus = sum(count for _, count in counted) - rate.most + 1
    if rate.most <= 0 or surplus <= 0:
        return None
    for end, count in counted:
        surplus -= count
        if surplus <= 0:
            return timedelta(microseconds=end - now) + rate.window
    raise AssertionError("the counts do not add up")


def add(window: Window, rate: Rate, now: int) -> Window:
    """Return the window with one more hit at `now`."""
    return _book(still_counted(window, rate, now), _slot_end(rate, now), 1)


def take_back(window: Window, rate: Rate, hit_at: int) -> Window:
    """Return the window without the hit of `hit_at`, if it still counts."""
    end = _slot_end(rate, hit_at)
    less = ((slot, count - 1 if slot == end else count) for slot, count in window)
    return tuple((slot, count) for slot, count in less if count > 0)


def _book(window: Window, end: int, count: int) -> Window:
    if window and window[-1][0] == end:
        return (*window[:-1], (end, window[-1][1] + count))
    return (*window, (end, count))


def _slot_end(rate: Rate, now: int) -> int:
    slot = max(1, rate.window // _MICROSECOND // _SLOTS)
    return (now // slot + 1) * slot
