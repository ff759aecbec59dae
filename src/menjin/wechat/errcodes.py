"""WeChat's errcodes: what each means for the call that got it, and the error it becomes.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/ (tables of each API), and observation.
`vectors/errcodes.json` holds the same table for other languages; a test compares.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum

from menjin.errors import (
    Action,
    AppMisconfigured,
    LoginCodeInvalid,
    LoginCodeUsed,
    MenjinError,
    QuotaExceeded,
    UnknownWeChatError,
    UserBlocked,
    WeChatBusy,
)


class Retry(Enum):
    """What may be done with the call after its errcode."""

    TRANSIENT = "backoff"
    TOKEN = "refresh_token"  # noqa: S105 - a class of errcodes
    CODE = "new_code"
    SESSION = "relogin"
    MINUTE = "next_minute"
    DAY = "next_day"
    CONFIG = "config"
    NO = "no"

    @property
    def retryable(self) -> bool:
        """Whether the same call, unchanged, may be sent again in the same breath."""
        return self is Retry.TRANSIENT

    @property
    def action(self) -> Action:
        """What the mini program does when this class reaches it."""
        return "login" if self in {Retry.CODE, Retry.SESSION} else "none"


@dataclass(frozen=True, slots=True)
class Errcode:
    """One row of the table."""

    number: int
    retry: Retry
    meaning: str


_T, _C, _N = Retry.TRANSIENT, Retry.CONFIG, Retry.NO
_ROWS = (
    Errcode(-1, _T, "busy"),
    Errcode(1, _N, "no such encrypted data"),
    Errcode(1000, _T, "plugin: system error"),
    Errcode(1001, _N, "plugin: invalid parameter"),
    Errcode(1003, _T, "plugin: too frequent"),
    Errcode(1005, _N, "plugin: appid mismatch"),
    Errcode(1007, Retry.CODE, "plugin: no openpid"),
    Errcode(1022, _N, "plugin: not JSON"),
    Errcode(40001, Retry.TOKEN, "access_token wrong or replaced"),
    Errcode(40002, _N, "wrong grant_type"),
    Errcode(40003, _N, "wrong openid"),
    Errcode(40013, _C, "wrong appid"),
    Errcode(40014, Retry.TOKEN, "access_token malformed"),
    Errcode(40029, Retry.CODE, "code unknown or expired"),
    Errcode(40097, _N, "wrong arguments"),
    Errcode(40125, _C, "wrong app_secret"),
    Errcode(40163, Retry.CODE, "code used before"),
    Errcode(40164, _C, "address not on the app's list"),
    Errcode(40226, _N, "person blocked"),
    Errcode(40230, _N, "API signature: serial missing"),
    Errcode(40231, _N, "API signature: timestamp missing"),
    Errcode(40232, _N, "API signature: signature missing"),
    Errcode(40233, _N, "API signature: appid missing"),
    Errcode(40234, _N, "API signature: does not verify"),
    Errcode(40235, _N, "API encryption: does not open"),
    Errcode(40236, _N, "API signature: wrong appid"),
    Errcode(40237, _N, "API signature: appids differ"),
    Errcode(40238, _C, "API encryption: no symmetric key"),
    Errcode(40239, _C, "API signature: no asymmetric key"),
    Errcode(40240, _N, "API signature: timestamp expired"),
    Errcode(40243, _C, "app_secret frozen"),
    Errcode(41001, _N, "access_token missing"),
    Errcode(41002, _N, "appid missing"),
    Errcode(41004, _N, "app_secret missing"),
    Errcode(41008, _N, "code missing"),
    Errcode(42001, Retry.TOKEN, "access_token expired"),
    Errcode(43001, _N, "GET required"),
    Errcode(43002, _N, "POST required"),
    Errcode(44002, _N, "empty body"),
    Errcode(45009, Retry.DAY, "day quota used up"),
    Errcode(45011, Retry.MINUTE, "minute quota used up"),
    Errcode(47001, _N, "body unreadable"),
    Errcode(48001, _C, "API not granted to the app"),
    Errcode(48006, _N, "quota clearing used up"),
    Errcode(50002, _C, "app limited"),
    Errcode(50004, _C, "access_token API forbidden"),
    Errcode(50007, _C, "app frozen"),
    Errcode(61010, _N, "person not seen lately"),
    Errcode(76001, _N, "rid not found"),
    Errcode(76021, _N, "path not found"),
    Errcode(76022, _N, "path not permitted"),
    Errcode(87007, Retry.SESSION, "session_key dead"),
    Errcode(87008, _N, "wrong sig_method"),
    Errcode(87009, Retry.SESSION, "signature wrong: not the current session_key"),
    Errcode(89002, _C, "app bound to no Open Platform account"),
    Errcode(89300, _N, "no such trade"),
    Errcode(89503, _C, "administrator must confirm"),
    Errcode(89506, _C, "administrator refused for a day"),
    Errcode(89507, _C, "administrator refused for an hour"),
)
ERRCODES = {row.number: row for row in _ROWS}

# Our own call was malformed: as much an operator's matter as a wrong app_secret.
_OUR_FAULT = frozenset({40002, 41001, 41002, 41004, 41008, 43001, 43002, 44002, 47001, 87008})
_BEIJING = timezone(timedelta(hours=8))
_RID = re.compile(r"rid: ([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})")


def read_rid(errmsg: str) -> str | None:
    """Return the request id at the end of an errmsg, or None."""
    found = _RID.search(errmsg)
    return found[1] if found else None


def until_next_window(retry: Retry, now: datetime) -> timedelta:
    """Return how long a minute or day (Beijing) limit still holds at `now`."""
    local = now.astimezone(_BEIJING)
    if retry is Retry.DAY:
        start = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return start + timedelta(days=1) - local
    return timedelta(minutes=1) - timedelta(seconds=local.second, microseconds=local.microsecond)


def to_error(errcode: int, errmsg: str, now: datetime) -> MenjinError:
    """Return the error an errcode becomes; an unknown number stays unknown.

    Args:
        errcode: WeChat's number, not 0.
        errmsg: WeChat's text; only its rid is read.
        now: For the end of a quota's window.
    """
    rid = read_rid(errmsg)
    row = ERRCODES.get(errcode)
    if row is None:
        return UnknownWeChatError(errcode, errmsg, rid)
    if errcode == 40226:  # noqa: PLR2004 - WeChat's number, named in the table
        return UserBlocked(errcode, errmsg, rid)
    if row.retry is Retry.TRANSIENT:
        return WeChatBusy(errcode, errmsg, rid)
    if row.retry in {Retry.MINUTE, Retry.DAY}:
        return QuotaExceeded(errcode, errmsg, rid, retry_after=until_next_window(row.retry, now))
    if row.retry in {Retry.CONFIG, Retry.TOKEN} or errcode in _OUR_FAULT:
        return AppMisconfigured(errcode, errmsg, rid)
    return UnknownWeChatError(errcode, errmsg, rid)


def is_token_refused(errcode: int) -> bool:
    """Whether the call failed for its access_token alone: renew once, repeat once."""
    row = ERRCODES.get(errcode)
    return row is not None and row.retry is Retry.TOKEN


def to_login_error(errcode: int, errmsg: str, now: datetime) -> MenjinError:
    """Return the error of a code2Session call: a login_code's own errcodes first, then `to_error`."""
    if errcode == 40163:  # noqa: PLR2004 - WeChat's number, named in the table
        return LoginCodeUsed()
    if errcode in {40029, 41008}:
        return LoginCodeInvalid()
    return to_error(errcode, errmsg, now)
