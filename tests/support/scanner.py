"""Looks for secrets where none may be."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote


def spellings(secret: str) -> set[bytes]:
    """Return the ways a secret may stand somewhere: plain, URL-encoded, JSON-escaped, as bytes, as base64 of itself."""
    text = secret.encode()
    found = {text, quote(secret, safe="").encode(), text.replace(b"/", b"\\/"), base64.b64encode(text)}
    found |= {text.hex().encode(), base64.urlsafe_b64encode(text).rstrip(b"=")}
    try:
        raw = base64.b64decode(secret, validate=True)
    except binascii.Error:
        return found
    return found | {raw, raw.hex().encode()} if len(raw) == 16 else found


def find(secrets: Mapping[str, str], places: Iterable[tuple[str, bytes]]) -> list[str]:
    """Return where which secret stands, by its name."""
    wanted = [(name, form) for name, secret in secrets.items() for form in spellings(secret)]
    return [f"{name} in {place}" for place, data in places for name, form in wanted if form in data]


def files(folder: Path, pattern: str) -> list[tuple[str, bytes]]:
    """Return the files of a folder with their bytes."""
    return [(path.name, path.read_bytes()) for path in sorted(folder.glob(pattern))]
