"""Counting calls in windows: a minute, a Beijing day, a month."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from wxsim.errcodes import Refusal

if TYPE_CHECKING:
    from wxsim.rules import Rules

BEIJING = timezone(timedelta(hours=8))


class Quotas:
    """Counters by name; each belongs to one window and starts again in the next."""

    def __init__(self, rules: Rules) -> None:
        """Begin with everything at nought."""
        self._rules = rules
        self.counts: dict[str, tuple[int, int]] = {}

    def _add(self, name: str, window: int) -> int:
        before = self.counts.get(name)
        count = before[1] + 1 if before is not None and before[0] == window else 1
        self.counts[name] = (window, count)
        return count

    def minute(self, name: str, limit: int, now: float) -> None:
        """Count a call of this minute.

        Raises:
            Refusal: 45011, the call is one too many.
        """
        count = self._add("minute " + name, self._rules.minute_of(now))
        if self._rules.over_limit(count, limit):
            raise Refusal(45011)

    def day(self, appid: str, path: str, limit: int, now: float) -> None:
        """Count a call of this Beijing day.

        Raises:
            Refusal: 45009, the call is one too many.
        """
        count = self._add(f"day {appid} {path}", self._rules.day_of(now))
        if self._rules.over_limit(count, limit):
            raise Refusal(45009)

    def month(self, name: str, limit: int, now: float) -> bool:
        """Count a call of this Beijing month and say whether it is allowed."""
        at = datetime.fromtimestamp(now, BEIJING)
        count = self._add("month " + name, at.year * 12 + at.month)
        return not self._rules.over_limit(count, limit)

    def second(self, name: str, limit: int, now: float) -> bool:
        """Count a call of this second and say whether it is allowed."""
        return not self._rules.over_limit(self._add("second " + name, int(now)), limit)

    def today(self, appid: str, path: str, now: float) -> int:
        """Return how many calls of a path an app has made this Beijing day."""
        day, count = self.counts.get(f"day {appid} {path}", (0, 0))
        return count if day == self._rules.day_of(now) else 0

    def clear(self, appid: str, path: str = "") -> None:
        """Forget the day's count of one path, or of all paths, of an app."""
        first = f"day {appid} {path}"
        for name in [name for name in self.counts if name.startswith(first)]:
            if not path or name == first:
                del self.counts[name]
