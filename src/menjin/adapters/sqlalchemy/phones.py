"""Phone numbers on SQL: sealed for their row, and found by a keyed hash.

The hash's key is made once, kept in the database, sealed, and never replaced: every number is found by it. Whoever
reads a copy of the database without the vault's key can neither read the numbers nor try them all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import sqlalchemy as sa

from menjin.accounts.phone import Phone, parse_phone
from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.tables import INDEX_KEYS
from menjin.clock import Randomness, SystemRandomness
from menjin.errors import StoreUnavailable
from menjin.session_keys.vault import Vault
from menjin.values import AccountId

_NAME = "phones"
_KEY_BYTES = 32


def place_of_phone(row: sa.Row[Any]) -> str:
    """Return the place a row's number is sealed for."""
    return _place(row.account_id)


def place_of_index_key(row: sa.Row[Any]) -> str:
    """Return the place an index key is sealed for."""
    return f"index_keys/{row.name}"


def _place(account_id: str) -> str:
    return f"accounts/{account_id}/phone"


class Phones:
    """Seals, opens and indexes numbers.

    Args:
        vault: Seals them, and the index key.
        randomness: Makes the index key.
    """

    def __init__(self, vault: Vault, randomness: Randomness | None = None) -> None:
        self._vault = vault
        self._randomness = randomness or SystemRandomness()
        self._key: bytes | None = None

    async def prepare(self, database: Database) -> None:
        """Make the index key, unless there is one; several processes may do so at once.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        async with database.reading() as work:
            known = await work.first(sa.select(INDEX_KEYS.c.sealed).where(INDEX_KEYS.c.name == _NAME))
        if known is None:
            async with database.transaction() as work:
                await work.add_or_keep(INDEX_KEYS, self._make_row())

    async def index(self, work: Work, realm: str, phone: Phone) -> str:
        """Return the hash a number is found by in a realm."""
        text = f"{len(realm)}:{realm}:{phone.e164}"
        return hmac.new(await self._read_key(work), text.encode(), hashlib.sha256).hexdigest()

    def seal(self, account_id: AccountId, phone: Phone) -> str:
        """Return a number sealed for its account."""
        return self._vault.seal(phone.to_text().encode(), _place(account_id))

    def open(self, row: sa.Row[Any]) -> Phone | None:
        """Return the number of an account's row.

        Raises:
            StoreUnavailable: It does not open: the vault lacks its key, or somebody changed it.
        """
        if row.phone_sealed is None:
            return None
        try:
            return parse_phone(self._vault.open(row.phone_sealed, place_of_phone(row)).decode())
        except ValueError:
            raise StoreUnavailable from None

    async def _read_key(self, work: Work) -> bytes:
        if self._key is not None:
            return self._key
        query = sa.select(INDEX_KEYS).where(INDEX_KEYS.c.name == _NAME)
        row = await work.first(query)
        if row is None:  # never prepared; what is made here may be undone, so it is not kept in mind
            await work.add_or_keep(INDEX_KEYS, self._make_row())
            return self._open_key(await work.first(query))
        self._key = self._open_key(row)
        return self._key

    def _make_row(self) -> dict[str, str]:
        fresh = base64.b64encode(self._randomness.random_bytes(_KEY_BYTES))
        return {"name": _NAME, "sealed": self._vault.seal(fresh, f"index_keys/{_NAME}")}

    def _open_key(self, row: sa.Row[Any] | None) -> bytes:
        if row is None:
            raise StoreUnavailable("there is no index key")
        try:
            return base64.b64decode(self._vault.open(row.sealed, place_of_index_key(row)))
        except ValueError:
            raise StoreUnavailable("the index key does not open") from None
