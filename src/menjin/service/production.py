"""What a production start refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from menjin.apps import App
from menjin.errors import Fault
from menjin.service.hosts import find_reach

if TYPE_CHECKING:
    from menjin.service.settings import Settings

_DEV_ONLY = "only for [dev] enabled = true 仅限开发模式"
_SAMPLE_SECRETS = frozenset({"01010101010101010101010101010101"})


def find_refused(settings: Settings, apps: Sequence[App]) -> list[Fault]:
    """Return what only `[dev] enabled = true` may do: plain http to WeChat, sample secrets."""
    if settings.dev.enabled:
        return []
    url = urlsplit(settings.wechat.base_url)
    faults = []
    if url.scheme != "https" or find_reach(url.hostname or "") == "loopback":
        faults.append(Fault("wechat.base_url", f"is not https, or is this machine; {_DEV_ONLY}"))
    faults += [
        Fault(f"apps.{app.appid}", f"has a sample app_secret; {_DEV_ONLY}")
        for app in apps
        if app.app_secret.reveal() in _SAMPLE_SECRETS
    ]
    return faults
