"""What `menjin doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        check: Which kind of look: database, schema, collation, charset, vault, redis.
        subject: What was looked at, such as `identities.openid`.
        en: What is the case.
        zh: The same.
        next: What to do, in both languages; empty if nothing is to be done.
    """

    check: str
    level: Level
    subject: str
    en: str
    zh: str
    next: str = ""
