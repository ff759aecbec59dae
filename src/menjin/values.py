"""The small values every room speaks in: ids, WeChat's names for things, and secrets."""

from __future__ import annotations

import hmac
import re
from datetime import datetime
from typing import NewType, NoReturn

AppId = NewType("AppId", str)
OpenId = NewType("OpenId", str)
UnionId = NewType("UnionId", str)
AccountId = NewType("AccountId", str)
IdentityId = NewType("IdentityId", str)
SessionId = NewType("SessionId", str)
ClientId = NewType("ClientId", str)

_APPID = re.compile(r"wx[0-9a-f]{16}")
_WECHAT_ID = re.compile(r"[A-Za-z0-9_-]{20,64}")
_OWN_ID = re.compile(r"[A-Za-z0-9_]{1,30}")
_LONGEST_EXTERNAL_ID = 128
_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"


class Secret:
    """A text that must not be seen: app_secret, session_key, session_token, password.

    `repr`, `str` and `format` hide it; pickling and copying through JSON fail. Equality takes the
    same time whatever differs.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself; call it only where the text is put to use."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('…')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


def parse_appid(text: str) -> AppId:
    """Return `text` as an appid.

    Raises:
        ValueError: It is not `wx` and 16 lower-case hex digits.
    """
    if not _APPID.fullmatch(text):
        raise ValueError("not an appid: wx and 16 lower-case hex digits")
    return AppId(text)


def parse_openid(text: str) -> OpenId:
    """Return `text` as an openid.

    The shape is checked before any query, since some collations fold case or trailing blanks.

    Raises:
        ValueError: It is not 20 to 64 characters of `A-Za-z0-9_-`.
    """
    if not _WECHAT_ID.fullmatch(text):
        raise ValueError("not an openid")
    return OpenId(text)


def parse_unionid(text: str) -> UnionId:
    """Return `text` as a unionid.

    Raises:
        ValueError: It is not 20 to 64 characters of `A-Za-z0-9_-`.
    """
    if not _WECHAT_ID.fullmatch(text):
        raise ValueError("not a unionid")
    return UnionId(text)


def is_wechat_id(text: str) -> bool:
    """Whether `text` can be an openid or unionid; no other reaches a query."""
    return _WECHAT_ID.fullmatch(text) is not None


def is_external_id(text: str) -> bool:
    """Whether `text` can be an id of the business's own system."""
    return 0 < len(text) <= _LONGEST_EXTERNAL_ID and text.isprintable() and text == text.strip()


def is_own_id(text: str) -> bool:
    """Whether `text` can be an id that `new_id` made; no other reaches a query, which MySQL may refuse."""
    return _OWN_ID.fullmatch(text) is not None


def parse_external_id(text: str) -> str:
    """Return `text` as an id of the business's own system.

    Raises:
        ValueError: It is not 1 to 128 printable characters without blanks at its ends, which MySQL would overlook.
    """
    if not is_external_id(text):
        raise ValueError("not an external_id: 1 to 128 printable characters, no blanks at its ends")
    return text


def new_id(prefix: str, now: datetime, entropy: bytes) -> str:
    """Make an id: `prefix`, then a UUIDv7 in 26 characters of lower-case Crockford base32.

    Ids made later sort later (by the millisecond), which keeps database indexes compact.

    Args:
        prefix: Four characters, such as `acc_`.
        now: Aware time.
        entropy: 10 random bytes.
    """
    milliseconds = int(now.timestamp() * 1000)
    tail = int.from_bytes(entropy[:10], "big")
    number = (milliseconds << 80) | tail
    number = (number & ~(0xF << 76)) | (0x7 << 76)  # version 7
    number = (number & ~(0x3 << 62)) | (0x2 << 62)  # RFC 9562 variant
    return prefix + "".join(_BASE32[(number >> shift) & 31] for shift in range(125, -1, -5))
