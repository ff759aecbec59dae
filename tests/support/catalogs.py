"""What a database says of its tables, in a form that does not depend on the order in which they were made."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from menjin import open_engine
from menjin.adapters.sqlalchemy.tables import METADATA

Catalog = dict[str, Any]
_POSTGRES = """
SELECT c.relname, 'column', a.attname, format_type(a.atttypid, a.atttypmod), l.collname, a.attnotnull::text,
       pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
UNION ALL SELECT c.relname, 'constraint', n.conname, pg_get_constraintdef(n.oid), '', '', ''
FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid WHERE c.relnamespace = current_schema()::regnamespace
UNION ALL SELECT tablename, 'index', indexname, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = current_schema()
"""


def read_catalog(url: str) -> Catalog:
    """Return what a database says of our tables: columns with type, collation and default, keys, indexes."""
    engine = open_engine(url, pool_size=1)
    readers = {"sqlite": _read_sqlite, "mysql": _read_mysql, "postgresql": _read_postgres}
    try:
        with engine.begin() as connection:
            return readers[engine.dialect.name](connection)
    finally:
        engine.dispose()


def _read_sqlite(connection: sa.Connection) -> Catalog:
    rows = connection.execute(sa.text("SELECT tbl_name, name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return {f"{row.tbl_name}.{row.name}": _take_apart(row.sql) for row in rows if row.tbl_name in METADATA.tables}


def _read_mysql(connection: sa.Connection) -> Catalog:
    there = [name for name in sa.inspect(connection).get_table_names() if name in METADATA.tables]
    made = {name: connection.exec_driver_sql(f"SHOW CREATE TABLE {name}").one()[1] for name in there}
    return {name: _take_apart(re.sub(r" AUTO_INCREMENT=\d+", "", text)) for name, text in made.items()}


def _read_postgres(connection: sa.Connection) -> Catalog:
    rows = [tuple(row) for row in connection.execute(sa.text(_POSTGRES))]
    return {str(row[:3]): row[3:] for row in rows if row[0] in METADATA.tables}


def _take_apart(statement: str) -> list[str]:
    """Return the lines of a CREATE, without their order: a column that came later stands elsewhere."""
    head, _, rest = statement.partition("(")
    body, _, tail = rest.rpartition(")")
    parts = re.split(r",\s*(?![^()]*\))", body)
    return sorted(" ".join(part.replace('"', "").split()) for part in [head, *parts, tail])
