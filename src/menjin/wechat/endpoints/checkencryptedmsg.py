"""checkencryptedmsg: did WeChat itself make this ciphertext? Phone data of the last three days only.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/basic-info/api_checkencrypteddata
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from menjin.errors import AnswerUnreadable, WeChatError
from menjin.wechat.ports import HttpRequest, HttpResponse
from menjin.wechat.signature import hash_encrypted_data
from menjin.wechat.wire import read_success

_UNKNOWN_DATA = 1


@dataclass(frozen=True, slots=True)
class Vouched:
    """WeChat's word on a ciphertext.

    Attributes:
        created_at: When WeChat made it; None where it does not vouch.
    """

    is_genuine: bool
    created_at: datetime | None = None


def build(base_url: str, encrypted_data: str) -> HttpRequest:
    """Return the request, without its access_token; the base64 text is hashed, not the bytes."""
    body = msgspec.json.encode({"encrypted_msg_hash": hash_encrypted_data(encrypted_data)})
    return HttpRequest("POST", f"{base_url}/wxa/business/checkencryptedmsg", body=body)


def read(response: HttpResponse, now: datetime) -> Vouched:
    """Return WeChat's word.

    The field is spelt `vaild` in WeChat's documentation; both spellings are read.

    Raises:
        WeChatError: An errcode other than "no such data".
        TransportError: The answer cannot be read.
    """
    try:
        answer = read_success(response, now)
    except WeChatError as error:
        if error.errcode == _UNKNOWN_DATA:
            return Vouched(is_genuine=False)
        raise
    genuine, created = answer.get("vaild", answer.get("valid")), answer.get("create_time")
    if not isinstance(genuine, bool):
        raise AnswerUnreadable
    if not genuine:
        return Vouched(is_genuine=False)
    if not isinstance(created, int) or isinstance(created, bool) or not 0 <= created < 2**33:
        raise AnswerUnreadable
    return Vouched(is_genuine=True, created_at=datetime.fromtimestamp(created, UTC))
