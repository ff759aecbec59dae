"""Avatar and nickname as the person types them: today's way to a profile.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/userProfile.html
"""

from __future__ import annotations

from wxsim.eras import AVATAR_FILL_IN
from wxsim.phone.hand import Answer, Hand, api
from wxsim.phone.privacy import gate


@api("chooseAvatar")
def choose_avatar(hand: Hand) -> Answer:
    """Give a temporary local path: to be uploaded, never to be stored."""
    hand.require_library(AVATAR_FILL_IN)
    hand.require_tap()
    gate(hand, "chooseAvatar")
    if not hand.agrees("chooseAvatar"):
        reason = "cancel"
        raise hand.denied(reason, 1)
    first = "http://tmp/" if hand.device.platform == "devtools" else "wxfile://tmp_"
    name = hand.state.dice.hexadecimal(32, "avatar", hand.app.appid, hand.person.name)
    return {"avatarUrl": f"{first}{name}.jpeg"}


@api("nickname")
def nickname(hand: Hand) -> Answer:
    """Fill ``<input type="nickname">``: what was typed, or WeChat's suggestion.

    ``pass`` and ``timeout`` are those of ``bindnicknamereview``.
    """
    hand.require_library(AVATAR_FILL_IN)
    gate(hand, "nickname")
    typed = hand.text("value") or hand.person.profile.nick_name
    refused = not hand.agrees("nickname")
    return {"value": "" if refused else typed, "pass": not refused, "timeout": False}
