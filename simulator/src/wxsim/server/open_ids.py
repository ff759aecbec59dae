"""Ids from elsewhere: the unionid of somebody who paid, a plugin's openpid.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/basic-info/
"""

from __future__ import annotations

import msgspec

from wxsim.errcodes import Refusal
from wxsim.server.call import Call, Reply, endpoint, ok


class PluginBody(msgspec.Struct):
    """The body of getpluginopenpid."""

    code: str = ""


@endpoint("/wxa/getpaidunionid", "GET")
def getpaidunionid(call: Call) -> Reply:
    """Return the unionid of somebody who has paid within five minutes."""
    state, query = call.state, call.query
    person = call.person(query("openid"))
    if not state.rules.unionid_shown(call.app):
        raise Refusal(89002)
    payment = state.payments.find(query("transaction_id"), query("mch_id"), query("out_trade_no"))
    if (
        payment is None
        or not state.rules.payment_fits(payment, call.app.appid, person)
        or not state.rules.payment_in_time(payment, call.now)
    ):
        raise Refusal(89300)
    return ok(unionid=state.unionid(call.app, person))


@endpoint("/wxa/getpluginopenpid", "POST")
def getpluginopenpid(call: Call) -> Reply:
    """Exchange a plugin's code for the person's openpid."""
    state, text = call.state, _plugin_code(call)
    code = state.codes.find("plugin", text, call.now)
    if code is None or state.rules.code_is_used(code):
        raise Refusal(1007)
    if state.rules.plugin_code_expired(code, call.now):
        raise Refusal(1007)
    # The plugin's own server asks, or the server of the app that hosts it.
    if call.app.appid not in {code.appid, code.extra}:
        raise Refusal(1005)
    state.codes.spend("plugin", text, call.now)
    return ok(openpid=state.identities.openpid(code.appid, code.extra, code.person))


def _plugin_code(call: Call) -> str:
    try:
        text = call.body(PluginBody).code
    except Refusal as refusal:
        raise Refusal(1022) from refusal
    if not text:
        raise Refusal(1001)
    return text
