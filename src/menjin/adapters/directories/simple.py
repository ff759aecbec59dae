"""The directory port: a Python callable, or a fixed table in memory."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping

from menjin.accounts.directory import Member
from menjin.adapters.directories.names import to_member
from menjin.bridge import settle
from menjin.clock import Randomness, SystemRandomness
from menjin.values import Secret

Verify = Callable[[str, str], "str | Awaitable[str | None] | None"]


class CallableDirectory:
    """Asks a function of the business: `verify(username, password)` returns the member's id or None.

    Args:
        verify: Plain or async; a plain one must not block for long under an event loop.
    """

    def __init__(self, verify: Verify) -> None:
        self._verify = verify

    async def verify_password(self, username: str, password: Secret) -> Member | None:
        """Return the member, or None."""
        external_id = await settle(self._verify(username, password.reveal()))
        return to_member(external_id) if external_id is not None else None


class MemoryDirectory:
    """A fixed table of members, for demos and tests; passwords are kept as scrypt hashes.

    Args:
        members: Password by username; the username is the external_id too.
    """

    def __init__(self, members: Mapping[str, str], randomness: Randomness | None = None) -> None:
        self._salt = (randomness or SystemRandomness()).random_bytes(16)
        self._hashes = {name: self._hash(password) for name, password in members.items()}
        self._nobody = self._hash("")

    async def verify_password(self, username: str, password: Secret) -> Member | None:
        """Return the member, or None; an unknown name costs the same work as a wrong password."""
        known = self._hashes.get(username)
        same = hmac.compare_digest(self._hash(password.reveal()), known or self._nobody)
        return Member(username) if known is not None and same else None

    def _hash(self, password: str) -> bytes:
        return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=self._salt, n=2**12, r=8, p=1)
