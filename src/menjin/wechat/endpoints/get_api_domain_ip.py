"""get_api_domain_ip: WeChat's addresses; the cheapest call that says whether an access_token is taken.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/openApi-mgnt/ (getApiDomainIp)
"""

from __future__ import annotations

from datetime import datetime

from menjin.values import Secret
from menjin.wechat.errcodes import is_token_refused, to_error
from menjin.wechat.ports import HttpRequest, HttpResponse
from menjin.wechat.wire import read_answer, read_errcode


def build(base_url: str, access_token: Secret) -> HttpRequest:
    """Return the request."""
    return HttpRequest("GET", f"{base_url}/cgi-bin/get_api_domain_ip", (("access_token", access_token.reveal()),))


def read(response: HttpResponse, now: datetime) -> bool:
    """Return whether the token was taken; False for 40001, 40014 and 42001.

    Raises:
        WeChatError: Another errcode, which says neither.
        TransportError: The answer cannot be read.
    """
    errcode, errmsg = read_errcode(read_answer(response))
    if is_token_refused(errcode):
        return False
    if errcode:
        raise to_error(errcode, errmsg, now)
    return True
