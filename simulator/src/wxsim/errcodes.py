"""WeChat's error numbers with their texts, and the refusal that carries one.

The texts keep WeChat's own spelling ("not exit", "existd"): clients have been
written against them. Source: the error tables of each server API page under
https://developers.weixin.qq.com/miniprogram/dev/server/API/ ; texts in brackets
are not published there.
"""

from __future__ import annotations

TEXTS: dict[int, str] = {
    -1: "system error",
    0: "ok",
    1: "data not exit",
    1001: "invalid parameter",
    1005: "plugin appid mismatch",
    1007: "no openpid data",
    1022: "invalid json",
    40001: (
        "invalid credential, access_token is invalid or not latest, could get access_token by"
        " getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
    ),
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40066: "invalid url",
    40097: "invalid args",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip",
    40226: "code blocked",
    40243: "appsecret is frozen",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    44002: "empty post data",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    47001: "data format error",
    48001: "api unauthorized",
    48006: "forbid to clear quota because of reaching the limit",
    50002: "user limited",
    50004: "token api forbidden",
    50007: "account frozen",
    76001: "rid not found",
    76002: "invalid rid",
    76003: "no permission to get this rid",
    76004: "rid expired",
    76021: "cgi_path not found, please check",
    76022: "could not use this cgi_path, no permission",
    87007: "session_key is not existd or expired",
    87008: "invalid sig_method",
    87009: "invalid signature",
    89002: "open not exists",
    89300: "invalid trade",
    89503: "this ip calling needs the administrator's confirmation",
    89506: "this ip was refused by the administrator twice within 24 hours",
    89507: "this ip was refused by the administrator within 1 hour",
}


class Refusal(Exception):
    """WeChat says no: an errcode instead of a result.

    Attributes:
        errcode: WeChat's number.
        text: WeChat's text, without the request id.
    """

    def __init__(self, errcode: int, text: str = "") -> None:
        """Refuse with ``errcode``; ``text`` replaces the usual text."""
        self.errcode = errcode
        self.text = text or TEXTS.get(errcode, "system error")
        super().__init__(f"{errcode} {self.text}")
