"""What may still be tried with a key, and what was tried with a ciphertext.

CBC without a MAC yields to whoever may try often enough. So each key bears five failures, counted by a hash
of the key itself: a new login that is handed the same key again starts no new count. And each ciphertext is
opened once per person: the same session that repeats it within ten minutes gets the same answer and spends
nothing, any other use is refused.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from menjin.values import AppId, OpenId, Secret, SessionId

FAILURES_AT_MOST = 5
REPEATABLE = timedelta(minutes=10)
USES_KEPT = timedelta(hours=1)
COUNTS_KEPT = timedelta(days=30)  # and for as long as the keyring holds the key
RESET_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Use:
    """What became of a ciphertext.

    Attributes:
        session_id: Whose request it was.
        form: Hash of everything that came with the ciphertext: kind and iv.
        used_at: When.
        payload: What came out; None if it did not open.
    """

    session_id: SessionId
    form: str
    used_at: datetime
    payload: Mapping[str, Any] | None = field(repr=False)


class CountedKey(NamedTuple):
    """A key whose failures are counted, by the name they are counted under."""

    appid: AppId
    openid: OpenId
    key_mac: str


class AttemptStore(Protocol):
    """Counts and remembers. Every method raises StoreUnavailable when it cannot be asked."""

    async def begin(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime) -> int:
        """Count one attempt with a key; return the count, or 0 without counting if it is spent."""
        ...

    async def refund(self, appid: AppId, openid: OpenId, key_mac: str) -> None:
        """Take one attempt back: it succeeded. A count of none is not kept."""
        ...

    async def list_untouched(self, before: datetime, most: int) -> Sequence[CountedKey]:
        """Return keys last counted or kept before `before`, the oldest first."""
        ...

    async def forget(self, key: CountedKey, before: datetime) -> None:
        """Forget the count of a key, unless it was touched since `before`."""
        ...

    async def keep(self, key: CountedKey, now: datetime) -> None:
        """Keep the count of a key as if it had been touched now."""
        ...

    async def begin_reset(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime, before: datetime) -> bool:
        """Note that a spent key's replacement is asked for now.

        False if the key is not spent, or a replacement was asked for this person after `before`: whoever could have
        a new key at will would have a new budget at will.
        """
        ...

    async def find_use(self, appid: AppId, openid: OpenId, digest: str) -> Use | None:
        """Return what became of a ciphertext."""
        ...

    async def keep_use(self, appid: AppId, openid: OpenId, digest: str, use: Use) -> None:
        """Remember it, unless it is remembered already."""
        ...

    async def purge_uses(self, before: datetime) -> int:
        """Forget uses older than `before`; return how many."""
        ...


def mac_key(key: Secret) -> str:
    """Return the name a key's failures are counted under: an HMAC keyed with the key itself."""
    return hmac.new(key.reveal().encode(), b"menjin failure budget", hashlib.sha256).hexdigest()


def digest_form(*parts: str) -> str:
    """Return a hash of what came with a ciphertext, part by part."""
    hashes = b"".join(hashlib.sha256(part.encode()).digest() for part in parts)
    return hashlib.sha256(hashes).hexdigest()


def is_repetition(use: Use, session_id: SessionId, form: str, now: datetime) -> bool:
    """Whether the same session asks the same thing again soon enough."""
    return use.session_id == session_id and use.form == form and now - use.used_at < REPEATABLE
