"""The store port: one record an app, changed only by whoever has seen it last."""

from __future__ import annotations

from typing import Protocol

from menjin.access_tokens.model import Record
from menjin.values import AppId


class TokenStore(Protocol):
    """Keeps records; the token in them sealed. Every method raises StoreUnavailable when it cannot be asked."""

    async def load(self, appid: AppId) -> Record | None:
        """Return the app's record, or None. A token that no longer opens is left out, and reported."""
        ...

    async def swap(self, appid: AppId, seen: str | None, record: Record) -> bool:
        """Put `record` in the place of the one whose tag is `seen`; False if another one is there: the fence.

        Durable once it returns. After StoreUnavailable it may have happened or not.

        Args:
            appid: Whose.
            seen: The tag of the record this one was made from; None if there was none.
            record: With a tag never used before.
        """
        ...
