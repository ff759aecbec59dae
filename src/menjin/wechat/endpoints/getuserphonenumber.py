"""getuserphonenumber: a phone_code becomes a phone number, if it is this openid's.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from menjin.errors import AnswerUnreadable, PhoneCodeInvalid
from menjin.values import AppId, OpenId
from menjin.wechat.errcodes import to_error
from menjin.wechat.open_data_kinds import meets_schema
from menjin.wechat.ports import HttpRequest, HttpResponse
from menjin.wechat.wire import read_answer, read_errcode

_NOT_THIS_PERSONS = frozenset({40003, 40029})


@dataclass(frozen=True, slots=True)
class PhoneAnswer:
    """A number WeChat vouches for: country code and national number, digits only."""

    country_code: str
    national_number: str

    def __repr__(self) -> str:
        return f"PhoneAnswer('+{self.country_code}…{self.national_number[-2:]}')"


def build(base_url: str, phone_code: str, openid: OpenId) -> HttpRequest:
    """Return the request, without its access_token; with the openid WeChat refuses somebody else's code."""
    body = msgspec.json.encode({"code": phone_code, "openid": openid})
    return HttpRequest("POST", f"{base_url}/wxa/business/getuserphonenumber", body=body)


def read(response: HttpResponse, appid: AppId, now: datetime) -> PhoneAnswer:
    """Return the number.

    Raises:
        PhoneCodeInvalid: 40029 or 40003: used, expired, unknown, or another person's.
        WeChatError: Any other errcode.
        TransportError: The answer cannot be read, or speaks of another app.
    """
    answer = read_answer(response)
    errcode, errmsg = read_errcode(answer)
    if errcode in _NOT_THIS_PERSONS:
        raise PhoneCodeInvalid
    if errcode:
        raise to_error(errcode, errmsg, now)
    info = answer.get("phone_info")
    if not isinstance(info, dict) or not meets_schema("phone", info):
        raise AnswerUnreadable
    watermark = info.get("watermark")
    if not isinstance(watermark, dict) or watermark.get("appid") != appid:
        raise AnswerUnreadable
    return PhoneAnswer(str(info["countryCode"]), info["purePhoneNumber"])
