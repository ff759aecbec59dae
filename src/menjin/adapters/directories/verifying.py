"""A password against a kept hash, off the event loop, and alike for names nobody has."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from menjin.adapters.directories.schemes import Hasher, SchemeUnknown
from menjin.errors import StoreUnavailable

_LOG = logging.getLogger("menjin.directory")
_AT_ONCE = 2  # each takes a core and 19 MiB; who comes later waits


class Verifier:
    """Verifies passwords.

    Args:
        hasher: Knows the schemes.
        blocking: Whether callers have no event loop to keep free.
    """

    def __init__(self, hasher: Hasher, *, blocking: bool) -> None:
        self._hasher = hasher
        self._pool = None if blocking else ThreadPoolExecutor(_AT_ONCE, "menjin-passwords")
        self._last: str | None = None

    async def is_right(self, kept: str | None, password: bytes | None) -> bool:
        """Whether a password is the kept one; for a name nobody has (None), the same work and False.

        Args:
            kept: The hash; None for nobody.
            password: None if nobody can have it.

        Raises:
            StoreUnavailable: The hash cannot be read.
        """
        hashed = kept if kept is not None else self._hasher.like(self._last)
        if kept is not None:
            self._last = kept  # what the next unknown name costs
        same = await self._run(hashed, password if password is not None else b"\0")
        return same and kept is not None and password is not None

    async def _run(self, hashed: str, password: bytes) -> bool:
        try:
            if self._pool is None:
                return self._hasher.verify(hashed, password)
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._hasher.verify, hashed, password)
        except SchemeUnknown as error:
            _LOG.error("%s", error)
        except ImportError:
            _LOG.error("verifying this password hash needs pip install 'menjin[local]'")
        raise StoreUnavailable

    async def hash(self, password: bytes) -> str:
        """Return a fresh hash."""
        if self._pool is None:
            return self._hasher.hash(password)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._hasher.hash, password)

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=False)
