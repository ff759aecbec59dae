"""stable_token: an app's access_token; in normal mode the same one for as long as it is good.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from menjin.errors import AnswerUnreadable
from menjin.values import AppId, Secret
from menjin.wechat.ports import HttpRequest, HttpResponse
from menjin.wechat.wire import read_success

_LONGEST_SECONDS = 7200


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access_token and how long it lasts from the answer on."""

    access_token: Secret
    expires_in: timedelta


def build(base_url: str, appid: AppId, app_secret: Secret, *, force_refresh: bool = False) -> HttpRequest:
    """Return the request.

    Args:
        base_url: WeChat's host.
        appid: The app.
        app_secret: Its secret.
        force_refresh: Kills the token in use at once; WeChat allows 20 a day, 30 s apart.
    """
    body = {
        "grant_type": "client_credential",
        "appid": appid,
        "secret": app_secret.reveal(),
        "force_refresh": force_refresh,
    }
    return HttpRequest("POST", f"{base_url}/cgi-bin/stable_token", body=msgspec.json.encode(body))


def read(response: HttpResponse, now: datetime) -> IssuedToken:
    """Return the token.

    Raises:
        WeChatError: An errcode.
        TransportError: The answer cannot be read, or lacks what success must hold.
    """
    answer = read_success(response, now)
    token, seconds = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(seconds, int):
        raise AnswerUnreadable
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise AnswerUnreadable
    return IssuedToken(Secret(token), timedelta(seconds=seconds))
