"""The session_token: `mjs_` and 256 random bits. Stores see its hash only.

Its first 128 bits are the session's handle and stay over a rotation; the rest is new each time. The hash
reads `slot hash`: the slot (of the handle alone) lets a store that spreads its keys keep all it knows of one
session in one place; the hash (of the whole token) is what must match.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field

from menjin.clock import Randomness
from menjin.errors import SessionInvalid
from menjin.values import Secret, is_like

_TOKEN = re.compile(r"mjs_[A-Za-z0-9_-]{43}")
_HANDLE_BYTES = 16
_SLOT_LENGTH = 32


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made: the text for the client, the hash for the store."""

    token: Secret
    token_hash: str = field(repr=False)


def make_token(randomness: Randomness, former: Secret | None = None) -> NewToken:
    """Make a token.

    Args:
        randomness: Where its bits come from.
        former: The token it replaces, whose handle it takes over.

    Raises:
        SessionInvalid: `former` is no token of ours by its form.
    """
    fresh = randomness.random_bytes(2 * _HANDLE_BYTES)
    handle = _decode(former)[:_HANDLE_BYTES] if former is not None else fresh[:_HANDLE_BYTES]
    data = handle + fresh[_HANDLE_BYTES:]
    text = "mjs_" + base64.urlsafe_b64encode(data).decode().rstrip("=")
    return NewToken(Secret(text), _hash(data))


def hash_token(token: Secret) -> str:
    """Return the hash a store knows the token by: 32 hex digits of slot, 64 of hash.

    Raises:
        SessionInvalid: It is no token of ours by its form; no store need be asked.
    """
    return _hash(_decode(token))


def read_slot(token_hash: str) -> str:
    """Return the slot of a hash: the same for all tokens of one session."""
    return token_hash[:_SLOT_LENGTH]


def _decode(token: Secret) -> bytes:
    text = token.reveal()
    if not is_like(_TOKEN, text):
        raise SessionInvalid
    data = base64.urlsafe_b64decode(text[4:] + "=")
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != text[4:]:  # spare bits set: another spelling
        raise SessionInvalid
    return data


def _hash(data: bytes) -> str:
    slot = hashlib.sha256(b"slot" + data[:_HANDLE_BYTES]).hexdigest()[:_SLOT_LENGTH]
    return slot + hashlib.sha256(b"token" + data).hexdigest()
