"""Statements by table and column names, each built once.

Building one, and working out what it is cached under, costs three times what running it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

Names = tuple[str, ...]
KEY = "key_"  # a WHERE's parameter may not be called like a column that SET changes
_NEW = "new_"


@lru_cache(maxsize=256)
def select_by(table: sa.Table, keys: Names, *, locks: bool = False) -> sa.Select[Any]:
    """Return the SELECT of rows by these columns; `locks` them until the transaction's end."""
    query = sa.select(table).where(*are(table, keys, KEY))
    return query.with_for_update() if locks else query


@lru_cache(maxsize=256)
def insert_of(table: sa.Table, names: Names) -> sa.Insert:
    """Return the INSERT of a row, which asks for none of its values back."""
    return sa.insert(table).values(bind(table, names)).inline()


@lru_cache(maxsize=256)
def update_by(table: sa.Table, keys: Names, names: Names) -> sa.Update:
    """Return the UPDATE of rows by these columns."""
    return sa.update(table).where(*are(table, keys, KEY)).values(bind(table, names, _NEW))


@lru_cache(maxsize=256)
def delete_by(table: sa.Table, keys: Names) -> sa.Delete:
    """Return the DELETE of rows by these columns."""
    return sa.delete(table).where(*are(table, keys, KEY))


def bind(table: sa.Table, names: Iterable[str], prefix: str = "") -> dict[str, sa.BindParameter[Any]]:
    """Return a parameter for each column."""
    return {name: sa.bindparam(f"{prefix}{name}", type_=table.c[name].type) for name in names}


def to_keys(keys: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a WHERE."""
    return {f"{KEY}{name}": value for name, value in keys.items()}


def to_changes(keys: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of an UPDATE."""
    return {**to_keys(keys), **{f"{_NEW}{name}": value for name, value in values.items()}}


def are(table: sa.Table, names: Iterable[str], prefix: str = "") -> list[sa.ColumnElement[bool]]:
    """Return, for each column, that it is its parameter."""
    return [table.c[name] == bound for name, bound in bind(table, names, prefix).items()]
