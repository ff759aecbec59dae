"""The ledger store in memory."""

from __future__ import annotations

from menjin.ledger.model import Line


class MemoryLedger:
    """Keeps lines for as long as the process lives."""

    works_without_loop = True

    def __init__(self) -> None:
        self._pseudonyms: dict[str, str] = {}
        self._lines: list[Line] = []

    async def keep_pseudonym(self, subject_id: str, fresh: str) -> str:
        """Return the pseudonym of an account or identity; `fresh` from now on, if it has none."""
        return self._pseudonyms.setdefault(subject_id, fresh)

    async def add(self, line: Line) -> None:
        """Keep a line."""
        self._lines.append(line)

    async def list_lines(self, subject_id: str) -> tuple[Line, ...]:
        """Return the lines of an account or identity, the oldest first."""
        pseudonym = self._pseudonyms.get(subject_id)
        return tuple(line for line in self._lines if line.pseudonym == pseudonym)
