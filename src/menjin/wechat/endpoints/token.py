"""The legacy token call: each makes a new access_token, and the one before lasts five minutes more.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getaccesstoken
"""

from __future__ import annotations

from menjin.values import AppId, Secret
from menjin.wechat.ports import HttpRequest


def build(base_url: str, appid: AppId, app_secret: Secret) -> HttpRequest:
    """Return the request; the answer has stable_token's shape, and its `read` reads it."""
    query = (("grant_type", "client_credential"), ("appid", appid), ("secret", app_secret.reveal()))
    return HttpRequest("GET", f"{base_url}/cgi-bin/token", query)
