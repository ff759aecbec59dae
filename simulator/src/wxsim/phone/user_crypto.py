"""wx.getUserCryptoManager, its two methods as calls of their own.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/user-encryption.html
"""

from __future__ import annotations

import base64

from wxsim.eras import CRYPTO_MANAGER
from wxsim.phone.hand import Answer, Hand, WxFail, api

MOST_BYTES = 1_048_576
BLOCK = 64


@api("getUserCryptoManager")
def get_user_crypto_manager(hand: Hand) -> Answer:
    """Say that the manager is there; its methods are the two calls below."""
    hand.require_library(CRYPTO_MANAGER)
    return {"methods": ["getLatestUserKey", "getRandomValues"]}


@api("getLatestUserKey", online=True)
def get_latest_user_key(hand: Hand) -> Answer:
    """Give the living key, its version and iv."""
    hand.require_library(CRYPTO_MANAGER)
    keys = hand.state.user_keys
    key = keys.latest(hand.app.appid, hand.person.name, hand.now)
    left = keys.left(key, hand.now)
    absolute = hand.settings.encrypt_key_expire_time == "unix_seconds"
    return {
        "encryptKey": key.encrypt_key,
        "iv": key.iv,
        "version": key.version,
        "expireTime": int(hand.now) + left if absolute else left,
    }


@api("getRandomValues")
def get_random_values(hand: Hand) -> Answer:
    """Give ``length`` random bytes, in base64 since JSON has no ArrayBuffer."""
    hand.require_library(CRYPTO_MANAGER)
    length = hand.options.get("length")
    if not isinstance(length, int) or not 0 < length <= MOST_BYTES:
        reason = "jsapi invalid request data"
        raise WxFail(reason, 101)
    blocks = (hand.state.dice.draw("random values") for _ in range(-(-length // BLOCK)))
    return {"randomValues": base64.b64encode(b"".join(blocks)[:length]).decode()}
