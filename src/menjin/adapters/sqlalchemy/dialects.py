"""What the databases say differently: inserting unless it is there, and texts that compare byte by byte."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from menjin.adapters.sqlalchemy.statements import Names, bind

MYSQL_TABLES: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


@lru_cache(maxsize=256)
def add_or_keep(backend: str, table: sa.Table, names: Names) -> sa.Executable:
    """Return an INSERT of these columns that leaves a row alone whose unique keys are the same.

    On MySQL by ON DUPLICATE KEY UPDATE, which takes an exclusive lock on that row at once. INSERT IGNORE takes a
    shared one: two that do so and then want to change the row wait for each other.
    """
    if backend == "mysql":
        key = next(iter(table.primary_key.columns))
        return mysql.insert(table).values(bind(table, names)).inline().on_duplicate_key_update({key.name: key})
    return _on_conflict_do_nothing(backend, table, names)


@lru_cache(maxsize=256)
def add_if_new(backend: str, table: sa.Table, names: Names) -> sa.Executable:
    """Return an INSERT whose row count says whether the row is new (after ON DUPLICATE KEY it would not)."""
    if backend == "mysql":
        statement: sa.Insert = mysql.insert(table).values(bind(table, names)).inline().prefix_with("IGNORE")
    else:
        statement = _on_conflict_do_nothing(backend, table, names)
    return statement.execution_options(preserve_rowcount=True)


def _on_conflict_do_nothing(backend: str, table: sa.Table, names: Names) -> sa.Insert:
    if backend == "postgresql":
        return postgresql.insert(table).values(bind(table, names)).inline().on_conflict_do_nothing()
    return sqlite.insert(table).values(bind(table, names)).inline().on_conflict_do_nothing()


def ascii_text(length: int) -> sa.String:
    """Return the type of an id, a hash or one of WeChat's ids: ASCII, compared byte by byte.

    A collation that folds case would find another person's openid: an account take-over.
    """
    return _binary(length, "ascii", "ascii_bin")


def any_text(length: int) -> sa.String:
    """Return the type of a text of any script, compared byte by byte."""
    return _binary(length, "utf8mb4", "utf8mb4_bin")


def _binary(length: int, charset: str, collation: str) -> sa.String:
    text = sa.String(length)  # SQLite's own collation is BINARY
    text = text.with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")
    return text.with_variant(mysql.VARCHAR(length, charset=charset, collation=collation), "mysql", "mariadb")
