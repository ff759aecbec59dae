"""The keyring store port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from menjin.session_keys.model import Keyring
from menjin.values import AppId, OpenId


class KeyringStore(Protocol):
    """Keeps one keyring per (appid, openid), sealed."""

    async def find(self, appid: AppId, openid: OpenId) -> Keyring | None:
        """Return the keyring, or None.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        ...

    async def change(self, appid: AppId, openid: OpenId, rule: Callable[[Keyring | None], Keyring]) -> None:
        """Replace the keyring by what `rule` makes of it, with nobody in between.

        Raises:
            StoreUnavailable: The store cannot be asked; nothing was changed.
        """
        ...
