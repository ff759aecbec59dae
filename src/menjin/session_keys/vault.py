"""The vault port: seals a secret for a place, and opens it at that place only."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """Authenticated encryption with keys that can be rotated."""

    @property
    def active(self) -> str:
        """Id of the key that seals."""
        ...

    @property
    def key_ids(self) -> frozenset[str]:
        """Ids of the keys that open."""
        ...

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


def read_key_id(sealed: str) -> str:
    """Return the id of the key that sealed a text: what stands before its first full stop."""
    return sealed.partition(".")[0]
