"""Phone numbers: phone_codes exchanged, encrypted messages vouched for.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber.html
and .../user-info/basic-info/ (checkEncryptedData).
"""

from __future__ import annotations

import msgspec

from wxsim.errcodes import Refusal
from wxsim.models import Code, PhoneNumber
from wxsim.phone_format import phone_fields
from wxsim.server.call import Call, Reply, endpoint, ok


class PhoneBody(msgspec.Struct):
    """The body of getuserphonenumber."""

    code: str = ""
    openid: str = ""


class HashBody(msgspec.Struct):
    """The body of checkencryptedmsg."""

    encrypted_msg_hash: str = ""


@endpoint("/wxa/business/getuserphonenumber", "POST")
def getuserphonenumber(call: Call) -> Reply:
    """Exchange a phone_code for the number it was tapped for."""
    body = call.body(PhoneBody)
    if not body.code:
        raise Refusal(40097)
    code = _usable(call, body)
    call.state.codes.spend("phone", body.code, call.now)
    number = msgspec.json.decode(code.extra, type=PhoneNumber)
    watermark = {"timestamp": int(call.now), "appid": call.app.appid}
    fields = phone_fields(number, call.state.settings)
    return ok(phone_info={**fields, "watermark": watermark})


def _usable(call: Call, body: PhoneBody) -> Code:
    rules, appid = call.state.rules, call.app.appid
    code = call.state.codes.find("phone", body.code, call.now)
    if code is None:
        raise _invalid(body.code)
    if not rules.code_fits_app(code, appid):
        raise Refusal(40013)
    if rules.code_is_used(code) or rules.phone_code_expired(code, call.now):
        raise _invalid(body.code)
    owner = call.state.identities.openid(appid, code.person)
    if body.openid and not rules.phone_code_fits_openid(owner, body.openid):
        raise Refusal(call.state.settings.phone_code_openid_errcode)
    return code


def _invalid(code: str) -> Refusal:
    return Refusal(40029, f"invalid code hint: [{code[:10]}]")


@endpoint("/wxa/business/checkencryptedmsg", "POST")
def checkencryptedmsg(call: Call) -> Reply:
    """Say whether WeChat itself has encrypted a phone message lately.

    ``vaild`` is WeChat's own spelling.
    """
    digest = call.body(HashBody).encrypted_msg_hash
    if not digest:
        raise Refusal(40097)
    found = call.state.open_messages.find(call.app.appid, digest.lower(), call.now)
    if found is None:
        raise Refusal(1)
    return ok(vaild=True, create_time=int(found.created_at))
