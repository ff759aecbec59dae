"""Sealing anew, online: what an old vault key sealed is sealed by the active one, a batch at a time.

The service goes on meanwhile: a row that changes under the batch is left to its next turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.access_tokens import ACCESS_TOKENS, place_of_token
from menjin.adapters.sqlalchemy.attempts import place_of_use
from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.keyrings import place_of_key
from menjin.adapters.sqlalchemy.phones import place_of_index_key, place_of_phone
from menjin.adapters.sqlalchemy.proofs import place_of_proof
from menjin.adapters.sqlalchemy.tables import (
    ACCOUNTS,
    CIPHERTEXT_USES,
    INDEX_KEYS,
    KEYRINGS,
    SESSION_PROOFS,
    VAULT_KEYS,
)
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


_INDEX_KEYS = SealedColumn(INDEX_KEYS.c.sealed, place_of_index_key)
SEALED_COLUMNS = (
    SealedColumn(KEYRINGS.c.current_sealed, lambda row: place_of_key(row, "current")),
    SealedColumn(KEYRINGS.c.previous_sealed, lambda row: place_of_key(row, "previous")),
    SealedColumn(CIPHERTEXT_USES.c.payload_sealed, place_of_use),
    SealedColumn(ACCOUNTS.c.phone_sealed, place_of_phone),
    _INDEX_KEYS,
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

    async def check(self, *, whole: bool = False) -> None:
        """See that every sealed text has its key in the ring, and that each key opens what it sealed.

        Every key that was active at a start is remembered with a text of its own, so that nothing is searched while
        each is in the ring and opens that. When one has left the ring all texts are looked at once: it is forgotten
        if it sealed none of them. Where a key does not open its text, which may be damaged itself, or none is
        remembered, a few texts of each column tell. A key that does not open what phone numbers are found by is
        refused in any case, since no login by phone would work.

        Args:
            whole: Look at all texts whatever is remembered, and remember nothing.

        Raises:
            ConfigurationError: A key is missing, or its bytes are others than those that sealed; what it sealed would
                be lost to whoever starts without it.
            StoreUnavailable: The database cannot be asked.
        """
        ring = self._vault.key_ids
        async with self._database.reading() as work:
            remembered = {row.name: row.sealed for row in await work.run(sa.select(VAULT_KEYS))}
            if whole or not remembered or not ring.issuperset(remembered):
                await self._see_none_is_missing(work)
            unknown = {name for name in remembered or ring if name in ring and not self._is_its_own(name, remembered)}
            strange = {name for name in unknown if not await self._is_true(work, name)}
            strange |= {
                read_key_id(row.sealed)
                for row in await self._sample(work, _INDEX_KEYS)
                if not self._opens(_INDEX_KEYS, row)
            }
        if strange:
            told = "does not open what it sealed; put the former bytes back 密钥与已封存数据不符"
            raise ConfigurationError([Fault("vault.keys", f"{name} {told}") for name in sorted(strange)])
        gone = (unknown & remembered.keys()) | (remembered.keys() - ring)
        if not whole and (gone or self._vault.active not in remembered):
            await self._remember(gone)

    async def _see_none_is_missing(self, work: Work) -> None:
        for sealed in SEALED_COLUMNS:
            others = [_is_not_by(sealed.column, name) for name in self._vault.key_ids]
            row = await work.first(sa.select(sealed.column).where(sealed.column.is_not(None), *others).limit(1))
            if row is not None:
                told = f"{read_key_id(row[0])} is missing, and sealed what is kept 缺少密钥，已有数据由它封存"
                raise ConfigurationError([Fault("vault.keys", told)])

    async def _remember(self, gone: Collection[str]) -> None:
        """Remember the active key, before it seals anything; forget those of which nothing is left."""
        name = self._vault.active
        async with self._database.transaction() as work:
            if gone:
                await work.run(sa.delete(VAULT_KEYS).where(VAULT_KEYS.c.name.in_(gone)))
            await work.add_if_new(VAULT_KEYS, {"name": name, "sealed": self._vault.seal(b"", _place_of_name(name))})

    def _is_its_own(self, name: str, remembered: Mapping[str, str]) -> bool:
        try:
            self._vault.open(remembered.get(name, ""), _place_of_name(name))
        except ValueError:
            return False
        return True

    async def _sample(self, work: Work, sealed: SealedColumn, *where: sa.ColumnElement[bool]) -> Sequence[sa.Row[Any]]:
        query = sa.select(sealed.column.table).where(sealed.column.is_not(None), *where).limit(_SAMPLE)
        return (await work.run(query)).all()

    async def _is_true(self, work: Work, name: str) -> bool:
        """Whether a key is the one that sealed under its name, as far as a few texts of each column tell."""
        found: list[bool] = []
        for sealed in SEALED_COLUMNS:
            sample = await self._sample(work, sealed, sa.not_(_is_not_by(sealed.column, name)))
            found += [self._opens(sealed, row) for row in sample]
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


def _place_of_name(name: str) -> str:
    return f"vault_keys/{name}"


def _is_not_by(column: sa.Column[Any], key_id: str) -> sa.ColumnElement[bool]:
    """Whether a text was not sealed by a key; LIKE would fold case."""
    prefix = f"{key_id}."
    return sa.func.substr(column, 1, len(prefix)) != prefix
