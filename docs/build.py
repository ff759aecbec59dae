"""Writes the tables of docs/accounts.md from the code that decides by them.

`--check` writes nothing and fails when the page says otherwise than the code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from decision_tables import print_bind_member, print_bind_phone, print_resolve, print_take_over

PAGE = Path(__file__).with_name("accounts.md")
TABLES: dict[str, Callable[[], str]] = {
    "resolve": print_resolve,
    "bind-member": print_bind_member,
    "bind-phone": print_bind_phone,
    "take-over": print_take_over,
}


def build(page: str) -> str:
    """Return the page with its tables printed anew, each between its two marks."""
    for name, print_table in TABLES.items():
        begin, end = f"<!-- {name}: printed from the code -->", f"<!-- end of {name} -->"
        before, found, rest = page.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found or not found_end:
            raise SystemExit(f"{PAGE.name} has no marks for {name}")
        page = f"{before}{begin}\n\n{print_table()}\n\n{end}{after}"
    return page


def main() -> int:
    """Build or check; return the exit status."""
    written = PAGE.read_text("utf-8")
    built = build(written)
    if "--check" in sys.argv[1:]:
        if built == written:
            return 0
        print(f"{PAGE.name} is not what the code says: run python docs/build.py", file=sys.stderr)
        return 1
    PAGE.write_text(built, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
