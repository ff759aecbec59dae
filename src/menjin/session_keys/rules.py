"""When a key becomes current, and which keys may be tried. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from menjin.session_keys.model import HeldKey, Keyring
from menjin.values import Secret

PREVIOUS_KEPT = timedelta(minutes=10)


def accept(ring: Keyring | None, new: HeldKey, now: datetime) -> Keyring:
    """Return the keyring after an exchange that began at `new.began_at`.

    A late answer never replaces a newer key; it may become the previous one. The same key again only
    moves the current key's beginning.
    """
    if ring is None:
        return Keyring(new)
    if new.key == ring.current.key:
        latest = max(new.began_at, ring.current.began_at)
        return Keyring(HeldKey(new.key, latest), ring.previous, ring.previous_until)
    until = now + PREVIOUS_KEPT
    if new.began_at >= ring.current.began_at:
        return Keyring(new, ring.current, until)
    if ring.previous is None or new.began_at > ring.previous.began_at:
        return Keyring(ring.current, new, until)
    return ring


def usable(ring: Keyring | None, now: datetime) -> tuple[Secret, ...]:
    """Return the keys to try, the current one first."""
    if ring is None:
        return ()
    if ring.previous is None or ring.previous_until is None or now >= ring.previous_until:
        return (ring.current.key,)
    return (ring.current.key, ring.previous.key)
