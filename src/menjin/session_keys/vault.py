"""The vault port: seals a secret for a place, and opens it at that place only."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """Authenticated encryption with keys that can be rotated."""

    def seal(self, plaintext: bytes, place: str) -> str:
        """Return `plaintext` sealed for `place`, as printable ASCII.

        Args:
            plaintext: What is to be kept.
            place: Table, row and app; the sealed text opens nowhere else.
        """
        ...

    def open(self, sealed: str, place: str) -> bytes:
        """Return what `seal` was given.

        Raises:
            ValueError: Sealed for another place, by an unknown key, or changed.
        """
        ...
