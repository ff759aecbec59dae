"""The keyring store on SQL; keys are sealed for their row, their slot and their number."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.tables import KEYRINGS
from menjin.clock import from_micros, to_micros
from menjin.session_keys.model import HeldKey, Keyring
from menjin.session_keys.vault import Vault
from menjin.values import AppId, OpenId, Secret

_LOG = logging.getLogger("menjin.session_keys")


class SqlKeyrings:
    """Keeps one row per (appid, openid)."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self.works_without_loop = database.works_without_loop

    async def find(self, appid: AppId, openid: OpenId) -> Keyring | None:
        """Return the keyring, or None; one that no longer opens counts as none, and is reported."""
        async with self._database.reading() as work:
            row = await work.find(KEYRINGS, appid=appid, openid=openid)
        return self._unseal(appid, openid, row)

    async def change(self, appid: AppId, openid: OpenId, rule: Callable[[Keyring | None], Keyring]) -> None:
        """Replace the keyring by what `rule` makes of it, with nobody in between."""

        async def deed(work: Work) -> None:
            row = await work.find(KEYRINGS, locks=True, appid=appid, openid=openid)
            if row is None:
                first = self._seal(appid, openid, rule(None))
                await work.add_or_keep(KEYRINGS, {"appid": appid, "openid": openid, **first})
                row = await work.find(KEYRINGS, locks=True, appid=appid, openid=openid)
                if row is not None and row.current_sealed == first["current_sealed"]:
                    return  # no two sealed texts are the same: the row is ours, nobody came in between
            values = self._seal(appid, openid, rule(self._unseal(appid, openid, row)))
            await work.change(KEYRINGS, values, appid=appid, openid=openid)

        await self._database.run(deed)

    def _unseal(self, appid: AppId, openid: OpenId, row: sa.Row[Any] | None) -> Keyring | None:
        if row is None:
            return None
        try:
            return self._open(appid, openid, row)
        except ValueError:
            _LOG.error("a kept session_key does not open; is a vault key missing? app=%s", appid)
            return None

    def _open(self, appid: AppId, openid: OpenId, row: sa.Row[Any]) -> Keyring:
        def held(slot: str, sealed: str, began_at: int) -> HeldKey:
            key = self._vault.open(sealed, _place(appid, openid, slot, began_at))
            return HeldKey(Secret(key.decode()), from_micros(began_at))

        current = held("current", row.current_sealed, row.current_began_at)
        if row.previous_sealed is None:
            return Keyring(current)
        previous = held("previous", row.previous_sealed, row.previous_began_at)
        return Keyring(current, previous, from_micros(row.previous_until))

    def _seal(self, appid: AppId, openid: OpenId, ring: Keyring) -> dict[str, object]:
        def slot(name: str, held: HeldKey | None) -> dict[str, object]:
            if held is None:
                return {f"{name}_sealed": None, f"{name}_began_at": None}
            began_at = to_micros(held.began_at)
            sealed = self._vault.seal(held.key.reveal().encode(), _place(appid, openid, name, began_at))
            return {f"{name}_sealed": sealed, f"{name}_began_at": began_at}

        until = to_micros(ring.previous_until) if ring.previous_until is not None else None
        slots = {**slot("current", ring.current), **slot("previous", ring.previous), "previous_until": until}
        return {**slots, "checked_at": to_micros(ring.current.began_at)}  # as good as asked about


def place_of_key(row: sa.Row[Any], slot: str) -> str:
    """Return the place a row's current or previous key is sealed for."""
    return _place(row.appid, row.openid, slot, getattr(row, f"{slot}_began_at"))


def _place(appid: AppId, openid: OpenId, slot: str, began_at: int) -> str:
    return f"keyrings/{appid}/{openid}/{slot}/{began_at}"
