"""What the centre needs besides its store: to do a thing once for many, and somebody who takes note."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Protocol

from menjin.access_tokens.model import Renewal
from menjin.values import AppId


class Once(Protocol):
    """Does a thing once for all in this process who want it at the same time."""

    async def run(self, key: str, work: Callable[[], Coroutine[Any, Any, None]], patience: timedelta) -> None:
        """Begin `work` unless it is under way, and return when it is over or `patience` is.

        Under an event loop the work outlives a caller who leaves. Without one the first caller does it itself,
        whatever its patience; `work` bounds its own time.
        """
        ...


class TokenObserver(Protocol):
    """Takes note for metrics; must neither block nor raise."""

    def renewed(self, renewal: Renewal) -> None:
        """An attempt to renew is over."""
        ...

    def waited(self, appid: AppId, length: timedelta, *, served: bool) -> None:
        """A reader without any good token waited, and was served or was not."""
        ...


class NoObserver:
    """Takes no note."""

    def renewed(self, renewal: Renewal) -> None:
        """Do nothing."""

    def waited(self, appid: AppId, length: timedelta, *, served: bool) -> None:
        """Do nothing."""
