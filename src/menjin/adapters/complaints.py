"""What the log says of a WeChat or a store that cannot be reached: at most one line a minute, and no secret."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import aiohttp

from menjin.clock import Stopwatch, SystemStopwatch

_LOG = logging.getLogger("menjin.wechat")
_QUIET_SECONDS = 60.0
_KINDS: tuple[tuple[type[BaseException], str], ...] = (  # the narrow ones first
    (aiohttp.ClientConnectorDNSError, "DNS"),
    (aiohttp.ClientSSLError, "TLS"),
    (TimeoutError, "timeout"),
)


def name_kind(error: BaseException) -> str:
    """Return what sort of failure it is: DNS, TLS, timeout, refused or broken."""
    for kind, name in _KINDS:
        if isinstance(error, kind):
            return name
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return "refused" if isinstance(cause, ConnectionRefusedError) else "broken"


class _Quiet:
    """Lets one line through a minute."""

    def __init__(self, stopwatch: Stopwatch | None) -> None:
        self._stopwatch = stopwatch or SystemStopwatch()
        self._told_at: float | None = None

    def may_tell(self) -> bool:
        """Whether the last line is a minute old, or there was none; a line follows."""
        now = self._stopwatch.seconds()
        if self._told_at is not None and now - self._told_at < _QUIET_SECONDS:
            return False
        self._told_at = now
        return True


class Outage:
    """Tells of a store that it cannot be used: the first time, then once a minute at most, and when it is over.

    Args:
        log: Where.
        name: The store's.
        stopwatch: For the minute.
    """

    def __init__(self, log: logging.Logger, name: str, stopwatch: Stopwatch | None = None) -> None:
        self._log = log
        self._name = name
        self._quiet = _Quiet(stopwatch)
        self._is_open = False
        self._unsaid = 0

    def tell(self, cause: str) -> None:
        """Log a failure by its kind, unless that was done a moment ago."""
        if not self._quiet.may_tell():
            self._unsaid += 1
            return
        more = f" ({self._unsaid} more since the last line)" if self._unsaid else ""
        self._is_open, self._unsaid = True, 0
        self._log.error("%s cannot be used: %s%s 无法使用", self._name, cause, more)

    def end(self) -> None:
        """Log that the store answers again, if it was said that it does not."""
        if self._is_open:
            self._is_open = False
            self._log.warning("%s can be used again 已恢复", self._name)


class Complaints:
    """Tells the first failure, and then one a minute at most; never a path, a query or an error's own words."""

    def __init__(self, stopwatch: Stopwatch | None = None) -> None:
        self._quiet = _Quiet(stopwatch)

    def tell(self, url: str, kind: str) -> None:
        """Log that the host of `url` cannot be reached, unless that was said a moment ago."""
        if self._quiet.may_tell():
            _LOG.warning("WeChat cannot be reached: host=%s kind=%s 无法连接微信", _read_host(url), kind)


def _read_host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return "-"
