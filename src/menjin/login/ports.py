"""What the login floor needs beside its wings."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Transactions(Protocol):
    """Lets several stores of one database work in one transaction."""

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """Open a transaction that every store call inside joins, or join the open one.

        Raises:
            StoreUnavailable: On entering or leaving; nothing was done.
        """
        ...
