"""Names and sealed texts under a bearer (a code or a skey): who holds the bearer opens, a store cannot.

The name is a SHA-256, the sealing key an HKDF of the bearer; both are bound to protocol and app.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from menjin.clock import Randomness
from menjin.values import Secret

_LOG = logging.getLogger("menjin.legacy")
_NONCE_BYTES = 12


class Seals:
    """Names and seals for one protocol of one app."""

    def __init__(self, protocol: str, appid: str, randomness: Randomness) -> None:
        self._place = f"menjin/legacy/{protocol}/{appid}/".encode()
        self._randomness = randomness

    def name(self, bearer: Secret) -> str:
        """Return what a store knows the bearer by: 64 hex digits."""
        return hashlib.sha256(self._place + b"name/" + bearer.reveal().encode()).hexdigest()

    def seal(self, bearer: Secret, content: Mapping[str, Any]) -> str:
        """Return `content` sealed under the bearer."""
        nonce = self._randomness.random_bytes(_NONCE_BYTES)
        sealed = self._cipher(bearer).encrypt(nonce, msgspec.json.encode(content), self._place)
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, bearer: Secret, sealed: str) -> dict[str, Any] | None:
        """Return what was sealed; None, and a line in the log, if it was sealed elsewhere or changed."""
        try:
            data = base64.urlsafe_b64decode(sealed)
            plain = self._cipher(bearer).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], self._place)
        except (binascii.Error, ValueError, InvalidTag):
            _LOG.error("a legacy entry does not open: swapped or changed in the store")
            return None
        return msgspec.json.decode(plain, type=dict[str, Any])

    def _cipher(self, bearer: Secret) -> AESGCM:
        key = HKDF(SHA256(), 32, salt=None, info=self._place + b"seal")
        return AESGCM(key.derive(bearer.reveal().encode()))


def digest(*texts: str) -> str:
    """Return one hash of several texts; moving a letter from one to the next changes it."""
    parts = b"".join(hashlib.sha256(text.encode()).digest() for text in texts)
    return hashlib.sha256(parts).hexdigest()
