"""checksession and resetusersessionkey: is this the person's current session_key, and give them another.

One file for two, since they take the same question. The signature's key is the session_key's text.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_checksessionkey and
https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_resetusersessionkey
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from menjin.errors import AnswerUnreadable, WeChatError
from menjin.values import OpenId, Secret
from menjin.wechat.endpoints.jscode2session import read_session_key
from menjin.wechat.ports import HttpRequest, HttpResponse
from menjin.wechat.signature import sign_session
from menjin.wechat.wire import read_success

_DEAD = frozenset({87007, 87009})


def build(
    base_url: str, call: Literal["checksession", "resetusersessionkey"], openid: OpenId, session_key: Secret
) -> HttpRequest:
    """Return the request, without its access_token."""
    query = (("openid", openid), ("signature", sign_session(session_key)), ("sig_method", "hmac_sha256"))
    return HttpRequest("GET", f"{base_url}/wxa/{call}", query)


def read_check(response: HttpResponse, now: datetime) -> bool:
    """Return whether the key is the person's current one.

    87009 says no for a wrong, a replaced and an expired key alike.

    Raises:
        WeChatError: Another errcode.
        TransportError: The answer cannot be read.
    """
    try:
        read_success(response, now)
    except WeChatError as error:
        if error.errcode in _DEAD:
            return False
        raise
    return True


def read_reset(response: HttpResponse, openid: OpenId, now: datetime) -> Secret | None:
    """Return the person's new session_key; None if the key that asked was dead already.

    Raises:
        WeChatError: Another errcode.
        TransportError: The answer cannot be read, or speaks of somebody else.
    """
    try:
        answer = read_success(response, now)
    except WeChatError as error:
        if error.errcode in _DEAD:
            return None
        raise
    try:
        key = read_session_key(answer.get("session_key"))
    except (TypeError, ValueError):
        key = None
    if key is None or answer.get("openid") != openid:
        raise AnswerUnreadable
    return key
