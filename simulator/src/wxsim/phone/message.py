"""What wx.request makes of header and data before anything is sent.

Source: https://developers.weixin.qq.com/miniprogram/dev/api/network/request/wx.request.html
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec

FORM = "application/x-www-form-urlencoded"
# The runtime's own: a mini program sets them in vain.
NOT_TO_BE_SET = frozenset({"referer", "host", "content-length", "connection", "transfer-encoding", "upgrade"})
_encode = msgspec.json.encode


def headers_of(given: object) -> dict[str, str]:
    """Return header fields as they are sent: strings, without the runtime's own."""
    if not isinstance(given, dict):
        return {}
    fields: dict[str, str] = {}
    for name, value in given.items():
        lower = str(name).lower()
        if lower not in NOT_TO_BE_SET:
            fields[lower if lower == "content-type" else str(name)] = _field(value)
    return fields


def _field(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "[object Boolean]"
    if isinstance(value, int | float):
        return _encode(value).decode()
    return "[object Null]" if value is None else "[object Object]"


def with_query(url: str, data: object) -> str:
    """Return the URL with data laid behind it as query parameters."""
    pairs = _form(data) if isinstance(data, dict) else ""
    if not pairs:
        return url
    base, hash_, fragment = url.partition("#")
    joint = "" if base.endswith(("?", "&")) else "&" if "?" in base else "?"
    return f"{base}{joint}{pairs}{hash_}{fragment}"


def body_of(data: object, content_type: str) -> bytes:
    """Return data as a body: a string as it is, a form, or JSON."""
    if data is None:
        return b""
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, dict) and FORM in content_type:
        return _form(data).encode()
    return _encode(data)


def _form(data: dict[str, object]) -> str:
    return "&".join(f"{_escaped(name)}={_escaped(_shown(value))}" for name, value in data.items())


def _shown(value: object) -> str:
    return value if isinstance(value, str) else _encode(value).decode()


def _escaped(text: str) -> str:
    """Escape as encodeURIComponent does."""
    return quote(text, safe="!'()*~-_.")
