"""How the tables came to be: `versions/` holds one file a revision, each naming the one before. For Alembic.

docs/operations/migrations.md says how to run them and how to write one. Here, without Alembic: which there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
VERSIONS = FOLDER / "versions"
_NAMES = re.compile(r'^(revision|down_revision)(?:: [^=]+)? = (?:"([^"]+)"|None)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Revision:
    """One step.

    Attributes:
        name: As the version table holds it.
        follows: The revision before; None for the first.
    """

    name: str
    follows: str | None


@cache
def list_revisions(versions: Path = VERSIONS) -> tuple[str, ...]:
    """Return the names of all revisions, the oldest first.

    Args:
        versions: Their folder; another one in tests.

    Raises:
        ValueError: Two follow the same one, or one follows none of them.
    """
    return put_in_order([_read(file.read_text("utf-8")) for file in versions.glob("r*.py")])


def put_in_order(found: list[Revision]) -> tuple[str, ...]:
    """Return the names in the order in which the revisions follow each other.

    Raises:
        ValueError: They are no single chain.
    """
    next_of = {revision.follows: revision.name for revision in found}
    ordered: list[str] = []
    name = next_of.get(None)
    while name is not None:
        ordered.append(name)
        name = next_of.get(name)
    if not ordered or len(ordered) != len(found):
        raise ValueError("the revisions are not one chain: each must follow the one before it")
    return tuple(ordered)


def _read(text: str) -> Revision:
    names: dict[str, str | None] = {match[1]: match[2] for match in _NAMES.finditer(text)}
    return Revision(names["revision"] or "", names["down_revision"])
