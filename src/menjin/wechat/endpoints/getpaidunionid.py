"""getpaidunionid: the unionid of somebody who paid in the app, for five minutes after the payment.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/basic-info/api_getpaidunionid
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from menjin.binding_errors import PaymentUnknown
from menjin.errors import AnswerUnreadable, Fault, RequestInvalid, WeChatError
from menjin.values import OpenId, UnionId, parse_unionid
from menjin.wechat.ports import HttpRequest, HttpResponse
from menjin.wechat.wire import read_success

_NO_SUCH_TRADE = frozenset({89300, 40003})
_NUMBERS = {
    "transaction_id": re.compile(r"[0-9A-Za-z]{1,32}"),
    "mch_id": re.compile(r"[0-9]{1,32}"),
    "out_trade_no": re.compile(r"[0-9A-Za-z_|*@-]{1,32}"),
}


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment, by WeChat's number or by the merchant's own.

    Attributes:
        transaction_id: WeChat's; or empty, and the two others are given.
        mch_id: The merchant's number.
        out_trade_no: The merchant's number of the order.

    Raises:
        RequestInvalid: None is given, or only one of the two; or WeChat never gave or took such a number.
    """

    transaction_id: str = ""
    mch_id: str = ""
    out_trade_no: str = ""

    def __post_init__(self) -> None:
        given = [name for name in _NUMBERS if getattr(self, name)]
        if given not in (["transaction_id"], ["mch_id", "out_trade_no"]):
            raise RequestInvalid(Fault("payment", "needs transaction_id, or mch_id and out_trade_no"))
        faults = [
            Fault(name, "is not like a payment's")
            for name in given
            if not _NUMBERS[name].fullmatch(getattr(self, name))
        ]
        if faults:
            raise RequestInvalid(*faults)


def build(base_url: str, openid: OpenId, payment: Payment) -> HttpRequest:
    """Return the request, without its access_token."""
    if payment.transaction_id:
        named: tuple[tuple[str, str], ...] = (("transaction_id", payment.transaction_id),)
    else:
        named = (("mch_id", payment.mch_id), ("out_trade_no", payment.out_trade_no))
    return HttpRequest("GET", f"{base_url}/wxa/getpaidunionid", (("openid", openid), *named))


def read(response: HttpResponse, now: datetime) -> UnionId:
    """Return the unionid.

    Raises:
        PaymentUnknown: 89300 or 40003: not yet, not any more, or not this person's.
        WeChatError: Any other errcode; AppMisconfigured for 89002: the app is bound to no Open Platform account.
        TransportError: The answer cannot be read.
    """
    try:
        answer = read_success(response, now)
    except WeChatError as error:
        if error.errcode in _NO_SUCH_TRADE:
            raise PaymentUnknown from None
        raise
    try:
        return parse_unionid(answer.get("unionid", ""))
    except (TypeError, ValueError):
        raise AnswerUnreadable from None
