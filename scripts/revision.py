"""Writes a revision of the tables: what differs between the newest revision and tables.py.

scripts/revision "a word on what changes"     the next one
scripts/revision --first                      the first one anew; only while nothing is released
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext

from menjin.adapters.sqlalchemy.migrating import upgrade
from menjin.adapters.sqlalchemy.migrations import FOLDER, list_revisions
from menjin.adapters.sqlalchemy.tables import METADATA, SCHEMA_REVISION

VERSIONS = FOLDER / "versions"
FIRST = "the first tables"
TEXT = '''"""{title}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from menjin.adapters.sqlalchemy.dialects import {names}

revision = "{revision}"
down_revision = {follows}


{makers}def upgrade() -> None:
    """Go forward."""
{up}


def downgrade() -> None:
    """Go back."""
{down}
'''


def main() -> int:
    """Write the file; return the exit status."""
    given = sys.argv[1:]
    is_first = given == ["--first"]
    if not is_first and (not given or given[0].startswith("-")):
        print(__doc__, file=sys.stderr)
        return 2
    title = FIRST if is_first else " ".join(given).strip().rstrip(".")
    before = [] if is_first else list(list_revisions())
    if is_first and len(list(VERSIONS.glob("r*.py"))) > 1:
        print("there are later revisions than the first; remove them if nothing of them is released", file=sys.stderr)
        return 1
    up, down = find_difference(empty=is_first)
    if "pass" in up.split():
        print("tables.py says what the newest revision says; nothing to write. 没有变化")
        return 0
    number = f"{len(before) + 1:04}"
    digest = hashlib.sha256((up + down).encode()).hexdigest()[:6]
    if is_first:
        for old in VERSIONS.glob("r*.py"):
            old.unlink()
    path = VERSIONS / f"r{number}_{re.sub(r'[^a-z0-9]+', '_', title.lower()).strip('_')}.py"
    both = up + down
    makers, up = divide(up) if is_first else ("", up)
    names = [name for name in ("MYSQL_TABLES", "any_text", "ascii_text") if name in both]
    text = TEXT.format(
        title=title[0].upper() + title[1:],
        revision=f"{number}_{digest}",
        follows=f'"{before[-1]}"' if before else "None",
        names=", ".join(names),
        makers=makers,
        up=up,
        down=down,
    )
    if not names:
        text = re.sub(r"from menjin\.adapters.*\n\n", "", text)
    path.write_text(text, "utf-8")
    for step in (["format"], ["check", "--fix"]):
        subprocess.run(["ruff", *step, "--quiet", str(path)], check=False)
    print(f"wrote {path.relative_to(Path.cwd())}; read it before you commit it. 请先检查再提交")
    return 0


def find_difference(*, empty: bool) -> tuple[str, str]:
    """Return the code that leads from the newest revision, or from nothing, to tables.py, and the code back."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/scratch.db"
        if not empty:
            upgrade(url, tell=lambda _: None)
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            options = {"compare_type": True, "version_table": SCHEMA_REVISION.name, "render_as_batch": not empty}
            context = MigrationContext.configure(connection, opts=options)
            script = produce_migrations(context, METADATA)
            named: dict[str, Any] = {
                "render_as_batch": not empty,
                "render_item": render_type,
                "migration_context": context,
            }
            up = render_python_code(script.upgrade_ops, **named)
            down = render_python_code(script.downgrade_ops, **named)
        engine.dispose()
    return tidy(up), tidy(down)


def render_type(kind: str, item: Any, _context: AutogenContext) -> str | bool:  # noqa: ANN401 - Alembic's
    """Return our own name for a text that compares byte by byte, and what every database takes for true and false."""
    if kind == "server_default" and isinstance(getattr(item, "arg", None), sa.False_ | sa.True_):
        return "sa.false()" if isinstance(item.arg, sa.False_) else "sa.true()"
    if kind != "type" or not isinstance(item, sa.String) or "mysql" not in item._variant_mapping:  # noqa: SLF001 - no other way
        return False
    collation = item._variant_mapping["mysql"].collation  # noqa: SLF001 - the same
    return f"{'ascii_text' if collation == 'ascii_bin' else 'any_text'}({item.length})"


def divide(up: str) -> tuple[str, str]:
    """Return a function for each table, and the calls of them: one function for all would be too long to read."""
    parts = re.split(r"^(?=    op\.create_table\()", up, flags=re.MULTILINE)[1:]
    names = [re.findall(r"""create_table\(\s*["'](\w+)""", part)[0] for part in parts]
    made = (f"def _make_{name}() -> None:\n{part.rstrip()}\n\n\n" for name, part in zip(names, parts, strict=True))
    return "".join(made), "\n".join(f"    _make_{name}()" for name in names)


def tidy(code: str) -> str:
    """Return Alembic's code with less noise."""
    options = r"mysql_engine='InnoDB',\s+mysql_charset='utf8mb4',\s+mysql_collate='utf8mb4_bin'"
    code = re.sub(options, "**MYSQL_TABLES", code)
    options = r"mysql_charset='utf8mb4',\s+mysql_collate='utf8mb4_bin',\s+mysql_engine='InnoDB'"
    code = re.sub(options, "**MYSQL_TABLES", code)
    code = re.sub(r"\s*# ### .*", "", code)
    for table in re.findall(r'op\.drop_table\(["\'](\w+)', code):  # its indexes go with it; MySQL needs them till then
        code = re.sub(rf"^ *op\.drop_index\(.*table_name=[\"']{table}[\"']\)\n", "", code, flags=re.MULTILINE)
    return "\n".join(
        "    " + line if line and not line.startswith("    ") else line for line in code.strip("\n").splitlines()
    )


if __name__ == "__main__":
    sys.exit(main())
