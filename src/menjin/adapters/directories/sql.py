"""A directory that is a query on the business's own database: read-only, parametrised, over connections of its own."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from menjin.accounts.directory import Member
from menjin.adapters.directories.names import read_password, read_phone, read_username, to_member
from menjin.adapters.directories.schemes import Hasher, Schemes
from menjin.adapters.directories.verifying import Verifier
from menjin.adapters.sqlalchemy.database import AnyEngine, Database, StatementRefused, open_async_engine, open_engine
from menjin.adapters.sqlalchemy.under_loop import SqliteUnderLoop
from menjin.clock import SystemRandomness
from menjin.errors import StoreUnavailable
from menjin.values import Secret

_LOG = logging.getLogger("menjin.directory")
_POOL = 2
_BUSY_SECONDS = 2
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)")
_READS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
_READ_ONLY = {
    "postgresql": "SET default_transaction_read_only = on",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}


@dataclass(frozen=True, slots=True)
class Queries:
    """What to ask.

    Attributes:
        by_username: Gives two columns, the member's id and the password's hash, for `:username`.
        by_phone: Gives the id for `:phone_number` (E.164); None if the business knows no numbers.

    Raises:
        ValueError: One is no single SELECT with exactly its one parameter.
    """

    by_username: str
    by_phone: str | None = None

    def __post_init__(self) -> None:
        _check("password_query", self.by_username, "username")
        if self.by_phone is not None:
            _check("phone_query", self.by_phone, "phone_number")


def _check(name: str, query: str, parameter: str) -> None:
    if not _READS.match(query) or ";" in query.strip().rstrip(";"):
        raise ValueError(f"{name} is not one SELECT")
    if set(_PARAMETER.findall(query)) != {parameter}:
        raise ValueError(f"{name} needs the parameter :{parameter}, and no other")


def open_directory_engine(url: str, *, blocking: bool) -> AnyEngine:
    """Open the business's database for reading: what its own rights allow beyond that is switched off.

    Args:
        url: As for `open_engine`; a SQLite file must exist.
        blocking: Whether callers have no event loop.

    Raises:
        ValueError: It is no database's URL, or its driver is not installed.
    """
    parsed = sa.make_url(url) if url.startswith("sqlite") else None
    if parsed is not None:
        return _open_file(parsed, blocking=blocking)
    engine = open_engine(url, pool_size=_POOL) if blocking else open_async_engine(url, pool_size=_POOL)
    _make_read_only(engine if isinstance(engine, sa.Engine) else engine.sync_engine)
    return engine


class SqlDirectory:
    """Asks a business's own table of members.

    Args:
        engine: From `open_directory_engine`.
        queries: What to ask.
        hasher: Verifies the hashes; by default every scheme of `schemes`.
    """

    def __init__(self, engine: AnyEngine, queries: Queries, hasher: Hasher | None = None) -> None:
        self._database = Database(engine)
        self._queries = queries
        self.works_without_loop = self._database.works_without_loop
        self._verifier = Verifier(hasher or Schemes(SystemRandomness()), blocking=self.works_without_loop)

    async def verify_password(self, username: str, password: Secret) -> Member | None:
        """Return the member, or None; an unknown name costs the same work as a wrong password.

        Raises:
            StoreUnavailable: The database cannot be asked, or refuses the query.
        """
        name = read_username(username)
        row = await self._ask(self._queries.by_username, {"username": name or ""}, columns=2)
        known = row if name is not None and row is not None and row[1] is not None else None
        kept = str(known[1]) if known is not None else None
        right = await self._verifier.is_right(kept, read_password(password.reveal()))
        return to_member(known[0]) if right and known is not None else None

    async def find_by_phone(self, phone_number: str) -> Member | None:
        """Return the member who has a number; None if nobody, or if there is no query for it.

        Raises:
            StoreUnavailable: The database cannot be asked, or refuses the query.
        """
        number = read_phone(phone_number)
        if self._queries.by_phone is None or number is None:
            return None
        row = await self._ask(self._queries.by_phone, {"phone_number": number}, columns=1)
        return to_member(row[0]) if row is not None else None

    async def close(self) -> None:
        """Close the connections."""
        self._verifier.close()
        await self._database.close()

    async def _ask(self, query: str, values: dict[str, str], *, columns: int) -> tuple[Any, ...] | None:
        """Return the one row; several are nobody: who it is must not hang on the order they come in."""
        rows: list[tuple[Any, ...]] | None = None
        try:
            async with self._database.reading() as work:
                found = await work.run(sa.text(query).bindparams(**values))
                rows = [tuple(row) for row in found.fetchmany(2)]
        except StatementRefused as error:
            _LOG.error("the directory's query: %s", error)
        if rows is None or (rows and len(rows[0]) != columns):
            _LOG.error("the directory's query must be accepted and give %d column(s)", columns)
            raise StoreUnavailable(store="directory")
        if len(rows) > 1:
            _LOG.error("the directory's query gives several rows for one name; nobody is let in")
        return rows[0] if len(rows) == 1 else None


def _make_read_only(engine: sa.Engine) -> None:
    statement = _READ_ONLY[engine.dialect.name]

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection has no type
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
        connection.commit()


def _open_file(url: sa.URL, *, blocking: bool) -> AnyEngine:
    """Open a SQLite file as it is: no other journal mode, no lock that keeps its owner from writing."""
    if not url.database or url.database == ":memory:" or not Path(url.database).is_file():
        raise ValueError("the SQLite file of the directory is not there")
    place = url.set(
        drivername="sqlite+pysqlite",
        database=f"file:{Path(url.database).absolute().as_posix()}",
        query={"mode": "ro", "uri": "true"},
    )
    engine = sa.create_engine(place, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS})
    _make_read_only(engine)
    return engine if blocking else SqliteUnderLoop(engine, _POOL, _BUSY_SECONDS)
