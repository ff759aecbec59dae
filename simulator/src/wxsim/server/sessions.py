"""Checking and resetting a person's session_key from the server.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/
(api_checksessionkey and api_resetusersessionkey).
"""

from __future__ import annotations

from wxsim.errcodes import Refusal
from wxsim.server.call import Call, Reply, endpoint, ok


@endpoint("/wxa/checksession", "GET")
def checksession(call: Call) -> Reply:
    """Say whether a signature was made with the person's current key.

    A wrong, a replaced and an expired key are indistinguishable: 87009.
    """
    person = call.person(call.query("openid"))
    try:
        call.signed_key(person)
    except Refusal as refusal:
        if refusal.errcode == 87007:  # noqa: PLR2004 - WeChat's number
            raise Refusal(87009) from refusal
        raise
    return ok()


@endpoint("/wxa/resetusersessionkey", "GET")
def resetusersessionkey(call: Call) -> Reply:
    """Replace the person's key at once; the new one inherits the old expiry."""
    state, app = call.state, call.app
    limit = state.settings.reset_key_per_minute
    state.quotas.minute(f"{call.request.path} {app.appid}", limit, call.now)
    if not call.query("openid"):
        raise Refusal(40097)
    person = call.person(call.query("openid"))
    call.signed_key(person)
    key = state.session_keys.reset(app.appid, person, call.now)
    if key is None:
        raise Refusal(87007)
    return ok(openid=call.query("openid"), session_key=key.value)
