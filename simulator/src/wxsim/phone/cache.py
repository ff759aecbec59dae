"""The weak network, and the cache that serves old results into it.

wx.createCacheManager may answer wx.login with a code from the past, marked
``fromCache``. Source: https://developers.weixin.qq.com/miniprogram/dev/api/storage/cachemanager/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wxsim.eras import CACHE_MANAGER
from wxsim.models import CachedAnswer
from wxsim.phone.hand import Answer, Hand, WxFail, api

if TYPE_CHECKING:
    from wxsim.phone.hand import Api

CACHEABLE = ("login", "checkSession", "getSetting")


@api("createCacheManager")
def create_cache_manager(hand: Hand) -> Answer:
    """Start keeping results for a weak network.

    ``extra.apiList`` names the calls to keep; what happens without it is a setting.
    """
    hand.require_library(CACHE_MANAGER)
    extra = hand.options.get("extra")
    listed = extra.get("apiList") if isinstance(extra, dict) else None
    if isinstance(listed, list):
        kept = [name for name in CACHEABLE if name in listed]
    else:
        kept = list(CACHEABLE) if hand.settings.cache_manager_default_caches else []
    hand.device.cache_lists[hand.app.appid] = kept
    return {}


@api("CacheManager.stop")
def stop_cache_manager(hand: Hand) -> Answer:
    """Stop keeping and serving results."""
    hand.device.cache_lists.pop(hand.app.appid, None)
    return {}


def through(found: Api, hand: Hand) -> Answer:
    """Run a call over the device's network, or serve it from the cache.

    Raises:
        WxFail: the call needs WeChat and the network does not carry it.
    """
    if not found.online:
        return found.run(hand)
    if hand.device.network != "good":
        return _without_network(hand)
    # Opening and using the mini program is what keeps a session_key alive.
    hand.state.session_keys.touch(hand.app.appid, hand.person.name, hand.now)
    answer = found.run(hand)
    if hand.device.cache_lists and hand.api in hand.device.cache_lists.get(hand.app.appid, ()):
        kept = CachedAnswer(dict(answer), hand.now)
        hand.device.cached[f"{hand.app.appid}/{hand.api}"] = kept
    return answer


def _without_network(hand: Hand) -> Answer:
    kept = hand.device.cached.get(f"{hand.app.appid}/{hand.api}")
    if (
        kept is not None
        and hand.api in hand.device.cache_lists.get(hand.app.appid, ())
        and hand.now - kept.kept_at < hand.settings.cache_manager_life
    ):
        return {**kept.answer, "errMsg": f"{hand.api}:ok", "fromCache": True}
    if hand.device.network == "weak":
        reason = "time out"
        raise WxFail(reason, 5)
    reason = "cgi failed for network issues"
    raise WxFail(reason, 108)
