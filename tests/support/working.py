"""A hasher that notes the work it is asked for."""

from __future__ import annotations

import re

from menjin.adapters.directories.schemes import Schemes
from menjin.clock import SystemRandomness

_COSTS = re.compile(r"\$argon2id\$v=19\$(m=\d+,t=\d+,p=\d+)\$|pbkdf2_sha256\$(\d+)\$|\$2[aby]\$(\d\d)\$")


class NotingHasher:
    """Works as `Schemes`, and keeps a list of what each look at a password cost."""

    def __init__(self) -> None:
        self._schemes = Schemes(SystemRandomness())
        self.work: list[str] = []

    def hash(self, password: bytes) -> str:
        """Return a fresh hash."""
        return self._schemes.hash(password)

    def verify(self, kept: str, password: bytes) -> bool:
        """Whether it is the one; noted."""
        found = _COSTS.match(kept)
        self.work.append(next(filter(None, found.groups())) if found else "nothing")
        return self._schemes.verify(kept, password)

    def like(self, kept: str | None) -> str:
        """Return a hash as costly as another."""
        return self._schemes.like(kept)


class LazyHasher(NotingHasher):
    """The broken variant: for nobody there is nothing to do."""

    def like(self, kept: str | None) -> str:  # noqa: ARG002 - the port's
        """Return a hash that costs next to nothing."""
        return "pbkdf2_sha256$1$salt$" + "A" * 43 + "="
