"""All that looks random in the simulator, made from a seed and a counter.

The same calls give the same codes, keys and openids. Every draw is counted per
kind and owner, so that what one person does never changes another's values.
"""

from __future__ import annotations

import base64
import hashlib
import string

_WORD = string.digits + string.ascii_letters
_URL = _WORD + "-_"
_WORDS = bytes(ord(_WORD[byte % len(_WORD)]) for byte in range(256))
_URLS = bytes(ord(_URL[byte % len(_URL)]) for byte in range(256))


class Dice:
    """Deterministic values by seed."""

    def __init__(self, seed: int) -> None:
        """Begin with a seed; equal seeds make equal worlds."""
        self.seed = seed
        self.counts: dict[str, int] = {}
        self._key = hashlib.blake2b(str(seed).encode(), digest_size=32).digest()

    def fixed(self, *names: str) -> bytes:
        """Return 64 bytes that depend on the seed and the names alone."""
        return hashlib.blake2b("|".join(names).encode(), key=self._key).digest()

    def draw(self, *names: str) -> bytes:
        """Return the next 64 bytes of the sequence called by these names."""
        name = "|".join(names)
        count = self.counts.get(name, 0) + 1
        self.counts[name] = count
        return hashlib.blake2b(f"{name}|{count}".encode(), key=self._key).digest()

    def word(self, length: int, *names: str) -> str:
        """Return ``length`` (at most 64) letters and digits."""
        return self.draw(*names)[:length].translate(_WORDS).decode()

    def hexadecimal(self, length: int, *names: str) -> str:
        """Return ``length`` (at most 128) lower-case hex digits."""
        return self.draw(*names).hex()[:length]

    def key(self, *names: str) -> str:
        """Return 16 bytes in base64, the shape of a session_key."""
        return base64.b64encode(self.draw(*names)[:16]).decode()

    def share(self, *names: str) -> float:
        """Return a number from 0 up to, not including, 1."""
        return int.from_bytes(self.draw(*names)[:6]) / 2**48

    def long_word(self, length: int, *names: str) -> str:
        """Return ``length`` characters of the URL alphabet, of any length."""
        blocks = -(-length // 64)
        return b"".join(self.draw(*names) for _ in range(blocks))[:length].translate(_URLS).decode()

    def public_id(self, first: str, *names: str) -> str:
        """Return a lasting id of 28 characters that begins with ``first``."""
        return first + self.fixed(*names)[:27].translate(_URLS).decode()
