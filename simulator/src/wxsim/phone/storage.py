"""A mini program's storage: per device, person and app, with WeChat's limits.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/ability/storage.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wxsim.eras import ENCRYPTED_STORAGE
from wxsim.models import StoredValue
from wxsim.phone.hand import Answer, Hand, WxFail, api

if TYPE_CHECKING:
    from collections.abc import Iterable

KILO = 1024


def _shelf(hand: Hand) -> dict[str, StoredValue]:
    return hand.device.storage.setdefault(hand.app.appid, {})


def _key(hand: Hand) -> str:
    key = hand.options.get("key")
    if not isinstance(key, str) or not key:
        reason = "parameter error: parameter.key should be String"
        raise WxFail(reason, 101)
    return key


def _size(values: Iterable[StoredValue]) -> int:
    return sum(len(value.text.encode()) for value in values)


@api("setStorage")
@api("setStorageSync")
def set_storage(hand: Hand) -> Answer:
    """Keep a value under a key, within the limits a key and an app have."""
    key, settings = _key(hand), hand.settings
    encrypted = _encrypted(hand)
    value = StoredValue(msgspec.json.encode(hand.options.get("data")).decode(), encrypted)
    shelf = _shelf(hand)
    others = [kept for name, kept in shelf.items() if name != key and kept.encrypted == encrypted]
    key_limit, total = settings.storage_key_bytes, settings.storage_total_bytes
    if encrypted:
        key_limit = settings.storage_encrypted_key_bytes
        total = settings.storage_encrypted_total_bytes
    if _size([value]) > key_limit:
        reason = "entry size limit reached"
        raise WxFail(reason, joint=":")
    if _size([*others, value]) > total:
        reason = "exceed storage max size 10Mb"
        raise WxFail(reason)
    shelf[key] = value
    return {}


def _encrypted(hand: Hand) -> bool:
    wanted = hand.options.get("encrypt") is True and not hand.api.endswith("Sync")
    return wanted and hand.has(ENCRYPTED_STORAGE)


@api("getStorage")
def get_storage(hand: Hand) -> Answer:
    """Give a value back; an encrypted one only to a call that says so."""
    found = _shelf(hand).get(_key(hand))
    if found is None or found.encrypted != _encrypted(hand):
        reason = "data not found"
        raise WxFail(reason)
    return {"data": msgspec.json.decode(found.text)}


@api("getStorageSync")
def get_storage_sync(hand: Hand) -> Answer:
    """Give a value back, or the empty string."""
    found = _shelf(hand).get(_key(hand))
    missing = found is None or found.encrypted
    return {"data": "" if missing or found is None else msgspec.json.decode(found.text)}


@api("removeStorage")
@api("removeStorageSync")
def remove_storage(hand: Hand) -> Answer:
    """Forget one key."""
    _shelf(hand).pop(_key(hand), None)
    return {}


@api("clearStorage")
@api("clearStorageSync")
def clear_storage(hand: Hand) -> Answer:
    """Forget every key of this app on this device."""
    _shelf(hand).clear()
    return {}


@api("getStorageInfo")
@api("getStorageInfoSync")
def get_storage_info(hand: Hand) -> Answer:
    """Give the keys and the sizes in KB."""
    shelf = _shelf(hand)
    used = -(-_size(shelf.values()) // KILO)
    limit = hand.settings.storage_total_bytes // KILO
    return {"keys": list(shelf), "currentSize": used, "limitSize": limit}
