"""What a failed call for a token means: how long to wait, what a reader is told, and whom to wake."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from menjin.access_tokens import rules
from menjin.access_tokens.figures import TokenFigures
from menjin.access_tokens.model import Record, Trouble
from menjin.errors import AppMisconfigured, HeldBack, MenjinError, QuotaExceeded, WeChatError
from menjin.values import AppId
from menjin.wechat.errcodes import to_error

_LOG = logging.getLogger("menjin.access_tokens")
_MANY = 5


def read_trouble(before: Trouble | None, error: MenjinError, now: datetime, figures: TokenFigures) -> Trouble:
    """Return the trouble after a failed call."""
    least = timedelta(0)
    if isinstance(error, QuotaExceeded):
        least = min(error.retry_after, figures.config_back_off)
    elif isinstance(error, AppMisconfigured):
        least = figures.config_back_off
    errcode, rid = (error.errcode, error.rid) if isinstance(error, WeChatError) else (0, None)
    return rules.find_trouble(before, errcode, now, figures, rid=rid, least=least)


class Alarm:
    """Tells an operator, once a trouble whatever the number of processes: the trouble is in the shared record."""

    def __init__(self) -> None:
        self._over_budget: set[AppId] = set()

    def to_error(self, trouble: Trouble, now: datetime) -> MenjinError:
        """Return what a reader is told while no call may go."""
        if not trouble.errcode:
            return HeldBack(trouble.retry_at - now)
        return to_error(trouble.errcode, f"rid: {trouble.rid}" if trouble.rid else "", now)

    def is_misconfigured(self, record: Record | None, now: datetime) -> bool:
        """Whether WeChat refused the app itself, which an operator may have mended since."""
        trouble = record.trouble if record is not None else None
        return trouble is not None and isinstance(self.to_error(trouble, now), AppMisconfigured)

    def tell(self, appid: AppId, before: Trouble | None, trouble: Trouble, error: MenjinError) -> None:
        """Log a failed call: an alert where an operator must act, if this is news."""
        needs_hand = isinstance(error, AppMisconfigured | QuotaExceeded) or trouble.failures == _MANY
        is_news = before is None or before.errcode != trouble.errcode or trouble.failures == _MANY
        if needs_hand and is_news:
            _LOG.error("an operator must act: no access_token for app=%s: %s", appid, error)
        elif is_news:
            _LOG.warning("no access_token for app=%s: %s; trying again", appid, error)

    def tell_end(self, appid: AppId, before: Trouble | None) -> None:
        """Log that a token came again, if there was trouble."""
        self._over_budget.discard(appid)
        if before is not None:
            _LOG.warning("WeChat gives access_tokens again for app=%s", appid)

    def tell_budget(self, appid: AppId, retry_after: timedelta) -> None:
        """Log that our own budget is spent, once a process and spell."""
        if appid not in self._over_budget:
            self._over_budget.add(appid)
            _LOG.error(
                "an operator must act: the budget of calls for access_tokens is spent, app=%s; next in %d s",
                appid,
                retry_after.total_seconds(),
            )
