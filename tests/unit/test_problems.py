"""Error to problem: language, action, Retry-After, and nothing that must not be shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menjin import errors
from menjin.errors import Fault, MenjinError
from menjin.problems import TABLE, choose_language, to_problem

CANARY = "canary-of-wechat"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("en", "en"),
        ("EN-us", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("zh;q=0.5, en;q=0.6", "en"),
        ("en;q=0.5,zh;q=0.5", "en"),
        ("zh;q=0.5,en;q=0.5", "zh"),
        ("en;q=0", "zh"),
        ("zh;q=0,en;q=0.1", "en"),
        ("fr", "zh"),
        ("fr,en;q=0.1", "en"),
        ("*", "zh"),
        ("eng", "zh"),
        ("en;q=x", "zh"),
        ("en;q=nan", "zh"),
        ("en;q=", "zh"),
        ("en;q=-1", "zh"),
        (" en ; q=0.7 , zh ; q=0.2 ", "en"),
        (",,;;q=1,en", "en"),
    ],
)
def test_a_language_is_chosen(header: str, language: str) -> None:
    """Chinese unless English is preferred; what cannot be read has no weight."""
    assert choose_language(header) == language


@given(st.text(max_size=60) | st.text(alphabet="enzh-;q=0.15, *", max_size=60))
def test_any_header_gives_a_language(header: str) -> None:
    """Never an error."""
    assert choose_language(header) in {"zh", "en"}


def every_error() -> Iterator[MenjinError]:
    """Yield one of each class of the tree."""
    waiting: list[type[MenjinError]] = [MenjinError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if issubclass(kind, errors.QuotaExceeded):
            yield kind(45009, CANARY, retry_after=timedelta(seconds=61.5))
        elif issubclass(kind, errors.WeChatError):
            yield kind(40013, CANARY, "617682e0-09059ac5-34a8e2ea")
        elif issubclass(kind, (errors.TooManyAttempts, errors.HeldBack)):
            yield kind(timedelta(seconds=0.2))
        elif issubclass(kind, errors.ConfigurationError):
            continue  # raised at start; never an answer
        elif issubclass(kind, errors.RequestInvalid):
            yield kind(Fault("a", "is wrong"))
        else:
            yield kind()


@pytest.mark.parametrize("error", [pytest.param(one, id=type(one).__name__) for one in every_error()])
def test_each_error_has_its_problem(error: MenjinError) -> None:
    """The table's status, action and titles; WeChat's text nowhere."""
    entry = TABLE[error.code]
    assert entry.action == error.action
    for language, title in (("zh", entry.zh), ("en", entry.en)):
        problem = to_problem(error, language=language, request_id="r")
        expected = {"status": entry.status, "code": error.code, "action": entry.action, "title": title}
        assert expected.items() <= problem.body.items()
        assert problem.status == entry.status
        assert problem.body["request_id"] == "r"
        assert CANARY not in repr(problem)


def test_retry_after_is_whole_seconds_and_at_least_one() -> None:
    """Rounded up, in the body and for the header; where nothing is known, neither."""
    quota = errors.QuotaExceeded(45009, retry_after=timedelta(seconds=61.5))
    assert to_problem(quota, language="zh", request_id="r").retry_after == 62
    short = to_problem(errors.TooManyAttempts(timedelta(seconds=0.2)), language="zh", request_id="r")
    assert (short.retry_after, short.body["retry_after"]) == (1, 1)
    plain = to_problem(errors.TimedOut(), language="zh", request_id="r")
    assert plain.retry_after is None
    assert "retry_after" not in plain.body


@pytest.mark.parametrize("error", [pytest.param(one, id=type(one).__name__) for one in every_error()])
def test_a_failed_login_is_never_repeated_with_the_same_code(error: MenjinError) -> None:
    """On POST /v1/sessions no action is `retry`: a fresh login_code is the only cure."""
    problem = to_problem(error, language="zh", request_id="r", signing_in=True)
    if isinstance(error, errors.SessionInvalid):
        return  # cannot come of a login
    assert problem.body["action"] != "retry"
    if error.retryable or isinstance(error, errors.TransportError):
        assert problem.body["action"] == "login"


def test_faults_of_a_request_are_listed() -> None:
    """Where, and what."""
    problem = to_problem(errors.RequestInvalid(Fault("a", "x"), Fault("b", "y")), language="en", request_id="r")
    assert problem.body["faults"] == [{"where": "a", "problem": "x"}, {"where": "b", "problem": "y"}]
