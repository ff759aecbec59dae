"""Facts that need no permission: the app's version, the device, the library.

Source: https://developers.weixin.qq.com/miniprogram/dev/api/open-api/account-info/wx.getAccountInfoSync.html
"""

from __future__ import annotations

from wxsim.phone.hand import Answer, Hand, api


@api("getAccountInfoSync")
def get_account_info(hand: Hand) -> Answer:
    """Give appId, envVersion and, in a release only, the version."""
    app = hand.app
    version = app.version if app.env == "release" else ""
    return {"miniProgram": {"appId": app.appid, "envVersion": app.env, "version": version}}


@api("setBackgroundFetchToken")
def set_background_fetch_token(hand: Hand) -> Answer:
    """Keep a token that a later data pre-fetch carries instead of a code."""
    hand.person.fetch_tokens[hand.app.appid] = hand.text("token")
    return {}


@api("getAppBaseInfo")
@api("getSystemInfoSync")
def get_system_info(hand: Hand) -> Answer:
    """Give the base library's version and the platform."""
    return {
        "SDKVersion": hand.library,
        "platform": hand.device.platform,
        "language": hand.person.profile.language,
        "version": "8.0.50",
    }
