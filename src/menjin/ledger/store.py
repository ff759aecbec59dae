"""The ledger store port."""

from __future__ import annotations

from typing import Protocol

from menjin.ledger.model import Line


class LedgerStore(Protocol):
    """Keeps audit lines, and, apart from them, whose each pseudonym is.

    Every method joins the transaction that is open in this flow, and raises StoreUnavailable when it cannot be asked.
    """

    async def keep_pseudonym(self, subject_id: str, fresh: str) -> str:
        """Return the pseudonym of an account or identity; `fresh` from now on, if it has none."""
        ...

    async def add(self, line: Line) -> None:
        """Keep a line."""
        ...

    async def list_lines(self, subject_id: str) -> tuple[Line, ...]:
        """Return the lines of an account or identity, the oldest first; none once its pseudonym was erased."""
        ...
