"""The simulator's clock: the only place in wxsim that asks the time."""

from __future__ import annotations

import threading
import time


class Clock:
    """A clock that runs with the machine, or stands still, and can be put forward.

    All times are Unix seconds as floats. The clock never goes back: a world in
    which a code becomes younger would prove nothing.
    """

    def __init__(self, start: float | None = None, *, frozen: bool = False) -> None:
        """Start a clock.

        Args:
            start: first reading in Unix seconds; the machine's time when left out.
            frozen: stand still until ``advance`` or ``set`` is called.
        """
        self._lock = threading.Lock()
        self._base = time.time() if start is None else float(start)
        self._since = None if frozen else time.monotonic()

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._since is None

    def now(self) -> float:
        """Return the simulated time in Unix seconds."""
        since = self._since
        if since is None:
            return self._base
        return self._base + (time.monotonic() - since)

    def advance(self, seconds: float) -> float:
        """Put the clock forward and return the new time.

        Args:
            seconds: how far, 0 or more.

        Raises:
            ValueError: ``seconds`` is negative or not a finite number.
        """
        if not 0 <= seconds < float("inf"):
            message = f"a clock goes forward by a finite time, not {seconds!r}"
            raise ValueError(message)
        with self._lock:
            self._base += seconds
        return self.now()

    def set(self, at: float) -> float:
        """Put the clock to a later moment and return it.

        Args:
            at: Unix seconds, not before the present reading.

        Raises:
            ValueError: ``at`` lies in the past of this clock.
        """
        return self.advance(at - self.now())

    def freeze(self) -> None:
        """Stand still at the present reading."""
        with self._lock:
            self._base, self._since = self.now(), None

    def run(self) -> None:
        """Run on with the machine from the present reading."""
        with self._lock:
            self._base, self._since = self.now(), time.monotonic()
