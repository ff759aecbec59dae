"""The phone buttons: a tap, a popup, a charge, a phone_code.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/getPhoneNumber.html
and getRealtimePhoneNumber.html
"""

from __future__ import annotations

import msgspec

from wxsim import eras
from wxsim.models import PhoneNumber
from wxsim.phone.hand import Answer, Hand, WxFail, api
from wxsim.phone.privacy import gate
from wxsim.phone.sealed import sealed
from wxsim.phone_format import phone_fields


@api("getPhoneNumber", online=True)
def get_phone_number(hand: Hand) -> Answer:
    """Give a phone_code and, the old way, the number under the session_key."""
    phone = _tap(hand)
    fields = phone_fields(phone, hand.settings)
    answer = sealed(hand, fields, vouched=True)
    if hand.has(eras.PHONE_CODE):
        answer["code"] = _code(hand, phone)
    return answer


@api("getRealtimePhoneNumber", online=True)
def get_realtime_phone_number(hand: Hand) -> Answer:
    """Give a phone_code only; the number is verified live and costs more."""
    hand.require_library(eras.REALTIME_PHONE)
    return {"code": _code(hand, _tap(hand))}


def _tap(hand: Hand) -> PhoneNumber:
    hand.require_tap()
    if not hand.app.phone_button:
        reason = "no permission"
        raise WxFail(reason, 102)
    if hand.person.phone_blocked:
        reason = "user getPhoneNumber is blocked"
        raise WxFail(reason, 1421102)
    gate(hand, "getPhoneNumber")
    ledger = hand.state.phone_ledger
    if not ledger.affordable(hand.app, hand.now):
        reason = "appid no enough quota"
        raise WxFail(reason, 1400001)
    phone = _agreed_number(hand)
    ledger.charge(hand.app, hand.person.name, hand.api, hand.now)
    return phone


def _agreed_number(hand: Hand) -> PhoneNumber:
    """Return the number, bound on the spot where so set, if the person agrees."""
    bound = hand.person.phone is not None or hand.settings.unbound_phone == "bind"
    if not hand.agrees(hand.api) or not bound:
        reason = "user deny"
        raise hand.denied(reason, 103)
    if hand.person.phone is None:
        digits = int.from_bytes(hand.state.dice.draw("phone number")[:6]) % 10**8
        hand.state.set_phone(hand.person, PhoneNumber(f"139{digits:08d}"))
    assert hand.person.phone is not None  # noqa: S101 - just bound
    return hand.person.phone


def _code(hand: Hand, phone: PhoneNumber) -> str:
    number = msgspec.json.encode(phone).decode()
    codes, appid = hand.state.codes, hand.app.appid
    return codes.issue("phone", appid, hand.person.name, hand.now, number)
