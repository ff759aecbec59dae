"""The legacy store in the memory of one process: for tests, and for a service of a single process."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime

from menjin.integrations.legacy.store import Entry


class MemoryLegacyStore:
    """Entries in a dictionary."""

    works_without_loop = True

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._entries: dict[str, Entry] = {}

    async def claim(self, name: str, entry: Entry, now: datetime) -> Entry | None:
        """Keep `entry` if none lives under `name`, else return the one there."""
        with self._guard:
            found = self._entries.get(name)
            if found is not None and found.expires_at > now:
                return found
            self._entries[name] = entry
            return None

    async def fill(self, name: str, sealed: str, expires_at: datetime) -> None:
        """Put `sealed` into the entry and move its end."""
        with self._guard:
            found = self._entries.get(name)
            if found is not None:
                self._entries[name] = replace(found, sealed=sealed, expires_at=expires_at)

    async def find(self, name: str, now: datetime) -> Entry | None:
        """Return the living entry, or None."""
        found = self._entries.get(name)
        return found if found is not None and found.expires_at > now else None

    async def forget(self, name: str) -> None:
        """Drop the entry."""
        with self._guard:
            self._entries.pop(name, None)

    async def purge(self, now: datetime, limit: int = 1000) -> int:
        """Drop entries whose end has come."""
        with self._guard:
            gone = [name for name, entry in self._entries.items() if entry.expires_at <= now][:limit]
            for name in gone:
                del self._entries[name]
            return len(gone)
