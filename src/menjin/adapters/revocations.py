"""What was ended, in this process's memory, kept level with the log by a follower.

One round of the follower (`step`) asks which Redis this is, reads what is new in the log, and, when the Redis is
another one than before, ends once more in it what was ended in the last 24 h: a promoted replica may have brought
it back. `find` vouches for a session only while the last whole round began less than `stale_after` ago.

An end that was committed while the session store could not be written to is written to it later: every few seconds
somebody goes through what the log has gained since the last time, which the store remembers. Before that has come to
an end, its memory here is not given up.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from menjin.clock import Clock, Stopwatch
from menjin.errors import StoreUnavailable
from menjin.sessions.model import EndReason
from menjin.sessions.revocations import Revocation
from menjin.values import SessionId

_LOG = logging.getLogger("menjin.revocations")
_RECENT = timedelta(hours=24)
_OVERLAP_SECONDS = 10.0  # a number is given when a row is written, and seen when it is committed
_SLACK = timedelta(minutes=10)  # clocks of machines differ
_WATCH_SECONDS = 60.0
_PURGE_SECONDS = 600.0
_SWEEP_SECONDS = 5.0
_REMEMBERED_SECONDS = 25 * 3600.0  # by then every Redis that may be promoted has heard of it
_PAGE = 5000


class RevocationLog(Protocol):
    """The durable part; every method raises StoreUnavailable when it cannot be asked."""

    async def record(self, session_id: SessionId, reason: EndReason, now: datetime, keep_until: datetime) -> bool:
        """Commit an end; False if the caller's open transaction is still to commit it."""
        ...

    async def find_start(self, since: datetime) -> int:
        """Return the number before the first entry made at `since` or later."""
        ...

    async def read_after(self, number: int, limit: int) -> list[Revocation]:
        """Return the next entries after a number."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Forget entries of sessions that would be over anyway."""
        ...


class Forgetful(Protocol):
    """A session store that may lose its last writes, and can be told again."""

    async def identify(self) -> str:
        """Return which servers it is."""
        ...

    async def knows_ends(self, servers: str) -> bool:
        """Whether these servers were told already."""
        ...

    async def apply_ends(self, ended: Sequence[Revocation], now: datetime, servers: str | None = None) -> None:
        """End these once more."""
        ...

    async def read_swept(self) -> int | None:
        """Return the number of the log up to which every end was written to the store; None if it knows none."""
        ...

    async def note_swept(self, number: int) -> None:
        """Remember that number."""
        ...


class FollowedRevocations:
    """The revocations port over a log that is followed.

    Args:
        log: Where ends are committed.
        store: The session store that may forget.
        clock: For what is recent.
        stopwatch: For how old our knowledge is.
        stale_after: So long after the last whole round began nothing is vouched for.
    """

    def __init__(
        self,
        log: RevocationLog,
        store: Forgetful,
        clock: Clock,
        stopwatch: Stopwatch,
        stale_after: timedelta = timedelta(seconds=1),
    ) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._stopwatch = stopwatch
        self._stale_after = stale_after.total_seconds()
        self._ended: dict[SessionId, Revocation] = {}
        self._order: deque[tuple[float, SessionId]] = deque()
        self._heard: deque[tuple[float, int]] = deque()
        self._floor: int | None = None
        self._good_at: datetime | None = None
        self._level_at: float | None = None
        self._servers: str | None = None
        self._watch_until = 0.0
        self._purged_at: float | None = None
        self._complete_at: float | None = None
        self._swept_at: float | None = None
        self._sweep_tried_at: float | None = None

    async def record(self, session_id: SessionId, reason: EndReason, now: datetime, keep_until: datetime) -> None:
        """Commit an end, and know it here at once; one that the caller's transaction commits, from the next round on.

        Raises:
            StoreUnavailable: It may not have been committed.
        """
        if await self._log.record(session_id, reason, now, keep_until):
            self._take_in(Revocation(0, session_id, reason, keep_until))

    def find(self, session_id: SessionId) -> EndReason | None:
        """Return how a session ended.

        Raises:
            StoreUnavailable: It is not known to have ended, and what is known is too old to say so.
        """
        found = self._ended.get(session_id)
        if found is not None:
            return found.reason
        self.check()
        return None

    def check(self) -> None:
        """Do nothing.

        Raises:
            StoreUnavailable: The log's recent part is not in memory, or not level with the log.
        """
        if self._level_at is None or self._stopwatch.seconds() - self._level_at > self._stale_after:
            raise StoreUnavailable

    async def step(self) -> None:
        """Do one round.

        Raises:
            StoreUnavailable: The log cannot be read; the next round reads its recent part anew.
        """
        began = self._stopwatch.seconds()
        try:
            servers = await self._identify()
            changed = servers is not None and servers != self._servers
            if changed:
                self._level_at = None
            fresh = await self._read_new(began)
            if changed and servers is not None:
                await self._apply_all(servers, began)
                await self._sweep(began)
            elif fresh and began < self._watch_until:
                await self._store.apply_ends(fresh, self._clock.now())
        except StoreUnavailable:
            self._floor = None
            raise
        self._level_at = began
        self._good_at = self._clock.now()
        if servers is not None:
            await self._try_sweep(began)
        await self._purge(began)

    async def _identify(self) -> str | None:
        """Return which Redis this is; None while it is away, which each of its callers finds out alone."""
        try:
            return await self._store.identify()
        except StoreUnavailable:
            return None

    async def _apply_all(self, servers: str, began: float) -> None:
        if not await self._store.knows_ends(servers):
            ended = tuple(self._ended.values())
            await self._store.apply_ends(ended, self._clock.now(), servers)
            _LOG.warning("another Redis, or a restarted one: %d ends of the last 24 h applied to it", len(ended))
        self._servers = servers
        self._watch_until = began + _WATCH_SECONDS  # somebody may have told the former one last

    async def _read_new(self, began: float) -> list[Revocation]:
        """Take in what is new; return what was not known before."""
        if self._floor is None:
            start = await self._log.find_start(self._choose_start())
            self._heard.clear()
            self._complete_at = None
        else:
            start = self._floor
        fresh: list[Revocation] = []
        last = start
        while True:
            page = await self._log.read_after(last, _PAGE)
            fresh += [one for one in page if one.session_id not in self._ended]
            for one in page:
                self._take_in(one)
                last = one.number
            if len(page) < _PAGE:
                break
        self._move_floor(start, last, began)
        return fresh

    async def _try_sweep(self, began: float) -> None:
        """Sweep if it is time; a store that cannot be written to stops nobody, since the ends are in memory."""
        if self._sweep_tried_at is not None and began - self._sweep_tried_at < _SWEEP_SECONDS:
            return
        try:
            await self._sweep(began)
        except StoreUnavailable:
            _LOG.warning("ends wait to be written to the session store")

    async def _sweep(self, began: float) -> None:
        """Write to the store every end that the log has gained since the last sweep, whoever made that."""
        self._sweep_tried_at = began
        if self._floor is None:
            return
        floor, complete_at = self._floor, self._complete_at
        at = await self._find_swept(floor)
        while at < floor:
            page = [one for one in await self._log.read_after(at, _PAGE) if one.number <= floor]
            await self._store.apply_ends(page, self._clock.now())
            at = page[-1].number if len(page) == _PAGE else floor
            await self._store.note_swept(at)
        self._swept_at = complete_at

    async def _find_swept(self, floor: int) -> int:
        """Return where to begin; a number that the log has not reached is of another log, and all is to be done."""
        swept = await self._store.read_swept() or 0
        return swept if swept <= floor or await self._log.read_after(swept - 1, 1) else 0

    def _take_in(self, one: Revocation) -> None:
        if one.session_id not in self._ended:
            self._ended[one.session_id] = one
            self._order.append((self._stopwatch.seconds(), one.session_id))

    def _choose_start(self) -> datetime:
        """The last 24 h at first; after a failed round, whatever a replaced database may have numbered anew."""
        recent = self._clock.now() - _RECENT
        return recent if self._good_at is None else max(recent, self._good_at - _SLACK)

    def _move_floor(self, start: int, last: int, began: float) -> None:
        """Next time, read again whatever was first seen in the last ten seconds."""
        self._heard.append((began, last))
        floor = start
        while self._heard and began - self._heard[0][0] >= _OVERLAP_SECONDS:
            self._complete_at, heard = self._heard.popleft()
            floor = max(floor, heard)
        self._floor = floor

    def _is_over(self, taken_in_at: float, began: float) -> bool:
        """Whether an end is old, and known to be in the session store."""
        is_swept = self._swept_at is not None and taken_in_at < self._swept_at
        return is_swept and began - taken_in_at > _REMEMBERED_SECONDS

    async def _purge(self, began: float) -> None:
        if self._purged_at is not None and began - self._purged_at < _PURGE_SECONDS:
            return
        now = self._clock.now()
        over = [one.session_id for one in tuple(self._ended.values()) if one.keep_until < now]
        while self._order and self._is_over(self._order[0][0], began):
            over.append(self._order.popleft()[1])
        for session_id in over:
            self._ended.pop(session_id, None)
        forgotten = await self._log.purge(now, _PAGE)
        self._purged_at = None if forgotten == _PAGE else began
