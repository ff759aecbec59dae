"""When WeChat changed its mind: which base library and which date bring what.

Dates are Beijing time. Source: WeChat's announcements and the release notes of
the base library, https://developers.weixin.qq.com/miniprogram/dev/framework/release/
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))


def _day(year: int, month: int, day: int) -> float:
    return datetime(year, month, day, tzinfo=BEIJING).timestamp()


USER_INFO_SILENT = _day(2018, 4, 30)
USER_INFO_ANONYMOUS = _day(2021, 4, 29)
REGION_WITHHELD = _day(2021, 10, 20)
PROFILE_ANONYMOUS = _day(2022, 11, 9)
PHONE_PAID = _day(2023, 8, 28)
PRIVACY_ENFORCED = _day(2023, 10, 17)

OPEN_SETTING_TAP = "2.3.0"
DENY_UNIFIED = "2.6.5"
USER_PROFILE = "2.10.4"
CRYPTO_MANAGER = "2.17.3"
PHONE_CODE = "2.21.2"
AVATAR_FILL_IN = "2.21.2"
ENCRYPTED_STORAGE = "2.21.3"
ERRNO = "2.24.0"
CACHE_MANAGER = "2.24.0"
REALTIME_PHONE = "2.24.4"
PROFILE_DEMOTED = "2.27.1"
PRIVACY = "2.32.3"


def at_least(version: str, wanted: str) -> bool:
    """Say whether a base library is ``wanted`` or newer."""
    return _numbers(version) >= _numbers(wanted)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def user_info_is_real(published_at: float) -> bool:
    """Say whether getUserInfo still gives real data to a version."""
    return published_at < USER_INFO_ANONYMOUS


def user_profile_is_real(published_at: float, library: str) -> bool:
    """Say whether getUserProfile still gives real data to a version."""
    return published_at < PROFILE_ANONYMOUS or not at_least(library, PROFILE_DEMOTED)


def privacy_applies(now: float, library: str, *, opted_in: bool) -> bool:
    """Say whether private calls are intercepted until the contract is agreed to."""
    return at_least(library, PRIVACY) and (opted_in or now >= PRIVACY_ENFORCED)
