"""The access_token store in this process's memory."""

from __future__ import annotations

import threading

from menjin.access_tokens.model import Record
from menjin.values import AppId


class MemoryTokens:
    """Keeps records; they end with the process."""

    works_without_loop = True

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._records: dict[AppId, Record] = {}

    async def load(self, appid: AppId) -> Record | None:
        """Return the app's record, or None."""
        return self._records.get(appid)

    async def swap(self, appid: AppId, seen: str | None, record: Record) -> bool:
        """Put `record` in the place of the one whose tag is `seen`."""
        with self._guard:
            found = self._records.get(appid)
            if (found.tag if found is not None else None) != seen:
                return False
            self._records[appid] = record
            return True
