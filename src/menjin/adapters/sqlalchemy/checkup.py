"""A look at the live tables: are they this menjin's, and does every text in them compare byte by byte?

A column that folds case finds `oAbC_1…` under `OABC_1…`: another person's account. So the database is asked, not the
revision: somebody may have converted the tables since.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from menjin.adapters.findings import Finding
from menjin.adapters.sqlalchemy.schema import Standing, newest_revision, read_standing, refuse
from menjin.adapters.sqlalchemy.tables import METADATA

_LEGIBLE = {"utf8mb4", "UTF8", "UTF-8"}


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A text column as the database has it.

    Attributes:
        collation: Its name there.
        is_binary: Whether two texts are equal only if their bytes are.
        charset: None where it is the whole database's.
    """

    table: str
    column: str
    collation: str
    is_binary: bool
    charset: str | None = None


def check_tables(connection: sa.Connection) -> list[Finding]:
    """Return what is found of revision, columns, collations and charsets; nothing is changed."""
    standing = read_standing(connection)
    found = [_judge_standing(standing)]
    if not standing.tables:
        return found
    columns = [one for one in _read_columns(connection) if one.column in _texts().get(one.table, {})]
    found += _judge_shape(connection)
    found += _judge_collations(columns)
    return found + _judge_charsets(connection, columns)


def _texts() -> dict[str, dict[str, sa.String]]:
    """Return the texts of each table that are compared; sealed ones and hashes in long texts never are."""
    return {
        table.name: {
            column.name: column.type
            for column in table.columns
            if isinstance(column.type, sa.String) and not isinstance(column.type, sa.Text)
        }
        for table in METADATA.sorted_tables
    }


def _judge_standing(standing: Standing) -> Finding:
    if standing.stage == "current":
        return Finding("schema", "ok", "revision", f"at {standing.revision}", f"版本 {standing.revision}")
    if standing.stage == "empty":
        return Finding(
            "schema",
            "warning",
            "revision",
            "no tables yet",
            "还没有表",
            "the first start makes them 首次启动时自动创建",
        )
    fault = refuse(standing).faults[0].problem
    advice = "menjin migrate" if standing.stage == "older" else ""
    return Finding("schema", "failed", "revision", fault, f"需要 {newest_revision()}", advice)


def _judge_shape(connection: sa.Connection) -> list[Finding]:
    """Compare tables and columns by name."""
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    missing = [table.name for table in METADATA.sorted_tables if table.name not in there]
    for table in METADATA.sorted_tables:
        if table.name in there:
            columns = {column["name"] for column in inspector.get_columns(table.name)}
            missing += [f"{table.name}.{name}" for name in table.columns.keys() if name not in columns]  # noqa: SIM118 - a collection of columns, not a dict
    return [
        Finding("schema", "failed", name, "is missing", "缺失", _restore(name.partition(".")[0])) for name in missing
    ]


def _restore(table: str) -> str:
    return f"restore it from a backup, or as `menjin migrate --table {table}` prints it 从备份恢复，或按其 SQL 重建"


def _judge_collations(columns: list[TextColumn]) -> list[Finding]:
    folding = [column for column in columns if not column.is_binary]
    if not folding:
        return [
            Finding("collation", "ok", f"{len(columns)} columns", "every text compares byte by byte", "均按字节比较")
        ]
    return [
        Finding(
            "collation",
            "failed",
            f"{one.table}.{one.column}",
            f"{one.collation} takes different texts for the same: one person's id finds another's account",
            f"排序规则 {one.collation} 会把不同的值视为相同：可能登录到他人的账号",
            "stop the service, look for rows that became one, and give the column its binary collation again "
            "(`menjin migrate --sql` on an empty database shows it) 请停止服务，检查数据，恢复二进制排序规则",
        )
        for one in folding
    ]


def _judge_charsets(connection: sa.Connection, columns: list[TextColumn]) -> list[Finding]:
    texts = _texts()
    narrow = [
        (f"{one.table}.{one.column}", one.charset)
        for one in columns
        if one.charset is not None and one.charset not in _LEGIBLE and _holds_any_text(texts[one.table][one.column])
    ]
    if connection.dialect.name == "postgresql":
        encoding = str(connection.exec_driver_sql("SHOW server_encoding").scalar())
        narrow += [] if encoding in _LEGIBLE else [("the database", encoding)]
    if not narrow:
        return [Finding("charset", "ok", "texts", "every script and emoji can be kept", "可存储所有文字和表情")]
    advice = "convert it to utf8mb4 with a binary collation, or the database to UTF8 请改为 utf8mb4（utf8mb4_bin）"
    return [
        Finding(
            "charset", "failed", name, f"{charset} refuses emoji and most scripts", f"{charset} 无法存储表情", advice
        )
        for name, charset in narrow
    ]


def _holds_any_text(kind: sa.String) -> bool:
    variant = kind._variant_mapping.get("mysql")  # noqa: SLF001 - SQLAlchemy has no other way to ask
    return getattr(variant, "charset", "utf8mb4") == "utf8mb4"


def _read_columns(connection: sa.Connection) -> list[TextColumn]:
    readers = {"sqlite": _read_sqlite, "postgresql": _read_postgres, "mysql": _read_mysql}
    return readers[connection.dialect.name](connection)


def _read_mysql(connection: sa.Connection) -> list[TextColumn]:
    rows = connection.exec_driver_sql(
        "SELECT table_name, column_name, collation_name, character_set_name FROM information_schema.columns"
        " WHERE table_schema = database() AND collation_name IS NOT NULL"
    )
    return [
        TextColumn(table, column, collation, collation == "binary" or collation.endswith("_bin"), charset)
        for table, column, collation, charset in rows
    ]


def _read_postgres(connection: sa.Connection) -> list[TextColumn]:
    """PostgreSQL: equal in a deterministic collation is equal in bytes; citext and char(n) have an = of their own."""
    rows = connection.exec_driver_sql(
        "SELECT c.relname, a.attname, t.typname, l.collname, l.collisdeterministic FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid"
        " JOIN pg_collation l ON l.oid = a.attcollation"
        " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND NOT a.attisdropped"
    )
    return [
        TextColumn(table, column, f"{kind}/{name}", is_binary=bool(exact) and kind in {"varchar", "text"})
        for table, column, kind, name, exact in rows
    ]


def _read_sqlite(connection: sa.Connection) -> list[TextColumn]:
    """SQLite: no catalogue says it; the program it makes of a comparison does, and so do its unique indexes."""
    found = []
    inspector = sa.inspect(connection)
    for table, columns in _texts().items():
        if not inspector.has_table(table):
            continue
        by_index = _read_sqlite_indexes(connection, table)
        for column in {one["name"] for one in inspector.get_columns(table)} & set(columns):
            names = {_read_sqlite_comparison(connection, table, column), *by_index.get(column, set())}
            folding = sorted(names - {"BINARY"})
            found.append(TextColumn(table, column, ", ".join(folding) or "BINARY", is_binary=not folding))
    return found


def _read_sqlite_comparison(connection: sa.Connection, table: str, column: str) -> str:
    query = f"EXPLAIN SELECT 1 FROM {table} NOT INDEXED WHERE +{column} = 'x'"  # noqa: S608 - names of our own tables
    for row in connection.exec_driver_sql(query):
        if row.opcode in {"Eq", "Ne"} and row.p4:
            return str(row.p4).partition("-")[0].upper()
    return "unknown"


def _read_sqlite_indexes(connection: sa.Connection, table: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for index in connection.exec_driver_sql(f"PRAGMA index_list({table})").all():
        for part in connection.exec_driver_sql(f"PRAGMA index_xinfo({index.name})"):
            if part.name is not None:
                found.setdefault(part.name, set()).add(str(part.coll).upper())
    return found
