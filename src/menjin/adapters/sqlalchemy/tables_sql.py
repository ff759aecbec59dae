"""One table's SQL, for who makes it anew by hand."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.sql.ddl import ExecutableDDLElement

from menjin.adapters.sqlalchemy.engines import read_backend
from menjin.adapters.sqlalchemy.tables import METADATA
from menjin.errors import ConfigurationError, Fault


def write_table(url: str, name: str) -> str:
    """Return the statements that make a table and its indexes; no database is asked.

    Args:
        url: Of the database it is for.
        name: The table's.

    Raises:
        ConfigurationError: There is no such table, or the URL is none.
    """
    table = METADATA.tables.get(name)
    if table is None:
        names = ", ".join(sorted(METADATA.tables))
        raise ConfigurationError([Fault("--table", f"is none of {names} 没有这张表")])
    statements: list[str] = []

    def note(statement: ExecutableDDLElement, *_: object, **__: object) -> None:
        statements.append(f"{str(statement.compile(dialect=engine.dialect)).strip()};")

    try:
        engine = sa.create_mock_engine(f"{read_backend(url)}://", note)
    except ValueError as error:
        raise ConfigurationError([Fault("database.url", f"{error} 不可用")]) from None
    METADATA.create_all(engine, tables=[table], checkfirst=False)
    return "\n\n".join(statements)
