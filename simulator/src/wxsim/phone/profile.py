"""Nickname and avatar: real once, anonymous today.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/userProfile.html
and WeChat's announcements of 2021-04 and 2022-11.
"""

from __future__ import annotations

import msgspec

from wxsim import crypto, eras
from wxsim.phone.hand import Answer, Hand, WxFail, api
from wxsim.phone.privacy import gate
from wxsim.phone.sealed import sealed

SCOPE = "scope.userInfo"
GREY_AVATAR = (
    "https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwib"
    "cPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132"
)
LONGEST_DESC = 30


def anonymous() -> dict[str, object]:
    """Return the profile everybody has today."""
    return {
        "nickName": "微信用户",
        "gender": 0,
        "language": "",
        "city": "",
        "province": "",
        "country": "",
        "avatarUrl": GREY_AVATAR,
        "is_demote": True,
    }


def real(hand: Hand) -> dict[str, object]:
    """Return the person's own profile; gender and region ended in 2021."""
    profile = hand.person.profile
    kept = hand.now < eras.REGION_WITHHELD
    return {
        "nickName": profile.nick_name,
        "gender": profile.gender if kept else 0,
        "language": profile.language,
        "city": profile.city if kept else "",
        "province": profile.province if kept else "",
        "country": profile.country if kept else "",
        "avatarUrl": profile.avatar_url or f"https://thirdwx.qlogo.cn/wxsim/{hand.person.name}/132",
    }


@api("getUserInfo", online=True, limited=True)
def get_user_info(hand: Hand) -> Answer:
    """Give the profile; anonymous and without a popup since 2021-04-28.

    A tap stands for ``<button open-type="getUserInfo">``, which always brings
    the encrypted half; the call does so with ``withCredentials``.
    """
    gate(hand, "getUserInfo")
    info = anonymous()
    if eras.user_info_is_real(hand.published_at):
        _require_user_info_scope(hand)
        info = real(hand)
    secret: dict[str, object] = {"openId": _openid(hand), **info}
    unionid = hand.state.unionid(hand.app, hand.person.name)
    if unionid is not None:
        secret["unionId"] = unionid
    return _answer(hand, info, secret)


def _require_user_info_scope(hand: Hand) -> None:
    scopes = hand.state.consent.grant(hand.app.appid, hand.person.name).scopes
    if scopes.get(SCOPE):
        return
    may_ask = hand.tapped or hand.published_at < eras.USER_INFO_SILENT
    if not may_ask:
        reason = "scope unauthorized"
        raise WxFail(reason)
    if not hand.tapped and SCOPE in scopes:
        reason = "auth deny"
        raise WxFail(reason)
    scopes[SCOPE] = hand.agrees(SCOPE)
    if not scopes[SCOPE]:
        reason = "auth deny"
        raise hand.denied(reason, 0)


@api("getUserProfile", online=True, limited=True)
def get_user_profile(hand: Hand) -> Answer:
    """Give the profile after a tap; it never carries openId or unionId."""
    hand.require_library(eras.USER_PROFILE)
    hand.require_tap()
    if not 0 < len(hand.text("desc")) <= LONGEST_DESC:
        reason = "desc length does not meet the requirements"
        raise WxFail(reason)
    gate(hand, "getUserInfo")
    info = anonymous()
    if eras.user_profile_is_real(hand.published_at, hand.library):
        if not hand.agrees("getUserProfile"):
            reason = "auth deny"
            raise WxFail(reason, 103)
        info = real(hand)
    return _answer(hand, info, info)


def _openid(hand: Hand) -> str:
    return hand.state.identities.openid(hand.app.appid, hand.person.name)


def _answer(hand: Hand, info: dict[str, object], secret: dict[str, object]) -> Answer:
    raw_data = msgspec.json.encode(info).decode()
    answer: Answer = {"userInfo": info, "rawData": raw_data}
    key = hand.key()
    wants_secret = hand.tapped or hand.options.get("withCredentials") is True
    if key is not None:
        answer["signature"] = crypto.raw_data_signature(key.value, raw_data)
        if wants_secret or hand.api == "getUserProfile":
            answer |= sealed(hand, secret)
    return answer
