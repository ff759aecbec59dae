"""What every command has: the configuration it reads, and what it says when something is wrong."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from menjin.adapters.sqlalchemy.database import Database
from menjin.errors import ConfigurationError, MenjinError, StoreUnavailable
from menjin.problems import TABLE
from menjin.service.settings import Settings, to_database

DEFAULT_CONFIG = Path("menjin.toml")
Config = Annotated[Path, typer.Option(help="Configuration file. 配置文件。")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs. 输出 JSON。")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing. 只预览，不执行。")]


@contextmanager
def explained() -> Iterator[None]:
    """Print what is wrong, and end with 2 (configuration, or what was asked for) or 1 (a store)."""
    try:
        yield
    except ConfigurationError as error:
        for fault in error.faults:
            say(f"menjin: {fault.where}: {fault.problem}")
        say(f"menjin: {len(error.faults)} fault(s). 配置有误。")
        raise typer.Exit(2) from None
    except StoreUnavailable:
        say("menjin: the database cannot be used; is it running? 数据库不可用。")
        raise typer.Exit(1) from None
    except MenjinError as error:
        entry = TABLE.get(error.code)
        say(f"menjin: {error.code}: {error}{f'. {entry.zh}。' if entry else ''}")
        raise typer.Exit(2) from None


def say(text: str) -> None:
    """Print a line for people, beside what programs read."""
    print(text, file=sys.stderr)


def show_json(value: object) -> None:
    """Print a value for programs."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """Open the database of a configuration, its tables made if it is empty."""
    database = to_database(settings)
    try:
        await database.create_schema()
        yield database
    finally:
        await database.close()
