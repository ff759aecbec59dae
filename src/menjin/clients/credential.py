"""The credential of a service client: `mjc_` and 256 random bits. What stores and configuration hold is its hash.

A plain SHA-256 is enough: nobody tries out 256 random bits.
"""

from __future__ import annotations

import base64
import hashlib
import re

from menjin.clock import Randomness
from menjin.errors import ClientInvalid
from menjin.values import Secret

_CREDENTIAL = re.compile(r"mjc_[A-Za-z0-9_-]{43}")
_HASH = re.compile(r"[0-9a-f]{64}")
_BYTES = 32


def make_credential(randomness: Randomness) -> Secret:
    """Make a credential nobody can guess."""
    return Secret("mjc_" + base64.urlsafe_b64encode(randomness.random_bytes(_BYTES)).decode().rstrip("="))


def hash_credential(credential: Secret) -> str:
    """Return what a store knows the credential by: 64 hex digits.

    Raises:
        ClientInvalid: It is none of ours by its form; no store need be asked.
    """
    text = credential.reveal()
    if not _CREDENTIAL.fullmatch(text):
        raise ClientInvalid
    return hashlib.sha256(text.encode()).hexdigest()


def is_credential_hash(text: str) -> bool:
    """Whether `text` can be what `hash_credential` gives."""
    return _HASH.fullmatch(text) is not None
