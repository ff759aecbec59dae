"""What the log says of a WeChat that cannot be reached: host and kind, at most one line a minute."""

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


class Complaints:
    """Tells the first failure, and then one a minute at most; never a path, a query or an error's own words."""

    def __init__(self, stopwatch: Stopwatch | None = None) -> None:
        self._stopwatch = stopwatch or SystemStopwatch()
        self._told_at: float | None = None

    def tell(self, url: str, kind: str) -> None:
        """Log that the host of `url` cannot be reached, unless that was said a moment ago."""
        now = self._stopwatch.seconds()
        if self._told_at is not None and now - self._told_at < _QUIET_SECONDS:
            return
        self._told_at = now
        _LOG.warning("WeChat cannot be reached: host=%s kind=%s 无法连接微信", _read_host(url), kind)


def _read_host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return "-"
