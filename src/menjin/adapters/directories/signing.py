"""The signature of the directory webhook: that of Standard Webhooks (standardwebhooks.com), so every language has it.

webhook-id          msg_ and 32 hex digits, new for every request
webhook-timestamp   seconds since 1970
webhook-signature   v1,<base64 of HMAC-SHA256(key, "{id}.{timestamp}.{body}")>, for each key, blanks between
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from menjin.values import Secret

TOLERANCE = timedelta(minutes=5)
_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def read_key(text: Secret) -> bytes:
    """Return the bytes of a key: base64 of 24 to 64 bytes, with or without `whsec_`.

    Raises:
        ValueError: It is not.
    """
    try:
        key = base64.b64decode(text.reveal().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError("the key is base64 of 24 to 64 bytes, such as `menjin keys new` prints")
    return key


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a request, signed by each key."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_mac(key, signed)}" for key in keys),
    }


def is_signed(key: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether a request is from who holds the key, and lately: what a webhook's receiver asks first.

    It then refuses a `webhook-id` that it saw in the last five minutes.

    Args:
        key: From `read_key`.
        headers: By lower-case name.
        body: As it came, byte by byte.
        now: The receiver's time.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # noqa: PLR2004 - digits of a year in which nobody asks
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        return False
    good = f"v1,{_mac(key, f'{message_id}.{timestamp}.'.encode() + body)}"
    shown = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(good.encode(), one.encode("utf-8", "replace")) for one in shown)


def _mac(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
