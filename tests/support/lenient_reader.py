"""CONTROL: a reader of encrypted data as many write it. Every attack must succeed against it somewhere.

It looks at the last byte of the padding only, decodes UTF-8 leniently, lets a later name win over an earlier
one, knows no schema, and asks the watermark for nothing but the appid, and only if told to.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from support.sealing import KEY, Sealed


def read_leniently(sealed: Sealed, *, key: str = KEY, appid: str | None = None) -> dict[str, Any] | None:
    """Return what comes out, or None if even this reader refuses."""
    reader = Cipher(algorithms.AES128(base64.b64decode(key)), modes.CBC(sealed.iv)).decryptor()
    padded = reader.update(sealed.data) + reader.finalize()
    text = padded[: -padded[-1] or None].decode("utf-8", errors="replace")
    try:
        found = json.loads(text, strict=False)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    if appid is not None and found.get("watermark", {}).get("appid") != appid:
        return None
    return found
