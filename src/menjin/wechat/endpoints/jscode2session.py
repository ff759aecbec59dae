"""code2Session: a login_code becomes openid, session_key and, where there is one, unionid.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

from menjin.errors import AnswerUnreadable
from menjin.values import AppId, OpenId, Secret, UnionId, parse_openid, parse_unionid
from menjin.wechat.errcodes import to_login_error
from menjin.wechat.ports import HttpRequest, HttpResponse
from menjin.wechat.wire import read_answer, read_errcode

_KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class LoginExchange:
    """What WeChat gives for a login_code.

    Attributes:
        session_key: 24 characters of base64, 16 bytes; never leaves the server.
        unionid: Present where the app is bound to an Open Platform account.
    """

    openid: OpenId
    unionid: UnionId | None
    session_key: Secret


def build(base_url: str, appid: AppId, app_secret: Secret, login_code: str) -> HttpRequest:
    """Return the request; everything goes in the query, as WeChat ignores a body here."""
    return HttpRequest(
        "GET",
        f"{base_url}/sns/jscode2session",
        (
            ("appid", appid),
            ("secret", app_secret.reveal()),
            ("js_code", login_code),
            ("grant_type", "authorization_code"),
        ),
    )


def read(response: HttpResponse, now: datetime) -> LoginExchange:
    """Return the exchange.

    Raises:
        LoginCodeInvalid: 40029: unknown, expired, or another app's.
        LoginCodeUsed: 40163: exchanged before.
        WeChatError: Any other errcode, by class.
        TransportError: The answer cannot be read, or lacks what success must hold.
    """
    answer = read_answer(response)
    errcode, errmsg = read_errcode(answer)
    if errcode:
        raise to_login_error(errcode, errmsg, now)
    try:
        return LoginExchange(
            openid=parse_openid(answer["openid"]),
            unionid=parse_unionid(answer["unionid"]) if answer.get("unionid") else None,
            session_key=read_session_key(answer["session_key"]),
        )
    except (KeyError, ValueError, TypeError):
        pass  # raised below, so that the answer's values hang on no error
    raise AnswerUnreadable


def read_session_key(text: object) -> Secret:
    """Return a session_key as WeChat writes it.

    Raises:
        TypeError: It is no text.
        ValueError: It is not base64 of 16 bytes.
    """
    if not isinstance(text, str):
        raise TypeError("not text")
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ValueError("not 16 bytes of base64")
    return Secret(text)
