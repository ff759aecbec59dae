"""wx.login, wx.checkSession and a plugin's own login.

Source: https://developers.weixin.qq.com/miniprogram/dev/api/open-api/login/
"""

from __future__ import annotations

from wxsim.phone.hand import Answer, Hand, WxFail, api

MOCK_CODE = "the code is a mock one"


@api("login", online=True, limited=True)
def login(hand: Hand) -> Answer:
    """Make a login_code; the session_key may rotate here, not at the exchange."""
    if hand.person.login_blocked:
        reason = "wxa login is blocked"
        raise WxFail(reason, 1402101)
    if hand.app.mock_code:
        return {"code": MOCK_CODE}
    return {"code": hand.state.login_code(hand.app.appid, hand.person.name, hand.now)}


@api("checkSession", online=True, limited=True)
def check_session(hand: Hand) -> Answer:
    """Succeed while the key of the person's last code operation is alive."""
    if hand.key() is None:
        raise WxFail(hand.settings.check_session_fail_text)
    return {}


@api("pluginLogin", online=True)
def plugin_login(hand: Hand) -> Answer:
    """Make a code for a plugin's server; option ``plugin`` names which plugin."""
    plugin = hand.text("plugin") or next(iter(hand.app.plugins), "")
    if plugin not in hand.app.plugins:
        reason = "plugin is not used by this mini program"
        raise WxFail(reason, 1005)
    state, appid, name = hand.state, hand.app.appid, hand.person.name
    return {"code": state.codes.issue("plugin", appid, name, hand.now, plugin)}
