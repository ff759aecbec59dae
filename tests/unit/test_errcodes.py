"""The windows of WeChat's quotas, and what a class asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menjin.errors import QuotaExceeded
from menjin.wechat.errcodes import Retry, to_error, until_next_window


@pytest.mark.parametrize(
    ("retry", "now", "left"),
    [
        (Retry.MINUTE, datetime(2026, 11, 21, 8, 0, 30, tzinfo=UTC), timedelta(seconds=30)),
        (Retry.MINUTE, datetime(2026, 11, 21, 8, 0, 0, tzinfo=UTC), timedelta(minutes=1)),
        (Retry.MINUTE, datetime(2026, 11, 21, 8, 0, 59, 999999, tzinfo=UTC), timedelta(microseconds=1)),
        (Retry.DAY, datetime(2026, 11, 21, 15, 59, 59, tzinfo=UTC), timedelta(seconds=1)),
        (Retry.DAY, datetime(2026, 11, 21, 16, 0, 0, tzinfo=UTC), timedelta(days=1)),
        (Retry.DAY, datetime(2026, 11, 21, 0, 0, 0, tzinfo=UTC), timedelta(hours=16)),
        (Retry.DAY, datetime(2026, 12, 31, 15, 30, 0, tzinfo=UTC), timedelta(minutes=30)),
    ],
)
def test_a_quota_ends_with_its_window(retry: Retry, now: datetime, left: timedelta) -> None:
    """A minute's at the next full minute, a day's at midnight in Beijing (16:00 UTC)."""
    assert until_next_window(retry, now) == left


@given(st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis adds the zone
def test_a_window_is_never_over_nor_longer_than_itself(now: datetime) -> None:
    """Always more than nothing and at most a minute or a day."""
    assert timedelta(0) < until_next_window(Retry.MINUTE, now) <= timedelta(minutes=1)
    assert timedelta(0) < until_next_window(Retry.DAY, now) <= timedelta(days=1)
    error = to_error(45009, "", now)
    assert isinstance(error, QuotaExceeded)
    assert error.retry_after == until_next_window(Retry.DAY, now)


def test_only_a_transient_class_is_repeated_and_only_codes_ask_for_a_login() -> None:
    """Each class's retryability and action."""
    assert {retry for retry in Retry if retry.retryable} == {Retry.TRANSIENT}
    assert {retry for retry in Retry if retry.action == "login"} == {Retry.CODE, Retry.SESSION}
    assert {retry.action for retry in Retry} == {"login", "none"}
