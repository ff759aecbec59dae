"""Scopes: asked once, remembered by WeChat's server, changed in the settings page.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/authorize.html
"""

from __future__ import annotations

from wxsim import eras
from wxsim.phone.hand import Answer, Ask, Hand, WxFail, api
from wxsim.phone.privacy import gate
from wxsim.phone.sealed import sealed

ALWAYS = ("scope.address", "scope.invoiceTitle", "scope.invoice")
ASKED = (
    "scope.userLocation",
    "scope.userFuzzyLocation",
    "scope.userLocationBackground",
    "scope.record",
    "scope.camera",
    "scope.bluetooth",
    "scope.writePhotosAlbum",
    "scope.addPhoneContact",
    "scope.addPhoneCalendar",
    "scope.werun",
)
USER_INFO = "scope.userInfo"
DAY = 86_400
WERUN_DAYS = 31


def _scopes(hand: Hand) -> dict[str, bool]:
    return hand.state.consent.grant(hand.app.appid, hand.person.name).scopes


def require(hand: Hand, scope: str) -> None:
    """Ask for a scope once; later answers are silent.

    Raises:
        WxFail: refused now or before.
        Ask: the popup is open.
    """
    gate(hand, scope)
    scopes = _scopes(hand)
    if scopes.get(scope):
        return
    remembered = scope in scopes and hand.state.rules.remembers_scope_refusal()
    if not remembered:
        scopes[scope] = hand.agrees(scope)
    if not scopes[scope]:
        reason = "auth deny"
        raise hand.denied(reason, 103)


@api("authorize", online=True)
def authorize(hand: Hand) -> Answer:
    """Ask for a scope ahead of its use."""
    scope = hand.text("scope")
    if scope in ALWAYS:
        return {}
    if scope == USER_INFO:
        _authorize_user_info(hand)
        return {}
    if scope not in ASKED:
        reason = "scope or scope list empty"
        raise WxFail(reason, 110)
    require(hand, scope)
    return {}


def _authorize_user_info(hand: Hand) -> None:
    if not eras.user_info_is_real(hand.published_at):
        return
    if hand.published_at < eras.USER_INFO_SILENT:
        require(hand, USER_INFO)
    elif not _scopes(hand).get(USER_INFO):
        reason = "auth deny"
        raise hand.denied(reason, 0)


def _setting(hand: Hand) -> Answer:
    shown = {**_scopes(hand), **dict.fromkeys(ALWAYS, True)}
    if not eras.user_info_is_real(hand.published_at):
        shown[USER_INFO] = True
    return {"authSetting": shown}


@api("getSetting", online=True, limited=True)
def get_setting(hand: Hand) -> Answer:
    """List the scopes asked for so far and what the person has decided."""
    return _setting(hand)


@api("openSetting", online=True)
def open_setting(hand: Hand) -> Answer:
    """Open the settings page, where the person puts each scope as scripted, or by hand.

    Raises:
        Ask: the page is open; it shows the scopes asked for so far.
    """
    if hand.has(eras.OPEN_SETTING_TAP):
        hand.require_tap()
    scopes = _scopes(hand)
    said = {scope: hand.scripted(scope) for scope in scopes}
    if hand.setting is not None:
        scopes.update({scope: hand.setting[scope] for scope in scopes if scope in hand.setting})
    elif not hand.said and (hand.asks or "ask" in said.values()):
        raise Ask("openSetting", hand.api, {"authSetting": dict(scopes)})
    else:
        scopes.update({scope: (hand.said if answer == "ask" else answer) == "allow" for scope, answer in said.items()})
    return _setting(hand)


@api("getWeRunData", online=True)
def get_we_run_data(hand: Hand) -> Answer:
    """Give the steps of the last 31 days, sealed."""
    require(hand, "scope.werun")
    midnight = int((hand.now + 8 * 3600) // DAY * DAY - 8 * 3600)
    days = [
        {"timestamp": midnight - back * DAY, "step": max(0, hand.person.steps - back)}
        for back in reversed(range(WERUN_DAYS))
    ]
    return sealed(hand, {"stepInfoList": days})
