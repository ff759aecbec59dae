"""Writes the tables of docs/accounts.md and docs/operations/settings.md from the code that decides by them.

`--check` writes nothing and fails when a page says otherwise than the code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from decision_tables import print_bind_member, print_bind_phone, print_resolve, print_take_over
from settings_tables import print_settings

DOCS = Path(__file__).parent
Tables = dict[str, Callable[[], str]]
PAGES: dict[str, Tables] = {
    "accounts.md": {
        "resolve": print_resolve,
        "bind-member": print_bind_member,
        "bind-phone": print_bind_phone,
        "take-over": print_take_over,
    },
    "operations/settings.md": {"settings": print_settings},
}


def build(name: str, page: str, tables: Tables) -> str:
    """Return the page with its tables printed anew, each between its two marks."""
    for table, print_table in tables.items():
        begin, end = f"<!-- {table}: printed from the code -->", f"<!-- end of {table} -->"
        before, found, rest = page.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found or not found_end:
            raise SystemExit(f"{name} has no marks for {table}")
        page = f"{before}{begin}\n\n{print_table()}\n\n{end}{after}"
    return page


def main() -> int:
    """Build or check; return the exit status."""
    status = 0
    for name, tables in PAGES.items():
        path = DOCS / name
        written = path.read_text("utf-8")
        built = build(name, written, tables)
        if built == written:
            continue
        if "--check" in sys.argv[1:]:
            print(f"{name} is not what the code says: run python docs/build.py", file=sys.stderr)
            status = 1
        else:
            path.write_text(built, "utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
