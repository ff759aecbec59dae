"""The shape of what goes to a directory and comes from it, checked before any query."""

from __future__ import annotations

import logging
import re
import unicodedata

from menjin.accounts.directory import Member
from menjin.errors import StoreUnavailable
from menjin.values import parse_external_id

_LOG = logging.getLogger("menjin.directory")
_LONGEST_NAME = 128
_LONGEST_PASSWORD = 1024
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


def read_username(text: str) -> str | None:
    """Return a name as it is compared, in Unicode's composed form; None if nobody can have it.

    Nobody has one with control characters, with blanks at its ends, or of over 128 characters.
    """
    name = unicodedata.normalize("NFC", text)
    whole = name.isprintable() and name == name.strip()
    return name if whole and 0 < len(name) <= _LONGEST_NAME else None


def read_password(text: str) -> bytes | None:
    """Return a password's bytes, in Unicode's composed form (RFC 8265); None if nobody can have it."""
    try:
        encoded = unicodedata.normalize("NFC", text).encode("utf-8")
    except UnicodeEncodeError:
        return None
    return encoded if 0 < len(encoded) <= _LONGEST_PASSWORD and b"\0" not in encoded else None


def read_phone(text: str) -> str | None:
    """Return an E.164 number; None if it is none."""
    return text if _PHONE.fullmatch(text) else None


def to_member(external_id: object) -> Member:
    """Return the member a directory names.

    Raises:
        StoreUnavailable: No id can look so: the directory is not to be relied on.
    """
    try:
        return Member(parse_external_id(str(external_id)))
    except ValueError:
        _LOG.error("the directory gave an id of impossible shape")
    raise StoreUnavailable
