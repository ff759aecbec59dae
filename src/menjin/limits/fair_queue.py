"""Who is next: slots shared fairly between apps, or addresses, first come first served within one. Pure."""

from __future__ import annotations

import sys
from collections import OrderedDict
from dataclasses import dataclass

ANY_NUMBER = sys.maxsize


@dataclass(eq=False, slots=True)
class Ticket:
    """A place: in the queue, or (`granted`) in a slot, or (`turned_away`) nowhere any more."""

    app: str
    granted: bool = False
    turned_away: bool = False


class FairQueue:
    """Grants slots; never more than `per_app` to one app, nor `in_total` to all.

    A free slot goes to the waiting app that holds the fewest, then to the one served longest ago: however many
    calls one app queues up, another's next call waits for one slot, not for all of them. Nor does it go without a
    place to wait in: once `waiting` are, the last of whoever has the most is turned away.
    """

    def __init__(self, per_app: int, in_total: int, waiting: int = ANY_NUMBER) -> None:
        self._most_waiting = waiting
        self._queued = 0
        self._per_app = per_app
        self._in_total = in_total
        self._held: dict[str, int] = {}
        self._waiting: dict[str, OrderedDict[Ticket, None]] = {}
        self._served: dict[str, int] = {}
        self._count = 0

    @property
    def held(self) -> int:
        """How many slots are taken."""
        return sum(self._held.values())

    def ask(self, app: str) -> Ticket:
        """Return a ticket, granted at once or waiting."""
        ticket = Ticket(app)
        self._waiting.setdefault(app, OrderedDict())[ticket] = None
        self._queued += 1
        self._grant()
        return ticket

    def has_room(self, app: str) -> bool:
        """Whether the app's next call would not be turned away at once."""
        if app not in self._waiting and self.held < self._in_total and self._held.get(app, 0) < self._per_app:
            return True
        return self._queued < self._most_waiting or len(self._waiting.get(app, ())) + 1 < self._longest()

    def turn_away(self, asked: Ticket) -> Ticket | None:
        """Take out and return the ticket there is no room for, if too many wait since `asked` does."""
        if self._queued <= self._most_waiting:
            return None
        longest = self._longest()
        app = asked.app
        if len(self._waiting[app]) < longest:
            app = next(name for name, queue in self._waiting.items() if len(queue) == longest)
        ticket = next(reversed(self._waiting[app]))
        ticket.turned_away = True
        self.leave(ticket)
        return ticket

    def _longest(self) -> int:
        return max(map(len, self._waiting.values()), default=0)

    def leave(self, ticket: Ticket) -> list[Ticket]:
        """Take the ticket out of its slot or its queue; return those granted in its place."""
        if ticket.granted:
            ticket.granted = False
            self._held[ticket.app] -= 1
            if not self._held[ticket.app]:
                del self._held[ticket.app]
        else:
            self._stop_waiting(ticket)
        if ticket.app not in self._held and ticket.app not in self._waiting:
            self._served.pop(ticket.app, None)
        return self._grant()

    def _grant(self) -> list[Ticket]:
        granted = []
        while self._waiting and self.held < self._in_total:
            able = [app for app in self._waiting if self._held.get(app, 0) < self._per_app]
            if not able:
                break
            app = min(able, key=lambda name: (self._held.get(name, 0), self._served.get(name, 0)))
            ticket = next(iter(self._waiting[app]))
            self._stop_waiting(ticket)
            ticket.granted = True
            self._held[app] = self._held.get(app, 0) + 1
            self._count += 1
            self._served[app] = self._count
            granted.append(ticket)
        return granted

    def _stop_waiting(self, ticket: Ticket) -> None:
        queue = self._waiting.get(ticket.app)
        if queue is not None:
            self._queued -= ticket in queue
            queue.pop(ticket, None)
            if not queue:
                del self._waiting[ticket.app]
