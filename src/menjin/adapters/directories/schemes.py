"""How passwords are kept: argon2id (ours), and those of other systems that are only verified.

| a hash begins with | scheme | needs |
|---|---|---|
| `$argon2id$` `$argon2i$` `$argon2d$` | Argon2 (RFC 9106) | `menjin[local]` |
| `argon2$argon2id$` | the same, as Django writes it | `menjin[local]` |
| `pbkdf2_sha256$` | PBKDF2-SHA256, as Django writes it | nothing |
| `$2a$` `$2b$` `$2y$` | bcrypt; it looks at the first 72 bytes only | `menjin[local]` |

Whatever a hash asks for is bounded: a row cannot make one look at a password cost minutes or gigabytes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Protocol

from menjin.clock import Randomness

_ARGON2 = re.compile(
    r"\$argon2(id|i|d)\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,171})"
)
_PBKDF2 = re.compile(r"pbkdf2_sha256\$(\d{1,8})\$([^$]{1,64})\$([A-Za-z0-9+/]{43}=)")
_BCRYPT = re.compile(r"(\$2[aby]\$(\d\d)\$)([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})")
_DJANGO_ARGON2 = "argon2"
_MOST_KIBIBYTES = 1024 * 1024
_MOST_ROUNDS = 10
_MOST_ITERATIONS = 5_000_000
_MOST_COST = 15
_BCRYPT_BYTES = 72
# OWASP's and RFC 9106's advice for a server that many ask at once: 19 MiB, two passes; some 20 ms.
_MEMORY_KIBIBYTES = 19 * 1024
_TIME_COST = 2
_PARALLELISM = 1
_SALT_BYTES = 16
_HASH_BYTES = 32


class SchemeUnknown(ValueError):
    """A kept hash is of no scheme known here, or asks for more than is allowed."""


class Hasher(Protocol):
    """Makes and verifies kept hashes; each call blocks for the length of its work."""

    def hash(self, password: bytes) -> str:
        """Return a fresh hash, salted."""
        ...

    def verify(self, kept: str, password: bytes) -> bool:
        """Whether a password is the one of a kept hash.

        Raises:
            SchemeUnknown: The hash cannot be read.
        """
        ...

    def like(self, kept: str | None) -> str:
        """Return a hash of nobody's password, as costly to verify as `kept`, or as a fresh one."""
        ...


@dataclass(frozen=True, slots=True)
class Schemes:
    """Every scheme of the table above."""

    randomness: Randomness

    def hash(self, password: bytes) -> str:
        """Return a fresh argon2id hash."""
        from argon2 import Type, low_level  # noqa: PLC0415 - of an extra

        return low_level.hash_secret(
            password,
            self.randomness.random_bytes(_SALT_BYTES),
            _TIME_COST,
            _MEMORY_KIBIBYTES,
            _PARALLELISM,
            _HASH_BYTES,
            Type.ID,
        ).decode("ascii")

    def verify(self, kept: str, password: bytes) -> bool:
        """Whether a password is the one of a kept hash.

        Raises:
            SchemeUnknown: The hash cannot be read, or asks for too much.
        """
        kept = kept.removeprefix(_DJANGO_ARGON2) if kept.startswith(f"{_DJANGO_ARGON2}$") else kept
        if found := _ARGON2.fullmatch(kept):
            return _verify_argon2(found, kept, password)
        if found := _PBKDF2.fullmatch(kept):
            return _verify_pbkdf2(found, password)
        if found := _BCRYPT.fullmatch(kept):
            return _verify_bcrypt(found, kept, password)
        raise SchemeUnknown("a kept password hash is of no known scheme")

    def like(self, kept: str | None) -> str:
        """Return a hash of nobody's password, as costly to verify as `kept`, or as a fresh one."""
        text = (kept or "").removeprefix(_DJANGO_ARGON2)
        if found := _PBKDF2.fullmatch(text):
            return f"pbkdf2_sha256${found[1]}${found[2]}${self._noise(32).decode()}"
        if found := _BCRYPT.fullmatch(text):
            noise = self._noise(24).decode().replace("+", ".")[:31]
            return f"{found[1]}{found[3]}{noise}"
        noise = self._noise(_HASH_BYTES).decode().rstrip("=")
        if found := _ARGON2.fullmatch(text):
            noise = self._noise(len(found[6]) * 3 // 4).decode().rstrip("=")
            return f"$argon2{found[1]}$v=19$m={found[2]},t={found[3]},p={found[4]}${found[5]}${noise}"
        salt = self._noise(_SALT_BYTES).decode().rstrip("=")
        return f"$argon2id$v=19$m={_MEMORY_KIBIBYTES},t={_TIME_COST},p={_PARALLELISM}${salt}${noise}"

    def _noise(self, count: int) -> bytes:
        return base64.b64encode(self.randomness.random_bytes(count))


def _verify_argon2(found: re.Match[str], kept: str, password: bytes) -> bool:
    if int(found[2]) > _MOST_KIBIBYTES or int(found[3]) > _MOST_ROUNDS:
        raise SchemeUnknown("a kept password hash asks for too much")
    from argon2 import Type, low_level  # noqa: PLC0415 - of an extra
    from argon2.exceptions import VerificationError, VerifyMismatchError  # noqa: PLC0415 - the same

    kind = {"id": Type.ID, "i": Type.I, "d": Type.D}[found[1]]
    try:
        return low_level.verify_secret(kept.encode("ascii"), password, kind)
    except VerifyMismatchError:
        return False
    except VerificationError as error:
        raise SchemeUnknown("a kept password hash cannot be read") from error


def _verify_pbkdf2(found: re.Match[str], password: bytes) -> bool:
    iterations = int(found[1])
    if not 0 < iterations <= _MOST_ITERATIONS:
        raise SchemeUnknown("a kept password hash asks for too much")
    made = hashlib.pbkdf2_hmac("sha256", password, found[2].encode(), iterations)
    return hmac.compare_digest(base64.b64encode(made).decode(), found[3])


def _verify_bcrypt(found: re.Match[str], kept: str, password: bytes) -> bool:
    if int(found[2]) > _MOST_COST:
        raise SchemeUnknown("a kept password hash asks for too much")
    import bcrypt  # noqa: PLC0415 - of an extra

    return bcrypt.checkpw(password[:_BCRYPT_BYTES], kept.encode("ascii"))
