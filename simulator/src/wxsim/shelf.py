"""A dictionary that forgets: dead codes, old tokens and hashes leave by themselves.

Each value is put with the moment it may be forgotten. Every call does a bounded
amount of sweeping, so that the cost is constant and memory follows the load.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Shelf(Generic[Value]):
    """Values by key, each kept until its time."""

    def __init__(self, limit: int = 100_000) -> None:
        """Make an empty shelf.

        Args:
            limit: beyond so many values those whose life was shortened leave
                before their time, beyond ten times as many all the oldest.
        """
        self.limit = limit
        self._values: dict[str, tuple[Value, float]] = {}
        self._due: deque[tuple[float, str]] = deque()
        self._sooner: deque[tuple[float, str]] = deque()

    def __len__(self) -> int:
        """Count what is still remembered."""
        return len(self._values)

    def put(self, key: str, value: Value, until: float) -> None:
        """Remember ``value`` until the moment ``until`` (Unix seconds)."""
        self._values[key] = (value, until)
        self._due.append((until, key))

    def get(self, key: str, now: float = 0.0) -> Value | None:
        """Return the value, or None when it is unknown or due to be forgotten."""
        found = self._values.get(key)
        return None if found is None or found[1] <= now else found[0]

    def shorten(self, key: str, until: float) -> None:
        """Let a value be forgotten earlier than it was put for."""
        found = self._values.get(key)
        if found is not None and until < found[1]:
            self._values[key] = (found[0], until)
            self._sooner.append((until, key))

    def drop(self, key: str) -> None:
        """Forget one value at once."""
        self._values.pop(key, None)

    def sweep(self, now: float) -> None:
        """Forget what is due, a few at a time, and what exceeds the limit."""
        self._sweep_queue(self._sooner, now)
        self._sweep_queue(self._due, now)
        while len(self._values) > self.limit and self._sooner:
            self._values.pop(self._sooner.popleft()[1], None)
        while len(self._values) > self.limit * 10:
            self._values.pop(self._due.popleft()[1], None)

    def _sweep_queue(self, queue: deque[tuple[float, str]], now: float) -> None:
        # Four at a time is more than one put adds, so a backlog always shrinks.
        for _ in range(4):
            if not queue or queue[0][0] > now:
                return
            _, key = queue.popleft()
            found = self._values.get(key)
            if found is not None and found[1] <= now:
                del self._values[key]

    def entries(self) -> list[tuple[str, Value, float]]:
        """Return every key, value and forgetting time, oldest first."""
        return [(key, value, until) for key, (value, until) in self._values.items()]

    def values(self) -> list[Value]:
        """Return every remembered value, oldest first."""
        return [value for value, _ in self._values.values()]
