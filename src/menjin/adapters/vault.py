"""The vault port on AES-256-GCM, with a ring of named keys."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from menjin.clock import Randomness, SystemRandomness
from menjin.errors import ConfigurationError, Fault
from menjin.values import Secret

_NONCE_BYTES = 12
_KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,16}")


def new_vault_key(randomness: Randomness | None = None) -> Secret:
    """Return a fresh vault key: base64 of 32 bytes."""
    source = randomness or SystemRandomness()
    return Secret(base64.b64encode(source.random_bytes(_KEY_BYTES)).decode())


class AesGcmVault:
    """Seals with the active key, opens with any key of the ring.

    A sealed text reads `key id . base64url(nonce, ciphertext, tag)`; the place is associated data.

    Args:
        active: Id of the key that seals.
        keys: Base64 of 32 bytes by key id (1 to 16 characters of `A-Za-z0-9_-`).

    Raises:
        ConfigurationError: A key or an id is malformed, or the active one is missing.
    """

    def __init__(self, active: str, keys: Mapping[str, Secret], randomness: Randomness | None = None) -> None:
        faults = [
            Fault(f"vault.keys.{name}", problem) for name, key in keys.items() if (problem := _problem(name, key))
        ]
        if active not in keys:
            faults.append(Fault("vault.active", "names no key of vault.keys 不在 vault.keys 之中"))
        if faults:
            raise ConfigurationError(faults)
        self._active = active
        self._ciphers = {name: AESGCM(base64.b64decode(key.reveal())) for name, key in keys.items()}
        self._randomness = randomness or SystemRandomness()

    @property
    def active(self) -> str:
        """Id of the key that seals."""
        return self._active

    @property
    def key_ids(self) -> frozenset[str]:
        """Ids of the keys that open."""
        return frozenset(self._ciphers)

    def seal(self, plaintext: bytes, place: str) -> str:
        """Return `plaintext` sealed for `place`."""
        nonce = self._randomness.random_bytes(_NONCE_BYTES)
        sealed = nonce + self._ciphers[self._active].encrypt(nonce, plaintext, place.encode())
        return f"{self._active}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, place: str) -> bytes:
        """Return what was sealed.

        Raises:
            ValueError: Sealed for another place, by an unknown key, or changed.
        """
        name, _, text = sealed.partition(".")
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise ValueError("sealed by a key that is not in the ring")
        try:
            data = base64.b64decode(text, altchars=b"-_", validate=True)
            return cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], place.encode())
        except (binascii.Error, InvalidTag):
            raise ValueError("not sealed for this place, or changed") from None


def _problem(name: str, key: Secret) -> str | None:
    if not _KEY_ID.fullmatch(name):
        return "a key id is 1 to 16 characters of A-Za-z0-9_- 密钥名格式不对"
    try:
        length = len(base64.b64decode(key.reveal(), validate=True))
    except ValueError:
        length = 0
    return (
        None
        if length == _KEY_BYTES
        else "not base64 of 32 bytes; `menjin keys new` makes one 密钥不是 32 字节的 base64"
    )
