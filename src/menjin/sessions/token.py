"""The session_token: `mjs_` and 256 random bits. Stores see its SHA-256 only."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field

from menjin.clock import Randomness
from menjin.errors import SessionInvalid
from menjin.values import Secret

_TOKEN = re.compile(r"mjs_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made: the text for the client, the hash for the store."""

    token: Secret
    token_hash: str = field(repr=False)


def make_token(randomness: Randomness) -> NewToken:
    """Make a token."""
    text = "mjs_" + base64.urlsafe_b64encode(randomness.random_bytes(32)).decode().rstrip("=")
    return NewToken(Secret(text), _hash(text))


def hash_token(token: Secret) -> str:
    """Return the hash a store knows the token by.

    Raises:
        SessionInvalid: It is no token of ours by its form; no store need be asked.
    """
    text = token.reveal()
    if not _TOKEN.fullmatch(text):
        raise SessionInvalid
    return _hash(text)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
