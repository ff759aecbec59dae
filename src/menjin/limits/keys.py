"""Names of counters: keyed hashes, so that a store of counters holds no address, person or username."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

from menjin.values import Secret


class KeyMaker:
    """Makes the names.

    Args:
        key: The same in every process that shares a store of counters.
    """

    def __init__(self, key: Secret) -> None:
        self._key = key.reveal().encode()

    def make(self, kind: str, *parts: str) -> str:
        """Return `kind:` and a hash of the parts, which cannot be confused with those of other parts."""
        text = "".join(f"{len(part)}:{part}" for part in (kind, *parts))
        digest = hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"{kind}:{digest.hexdigest()[:32]}"


def fold_name(username: str) -> str:
    """Return what usernames have in common that some directory may take for one.

    Case, width, accents and blanks are left out, as many a database's collation does: otherwise each spelling
    of a name would bring its attacker fresh attempts.
    """
    plain = unicodedata.normalize("NFKD", username)
    kept = (one for one in plain if not unicodedata.combining(one) and not one.isspace() and one.isprintable())
    return unicodedata.normalize("NFKC", "".join(kept).casefold())
