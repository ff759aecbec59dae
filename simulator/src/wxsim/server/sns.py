"""auth.code2Session: a login_code for the openid and the session_key.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session.html
"""

from __future__ import annotations

from wxsim.errcodes import Refusal
from wxsim.models import Code
from wxsim.server.call import Call, Reply, endpoint


@endpoint("/sns/jscode2session", token=False)
def jscode2session(call: Call) -> Reply:
    """Exchange a login_code; any method, but only the query counts."""
    for name in call.state.settings.exchange_precedence:
        CHECKS[name](call)
    code = _find(call)
    call.state.codes.spend("login", call.query("js_code"), call.now)
    return _result(call, code)


def _check_params(call: Call) -> None:
    for name, errcode in (("appid", 41002), ("secret", 41004), ("js_code", 41008)):
        if not call.query(name):
            raise Refusal(errcode)
    if call.query("grant_type") != "authorization_code":
        raise Refusal(40002)


def _check_appid(call: Call) -> None:
    if call.query("appid") not in call.state.apps:
        raise Refusal(40013)


def _check_secret(call: Call) -> None:
    app = call.state.apps.get(call.query("appid"))
    if app is not None and app.secret != call.query("secret"):
        raise Refusal(40125)


def _check_code(call: Call) -> None:
    state, rules = call.state, call.state.rules
    code = _find(call)
    limit = state.settings.exchange_calls_per_minute
    state.quotas.minute(f"exchange {code.appid} {code.person}", limit, call.now)
    if rules.code_is_used(code):
        raise Refusal(40163)
    if rules.login_code_expired(code, call.now):
        raise Refusal(40029)
    if rules.login_refused(state.person(code.person)):
        raise Refusal(40226)


CHECKS = {
    "params": _check_params,
    "appid": _check_appid,
    "secret": _check_secret,
    "code": _check_code,
}


def _find(call: Call) -> Code:
    code = call.state.codes.find("login", call.query("js_code"), call.now)
    if (
        code is None
        or code.person not in call.state.people
        or not call.state.rules.code_fits_app(code, call.query("appid"))
    ):
        raise Refusal(40029)
    return code


def _result(call: Call, code: Code) -> Reply:
    state = call.state
    key = state.session_keys.keys.get(f"{code.appid}/{code.person}")
    current = key.value if key is not None else code.extra
    answers_old = state.settings.exchange_answers_key == "at_login"
    reply: Reply = {
        "session_key": code.extra if answers_old else current,
        "openid": state.identities.openid(code.appid, code.person),
    }
    unionid = state.unionid(state.app(code.appid), code.person)
    if unionid is not None:
        reply["unionid"] = unionid
    if state.settings.legacy_expires_in:
        reply["expires_in"] = 7200
    # WeChat's order of keys was seen both ways; let no client depend on one.
    if state.settings.shuffle_reply_keys and ord(call.query("js_code")[0]) % 2:
        return dict(reversed(reply.items()))
    return reply
