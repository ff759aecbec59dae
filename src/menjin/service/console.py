"""What the commands share: opening the database, saying what is wrong, printing for people or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.engines import find_sqlite_file
from menjin.errors import ConfigurationError, Fault, MenjinError, StoreUnavailable
from menjin.problems import TABLE
from menjin.service.settings import DEFAULT_FILE, Settings, to_database, to_database_url

ConfigPath = Annotated[Path, typer.Option("--config", help="Configuration file. 配置文件。")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON. 以 JSON 输出。")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing. 只预览，不执行。")]
DEFAULT_CONFIG = DEFAULT_FILE
_STORES = {
    "database": "the database cannot be used; is it running? 数据库不可用。",
    "redis": "Redis cannot be used; is it running? Redis 不可用。",
    "directory": "the directory of the business cannot be asked 无法查询业务系统的账号目录。",
    None: "a store cannot be used, or what is known of it is too old; `menjin doctor` looks at each 存储不可用。",
}


def find_missing_file(settings: Settings) -> Path | None:
    """Return the SQLite file that is not there; opening it would make it.

    Raises:
        ConfigurationError: The URL's file cannot be read.
    """
    path = find_sqlite_file(to_database_url(settings))
    return path if path is not None and not path.exists() else None


def need_database_file(settings: Settings) -> None:
    """See that a SQLite database is there.

    Raises:
        ConfigurationError: It is not, or the URL's file cannot be read.
    """
    path = find_missing_file(settings)
    if path is not None:
        told = "no such file; `menjin serve` or `menjin migrate` makes it 找不到数据库文件"
        raise ConfigurationError([Fault("database.url", f"{path}: {told}")])


@asynccontextmanager
async def opened(settings: Settings, *, makes_file: bool = False) -> AsyncIterator[Database]:
    """Open the database with its tables, and close it.

    Args:
        settings: As read.
        makes_file: Whether a SQLite file that is not there is made, or told as a fault.

    Raises:
        ConfigurationError: The database is none, or is not there.
    """
    if not makes_file:
        need_database_file(settings)
    database = to_database(settings)
    try:
        await database.create_schema()
        yield database
    finally:
        await database.close()


@contextmanager
def explained() -> Iterator[None]:
    """Print what is wrong, and end with 2 (configuration, command line) or 1 (a store, WeChat)."""
    try:
        yield
    except ConfigurationError as error:
        for fault in error.faults:
            print(f"menjin: {fault.where}: {fault.problem}", file=sys.stderr)
        print(f"menjin: {len(error.faults)} fault(s) 处错误", file=sys.stderr)
        raise typer.Exit(2) from None
    except StoreUnavailable as error:
        print(f"menjin: {_STORES[error.store]}", file=sys.stderr)
        raise typer.Exit(1) from None
    except MenjinError as error:
        entry = TABLE.get(error.code)
        print(f"menjin: {error.code}: {error} {entry.zh if entry else '出错了'}", file=sys.stderr)
        raise typer.Exit(1) from None


def refuse(where: str, problem: str) -> ConfigurationError:
    """Return the error of one wrong word on the command line."""
    return ConfigurationError([Fault(where, problem)])


def say(text: str) -> None:
    """Print a line for people, beside what programs read."""
    print(text, file=sys.stderr)


def print_json(value: object) -> None:
    """Print one JSON document, as it is meant for programs."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def to_text(moment: datetime | None) -> str | None:
    """Return a moment for JSON and for people, in UTC to the second."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment is not None else None


def print_table(rows: list[list[Any]]) -> None:
    """Print rows of words, parted by tabs."""
    for row in rows:
        print("\t".join("-" if word is None else str(word) for word in row))
