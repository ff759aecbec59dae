"""`menjin migrate`: the tables, brought to a revision."""

from __future__ import annotations

from typing import Annotated

import typer

from menjin.adapters.sqlalchemy.tables_sql import write_table
from menjin.service.console import DEFAULT_CONFIG, ConfigPath, explained, say
from menjin.service.settings import load_settings, to_database_url
from menjin.service.settings_sources import check_file

To = Annotated[
    str, typer.Option(metavar="REV", help="head, base (everything goes!) or a revision. 目标版本；base 会清空所有表。")
]


def migrate(
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    to: To = "head",
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL and change nothing. 只输出 SQL。")] = False,
    table: Annotated[
        str | None, typer.Option(help="Print one table's SQL as it is at head, ask nobody. 只输出某张表的建表 SQL。")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before going back. 不再确认。")] = False,
) -> None:
    """Bring the tables to a revision 升级（或回退）数据库表结构."""
    from menjin.adapters.sqlalchemy import migrating  # noqa: PLC0415 - Alembic is slow to load

    def tell(step: migrating.Step) -> None:
        word, zh = ("up to", "升级到") if step.is_upgrade else ("back over", "回退")
        say(f"menjin: {word} {step.revision}: {step.title} … {zh} {step.revision}")

    with explained():
        url = to_database_url(load_settings(config))
        if table is not None:
            print(write_table(url, table))
            return
        check_file(url)
        if sql:
            print(migrating.write_sql(url, to))
            return
        steps = migrating.plan(url, to)
        if any(not step.is_upgrade for step in steps) and not yes:
            typer.confirm(
                "going back takes columns or tables away, with what is in them; go on? 回退会删除数据，继续？",
                abort=True,
            )
        standing = migrating.upgrade(url, to, tell)
    done = f"{len(steps)} step(s) done, 完成" if steps else "nothing to do, 无需变更"
    say(f"menjin: the tables are at revision {standing.revision or 'base'}; {done}。")
