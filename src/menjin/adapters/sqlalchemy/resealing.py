"""Sealing anew, online: what an old vault key sealed is sealed by the active one, a batch at a time.

The service goes on meanwhile: a row that changes under the batch is left to its next turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.access_tokens import ACCESS_TOKENS, place_of_token
from menjin.adapters.sqlalchemy.attempts import place_of_use
from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.keyrings import place_of_key
from menjin.adapters.sqlalchemy.phones import place_of_index_key, place_of_phone
from menjin.adapters.sqlalchemy.proofs import place_of_proof
from menjin.adapters.sqlalchemy.tables import ACCOUNTS, CIPHERTEXT_USES, INDEX_KEYS, KEYRINGS, SESSION_PROOFS
from menjin.errors import ConfigurationError, Fault
from menjin.session_keys.vault import Vault, read_key_id

_LOG = logging.getLogger("menjin.vault")
_SAMPLE = 5  # texts of a key and a column that are opened at the start
_PASSES = 3  # over a column of which texts change meanwhile


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed texts, and the place each was sealed for."""

    column: sa.Column[Any]
    place: Callable[[sa.Row[Any]], str]


SEALED_COLUMNS = (
    SealedColumn(KEYRINGS.c.current_sealed, lambda row: place_of_key(row, "current")),
    SealedColumn(KEYRINGS.c.previous_sealed, lambda row: place_of_key(row, "previous")),
    SealedColumn(CIPHERTEXT_USES.c.payload_sealed, place_of_use),
    SealedColumn(ACCOUNTS.c.phone_sealed, place_of_phone),
    SealedColumn(INDEX_KEYS.c.sealed, place_of_index_key),
    SealedColumn(SESSION_PROOFS.c.sealed, place_of_proof),
    SealedColumn(ACCESS_TOKENS.c.token_sealed, place_of_token),
)


@dataclass(frozen=True, slots=True)
class Resealed:
    """What became of the texts that other keys than the active one had sealed.

    Attributes:
        done: Sealed anew.
        damaged: Left, since they do not open.
        changed: Of one pass: somebody else changed them meanwhile.
    """

    done: int = 0
    damaged: int = 0
    changed: int = 0


class Resealing:
    """Looks after the sealed texts of one database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def count_by_key(self) -> dict[str, int]:
        """Return how many texts each key sealed.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        counts: dict[str, int] = {}
        async with self._database.reading() as work:
            for sealed in SEALED_COLUMNS:
                for name, count in (await _count(work, sealed.column, self._vault.key_ids)).items():
                    counts[name] = counts.get(name, 0) + count
        return {name: count for name, count in counts.items() if count}

    async def check(self) -> None:
        """See that every sealed text has its key in the ring, and that each key opens what it sealed.

        A few texts of each key are opened. One that was changed is no reason to stay down, a key of which none opens
        is; so is one that does not open what phone numbers are found by, since no login by phone would work.

        Raises:
            ConfigurationError: A key is missing, or its bytes are others than those that sealed; what it sealed would
                be lost to whoever starts without it.
            StoreUnavailable: The database cannot be asked.
        """
        async with self._database.reading() as work:
            for sealed in SEALED_COLUMNS:
                others = [_is_not_by(sealed.column, name) for name in self._vault.key_ids]
                row = await work.first(sa.select(sealed.column).where(sealed.column.is_not(None), *others).limit(1))
                if row is not None:
                    name = read_key_id(row[0])
                    told = f"{name} is missing, and sealed what is kept 缺少密钥，已有数据由它封存"
                    raise ConfigurationError([Fault("vault.keys", told)])

            strange = [name for name in sorted(self._vault.key_ids) if not await self._is_true(work, name)]
        if strange:
            told = "does not open what it sealed; put the former bytes back 密钥与已封存数据不符"
            raise ConfigurationError([Fault("vault.keys", f"{name} {told}") for name in strange])

    async def _is_true(self, work: Work, name: str) -> bool:
        """Whether a key is the one that sealed under its name, as far as a few texts of each column tell."""
        found: list[bool] = []
        for sealed in SEALED_COLUMNS:
            column, table = sealed.column, sealed.column.table
            query = sa.select(table).where(column.is_not(None), sa.not_(_is_not_by(column, name))).limit(_SAMPLE)
            opened = [self._opens(sealed, row) for row in await work.run(query)]
            if table is INDEX_KEYS and not all(opened):
                return False
            found += opened
        return any(found) or not found

    def _opens(self, sealed: SealedColumn, row: sa.Row[Any]) -> bool:
        try:
            self._vault.open(getattr(row, sealed.column.name), sealed.place(row))
        except ValueError:
            return False
        return True

    async def reseal(self, batch: int = 500, tell: Callable[[int], None] | None = None) -> Resealed:
        """Seal every text anew that was not sealed with the active key, a batch in a transaction.

        Args:
            batch: How many at a time.
            tell: Called after each batch that sealed any, with how many there were by then.

        Raises:
            StoreUnavailable: Those before were sealed, the rest were not.
        """
        total = Resealed()
        for sealed in SEALED_COLUMNS:
            found = total
            for _ in range(_PASSES):
                found = await self._go_through(sealed, batch, replace(found, changed=0, damaged=total.damaged), tell)
                if not found.changed:
                    break
            if found.damaged > total.damaged:
                count, table = found.damaged - total.damaged, sealed.column.table.name
                _LOG.error("sealed texts do not open and were left: %d table=%s", count, table)
            total = replace(found, changed=0)
        return total

    async def _go_through(
        self, sealed: SealedColumn, batch: int, total: Resealed, tell: Callable[[int], None] | None
    ) -> Resealed:
        """Go through a column once, by its table's key: what does not open is not met again."""
        last: sa.Row[Any] | None = None
        while True:
            async with self._database.transaction() as work:
                found = (await work.run(self._select_old(work.backend, sealed, last).limit(batch))).all()
                before = total.done
                for row in found:
                    total = await self._reseal(work, sealed, row, total)
            if tell is not None and total.done > before:
                tell(total.done)
            if len(found) < batch:
                return total
            last = found[-1]

    def _select_old(self, backend: str, sealed: SealedColumn, last: sa.Row[Any] | None) -> sa.Select[Any]:
        column, table = sealed.column, sealed.column.table
        old = sa.select(table).where(column.is_not(None), _is_not_by(column, self._vault.active))
        if last is not None:
            old = old.where(_is_after(backend, tuple(table.primary_key), last))
        return old.order_by(*table.primary_key)

    async def _reseal(self, work: Work, sealed: SealedColumn, row: sa.Row[Any], total: Resealed) -> Resealed:
        column, table = sealed.column, sealed.column.table
        text, place = getattr(row, column.name), sealed.place(row)
        try:
            fresh = self._vault.seal(self._vault.open(text, place), place)
        except ValueError:
            return replace(total, damaged=total.damaged + 1)
        keys = (key == getattr(row, key.name) for key in table.primary_key)
        unchanged = sa.update(table).where(*keys, column == text)
        if (await work.run(unchanged.values({column.name: fresh}))).rowcount:
            return replace(total, done=total.done + 1)
        return replace(total, changed=total.changed + 1)


async def _count(work: Work, column: sa.Column[Any], key_ids: Collection[str]) -> dict[str, int]:
    """Return how many texts of a column each key sealed, those known and those missing."""
    counts: dict[str, int] = {}
    waiting = sorted(key_ids)
    while True:
        for name in waiting:
            count = sa.select(sa.func.count()).where(column.is_not(None), sa.not_(_is_not_by(column, name)))
            row = await work.first(count)
            counts[name] = int(row[0]) if row is not None else 0
        others = [_is_not_by(column, name) for name in counts]
        other = await work.first(sa.select(column).where(column.is_not(None), *others).limit(1))
        if other is None:
            return counts
        waiting = [read_key_id(other[0])]


def _is_after(backend: str, keys: tuple[sa.Column[Any], ...], last: sa.Row[Any]) -> sa.ColumnElement[bool]:
    """Whether a row comes after another, in words for which the database goes to it by the primary key."""
    values = [getattr(last, key.name) for key in keys]
    if backend != "mysql":
        return sa.tuple_(*keys) > sa.tuple_(*values)
    steps = []
    for place, (key, value) in enumerate(zip(keys, values, strict=True)):
        same = [before == other for before, other in zip(keys[:place], values, strict=False)]
        steps.append(sa.and_(*same, key > value))
    return sa.or_(*steps)


def _is_not_by(column: sa.Column[Any], key_id: str) -> sa.ColumnElement[bool]:
    """Whether a text was not sealed by a key; LIKE would fold case."""
    prefix = f"{key_id}."
    return sa.func.substr(column, 1, len(prefix)) != prefix
