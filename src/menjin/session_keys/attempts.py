"""What may still be tried with a key, and what was tried with a ciphertext.

CBC without a MAC yields to whoever may try often enough. So each key bears five failures, counted by a hash
of the key itself: a new login that is handed the same key again starts no new count. And each ciphertext is
opened once per person: the same session that repeats it within ten minutes gets the same answer and spends
nothing, any other use is refused.

Requests overlap. An attempt is counted before it is made, so that many at once cannot outrun the count, and is in
flight until what came of it is noted: a key with attempts in flight is not spent yet. A ciphertext is claimed before
it is tried. Whoever holds an attempt or a claim for longer than `IN_FLIGHT_AT_MOST` is taken for dead: the attempt
counts as failed, the claim is anybody's.
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
IN_FLIGHT_AT_MOST = timedelta(seconds=5)


class StillInFlightError(Exception):
    """Another request is at it: nothing was tried, and a moment later there is an answer. Never leaves the library."""


@dataclass(frozen=True, slots=True)
class Use:
    """What became of a ciphertext.

    Attributes:
        session_id: Whose request it was.
        form: Hash of everything that came with the ciphertext: kind and iv.
        used_at: When it was claimed.
        payload: What came out; None if it did not open, or is being tried.
        is_pending: Whether it is being tried: nobody was answered yet.
    """

    session_id: SessionId
    form: str
    used_at: datetime
    payload: Mapping[str, Any] | None = field(repr=False)
    is_pending: bool = False


class CountedKey(NamedTuple):
    """A key whose failures are counted, by the name they are counted under."""

    appid: AppId
    openid: OpenId
    key_mac: str


class AttemptStore(Protocol):
    """Counts and remembers. Every method raises StoreUnavailable when it cannot be asked."""

    async def begin(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime) -> int:
        """Count one attempt with a key, in flight from now; return the count, or 0 without counting if it is spent.

        Raises:
            StillInFlightError: There is none left, but not all have failed yet; nothing was counted.
        """
        ...

    async def refund(self, appid: AppId, openid: OpenId, key_mac: str) -> None:
        """Take one attempt back: it succeeded, or was not made. A count of none is not kept."""
        ...

    async def note_failure(self, appid: AppId, openid: OpenId, key_mac: str) -> None:
        """Note that one attempt is over, and failed: it stays counted."""
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

    async def claim_use(self, appid: AppId, openid: OpenId, digest: str, use: Use, instead_of: Use | None) -> bool:
        """Remember a pending use of a ciphertext, unless one is remembered already.

        Args:
            appid: The app.
            openid: The person.
            digest: Which ciphertext.
            use: Pending.
            instead_of: A pending one whose holder is taken for dead; it may be replaced, if it is that one still.
        """
        ...

    async def answer_use(self, appid: AppId, openid: OpenId, digest: str, use: Use) -> bool:
        """Say what came of a claimed ciphertext; False, and nothing is remembered, if the claim is another's by now.

        Args:
            appid: The app.
            openid: The person.
            digest: Which ciphertext.
            use: As it was claimed, but with what came out, and pending no more.
        """
        ...

    async def release_use(self, appid: AppId, openid: OpenId, digest: str, use: Use) -> None:
        """Forget a claim, as it was claimed: nothing was tried, or nothing is known of it."""
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


def is_abandoned(use: Use, now: datetime) -> bool:
    """Whether a pending use's holder is taken for dead."""
    return use.is_pending and now - use.used_at >= IN_FLIGHT_AT_MOST
