"""A keyring of one person in one app."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from menjin.values import Secret


@dataclass(frozen=True, slots=True)
class HeldKey:
    """One session_key.

    Attributes:
        began_at: When *our* exchange request began; it orders the keys, since answers may arrive out of order.
    """

    key: Secret
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Keyring:
    """The current key and the one before, which still opens what was encrypted a moment ago.

    Attributes:
        previous_until: When the previous key stops being tried.
    """

    current: HeldKey
    previous: HeldKey | None = field(default=None)
    previous_until: datetime | None = None
