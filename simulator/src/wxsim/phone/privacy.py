"""The privacy contract: nobody's data before the person has agreed to it.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/user-privacy/PrivacyAuthorize.html
"""

from __future__ import annotations

from wxsim.eras import PRIVACY, privacy_applies
from wxsim.phone.hand import Answer, Ask, Hand, WxFail, api

MERGED = "3.4.1"
OWN_POPUP = frozenset({"getPhoneNumber", "getRealtimePhoneNumber", "authorize", "getWeRunData"})
ABOUT = "privacy"


def gate(hand: Hand, kind: str = "") -> None:
    """Let a private call pass, or stop it.

    Args:
        hand: the call.
        kind: the data type it touches; "" for none in particular.

    Raises:
        WxFail: banned, not declared, or refused by the person.
        Ask: the privacy popup is open.
    """
    if hand.api in hand.app.banned:
        reason = "appid privacy api banned"
        raise WxFail(reason, 1025)
    if not privacy_applies(hand.now, hand.library, opted_in=hand.app.use_privacy_check):
        return
    consent, name = hand.state.consent, hand.person.name
    declared = consent.declared(hand.app, hand.now)
    if kind and kind not in declared and "*" not in declared:
        reason = "api scope is not declared in the privacy agreement"
        raise WxFail(reason, 112)
    if consent.needs_privacy(hand.app, name, hand.now):
        _ask(hand)


def _ask(hand: Hand) -> None:
    consent, name = hand.state.consent, hand.person.name
    if hand.tapped and hand.options.get("agreePrivacyAuthorization") is True:
        consent.agree(hand.app, name, hand.now)
        return
    if consent.refusal_is_fresh(hand.app, name, hand.now):
        raise _refused(hand)
    if _agrees(hand):
        consent.agree(hand.app, name, hand.now)
        return
    consent.refuse(hand.app, name, hand.now)
    raise _refused(hand)


def _agrees(hand: Hand) -> bool:
    # A page that handles the question itself shows it itself.
    if hand.handler and not hand.said:
        raise Ask(ABOUT, hand.api)
    return hand.agrees(ABOUT)


def _refused(hand: Hand) -> WxFail:
    merged = hand.has(MERGED) and hand.api in OWN_POPUP and not hand.handler
    return WxFail("privacy permission is not authorized", 103 if merged else 104)


@api("getPrivacySetting")
def get_privacy_setting(hand: Hand) -> Answer:
    """Tell whether the person still has to agree, and the contract's name."""
    hand.require_library(PRIVACY)
    needed = hand.state.consent.needs_privacy(hand.app, hand.person.name, hand.now)
    contract = f"《{hand.app.name}小程序隐私保护指引》"
    return {"needAuthorization": needed, "privacyContractName": contract}


@api("requirePrivacyAuthorize")
def require_privacy_authorize(hand: Hand) -> Answer:
    """Ask for the contract as any private call would."""
    hand.require_library(PRIVACY)
    gate(hand)
    return {}


@api("openPrivacyContract")
def open_privacy_contract(hand: Hand) -> Answer:
    """Show the contract; there is nothing to see here."""
    hand.require_library(PRIVACY)
    return {}


@api("agreePrivacyAuthorization")
def agree_privacy_authorization(hand: Hand) -> Answer:
    """Agree by ``<button open-type="agreePrivacyAuthorization">``: a real tap."""
    hand.require_library(PRIVACY)
    hand.require_tap()
    hand.state.consent.agree(hand.app, hand.person.name, hand.now)
    return {}


@api("disagreePrivacyAuthorization")
def disagree_privacy_authorization(hand: Hand) -> Answer:
    """Refuse through ``resolve({event: 'disagree'})`` of a page's own popup."""
    hand.require_library(PRIVACY)
    hand.state.consent.refuse(hand.app, hand.person.name, hand.now)
    return {}
