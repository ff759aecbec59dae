"""vectors/errcodes.json and the library's table say the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from menjin.errors import (
    AppMisconfigured,
    LoginCodeInvalid,
    LoginCodeUsed,
    QuotaExceeded,
    UnknownWeChatError,
    UserBlocked,
    WeChatBusy,
    WeChatError,
)
from menjin.wechat.errcodes import ERRCODES, to_error, to_login_error
from support.sealing import load_cases

NOW = datetime(2026, 11, 21, 8, 0, 30, tzinfo=UTC)
CASES = [case for case in load_cases("errcodes") if case["errcode"] != 0]
BY_CLASS = {"backoff": WeChatBusy, "next_minute": QuotaExceeded, "next_day": QuotaExceeded, "config": AppMisconfigured}


def test_the_tables_hold_the_same_numbers() -> None:
    """Every number but 0, once, in both."""
    numbers = [case["errcode"] for case in CASES]
    assert len(numbers) == len(set(numbers)) == 59
    assert set(numbers) == set(ERRCODES)


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case["errcode"])) for case in CASES])
def test_a_number_has_the_same_class_and_its_error(case: dict[str, Any]) -> None:
    """The retry class is the same, and the error it becomes follows the class."""
    number = case["errcode"]
    assert ERRCODES[number].retry.value == case["retry"]
    assert ERRCODES[number].number == number
    assert ERRCODES[number].meaning
    error = to_error(number, case["errmsg"], NOW)
    assert isinstance(error, WeChatError)
    assert error.errcode == number
    assert isinstance(error, BY_CLASS.get(case["retry"], WeChatError))
    assert error.retryable == (case["retry"] in {"backoff", "next_minute", "next_day"})
    assert case["errmsg"] not in str(error)


def test_a_login_codes_own_numbers() -> None:
    """40163 is a used code; 40029 and 41008 an invalid one; 40226 a blocked person; the rest as everywhere."""
    assert isinstance(to_login_error(40163, "", NOW), LoginCodeUsed)
    assert isinstance(to_login_error(40029, "", NOW), LoginCodeInvalid)
    assert isinstance(to_login_error(41008, "", NOW), LoginCodeInvalid)
    assert isinstance(to_login_error(40226, "", NOW), UserBlocked)
    for number in set(ERRCODES) - {40163, 40029, 41008}:
        assert type(to_login_error(number, "", NOW)) is type(to_error(number, "", NOW))


@pytest.mark.parametrize("number", [-2, 1, 2, 99999, 40030, 10**12, -(10**12)])
def test_an_unknown_number_stays_unknown(number: int) -> None:
    """It keeps its number and its rid, and is never retried."""
    error = to_error(number, "strange, rid: 617682e0-09059ac5-34a8e2ea", NOW)
    assert isinstance(error, UnknownWeChatError)
    assert error.errcode == number
    assert error.rid == "617682e0-09059ac5-34a8e2ea"
    assert not error.retryable
    assert error.action == "none"
