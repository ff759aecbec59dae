"""WeChat's errcode and errmsg for an error of ours, as clients of the old protocols expect them.

The texts are fixed: WeChat's own may name an address of the server.
"""

from __future__ import annotations

from menjin.errors import LoginCodeInvalid, LoginCodeUsed, MenjinError, TransportError, WeChatError
from menjin.wechat.errcodes import ERRCODES

_INVALID = {"errcode": 40029, "errmsg": "invalid code"}
_USED = {"errcode": 40163, "errmsg": "code been used"}
_BUSY = {"errcode": -1, "errmsg": "system error"}


def to_detail(error: MenjinError) -> dict[str, object] | None:
    """Return the object WeChat would have answered; None if the error says nothing of a code's exchange."""
    if isinstance(error, LoginCodeUsed):
        return dict(_USED)
    if isinstance(error, LoginCodeInvalid):
        return dict(_INVALID)
    if isinstance(error, WeChatError):
        row = ERRCODES.get(error.errcode)
        rid = f", rid: {error.rid}" if error.rid else ""
        return {"errcode": error.errcode, "errmsg": (row.meaning if row else "unknown") + rid}
    if isinstance(error, TransportError):
        return dict(_BUSY)
    return None
