"""How code2Session's answers are read: by content, and never trusting a type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menjin.errors import (
    AnswerUnreadable,
    AppMisconfigured,
    ConnectFailed,
    LoginCodeInvalid,
    LoginCodeUsed,
    MenjinError,
    QuotaExceeded,
    UnknownWeChatError,
    UserBlocked,
    WeChatBusy,
)
from menjin.values import AppId, Secret
from menjin.wechat.endpoints import jscode2session
from menjin.wechat.endpoints.jscode2session import LoginExchange
from menjin.wechat.ports import HttpResponse
from menjin.wechat.wire import read_answer, read_errcode
from support.clock import START

OPENID, UNIONID, KEY = "oGZUI0egBJY1zhBYw2KhdUfwVJJE", "ocMvos6NjeKLIBqg5Mr9QjxrP1FA", "tiihtNczf5v6AKRyjwEUhQ=="
GOOD = {"session_key": KEY, "openid": OPENID}
LONE = "\ud800"


def read(answer: object, status: int = 200) -> LoginExchange:
    """Read an answer."""
    return jscode2session.read(HttpResponse(status, json.dumps(answer).encode()), START)


def error_of(answer: object, status: int = 200) -> type[MenjinError]:
    """Return the type of the error an answer becomes; its texts and chain hold none of the answer's values."""
    with pytest.raises(MenjinError) as caught:
        read(answer, status)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert KEY not in repr(caught.value) + str(caught.value)
    return type(caught.value)


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"errcode": 0},
        {"errcode": "0"},
        {"errcode": 0, "errmsg": "ok"},
        {"errcode": 0, "errmsg": None},
        {"expires_in": 7200},
        {"new": {"deep": [1, None]}},
        {"unionid": ""},
        {"unionid": None},
    ],
)
def test_success_is_errcode_0_absent_or_text(extra: dict[str, object]) -> None:
    """Extra keys and the order of keys make no difference."""
    for answer in ({**GOOD, **extra}, dict(reversed({**GOOD, **extra}.items()))):
        assert read(answer) == LoginExchange(OPENID, None, Secret(KEY))  # type: ignore[arg-type]  # as parsed
        assert read({**answer, "unionid": UNIONID}).unionid == UNIONID


def test_the_content_type_and_a_strange_status_have_no_say() -> None:
    """JSON is JSON, by any status."""
    for status in (200, 201, 302, 404, 500, 503):
        assert read(GOOD, status).openid == OPENID
        assert error_of({"errcode": 40029}, status) is LoginCodeInvalid


@pytest.mark.parametrize(
    ("errcode", "error"),
    [
        (-1, WeChatBusy),
        ("-1", WeChatBusy),
        (40029, LoginCodeInvalid),
        ("40029", LoginCodeInvalid),
        ("040029", LoginCodeInvalid),
        (40163, LoginCodeUsed),
        (40226, UserBlocked),
        (45011, QuotaExceeded),
        (40013, AppMisconfigured),
        (40125, AppMisconfigured),
        (41004, AppMisconfigured),
        (40002, AppMisconfigured),
        (40003, UnknownWeChatError),
        (77777, UnknownWeChatError),
        ("77777", UnknownWeChatError),
        (10**4000, UnknownWeChatError),
    ],
)
def test_an_errcode_becomes_its_error(errcode: object, error: type[MenjinError]) -> None:
    """As number and as text; the rest of the answer has no say."""
    assert error_of({"errcode": errcode, "errmsg": "any, rid: x"}) is error
    assert error_of({**GOOD, "errcode": errcode}) is error


@pytest.mark.parametrize(
    "errcode",
    [True, False, None, 0.0, 40029.0, 1.5, [], [40029], {}, "", "-", "--5", "-1-", "4x", " 40029", "+1", "４００２９"],
)
def test_an_errcode_of_another_type_is_unreadable(errcode: object) -> None:
    """A bool, a float, a list, a text that is no number: nothing is guessed."""
    assert error_of({**GOOD, "errcode": errcode}) is AnswerUnreadable
    assert error_of({**GOOD, "errcode": "9" * 5000}) is AnswerUnreadable


@pytest.mark.parametrize(
    "change",
    [
        {"openid": None},
        {"openid": ""},
        {"openid": 1},
        {"openid": [OPENID]},
        {"openid": OPENID + "\n"},
        {"openid": "o" * 65},
        {"openid": "short"},
        {"openid": LONE},
        {"unionid": 1},
        {"unionid": [UNIONID]},
        {"unionid": "short"},
        {"session_key": None},
        {"session_key": ""},
        {"session_key": 1},
        {"session_key": [KEY]},
        {"session_key": KEY + "\n"},
        {"session_key": KEY[:-2]},
        {"session_key": KEY[:-1] + "é"},
        {"session_key": KEY.replace("=", "")},
        {"session_key": "A" * 44},
        {"session_key": KEY[:4] + " " + KEY[4:]},
    ],
)
def test_success_must_hold_what_it_says(change: dict[str, object]) -> None:
    """An openid, a unionid or a session_key of another shape is unreadable, as is one that is not there."""
    assert error_of({**GOOD, **change}) is AnswerUnreadable
    for name in GOOD:
        assert error_of({key: value for key, value in GOOD.items() if key != name}) is AnswerUnreadable


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"ok"', b"<html>", b"\xff", b"{", b'{"errcode":0}{}', b"[" * 9**6]
)
def test_what_is_no_object_is_unreadable_or_a_gateways(body: bytes) -> None:
    """By a 5xx it is a gateway's: the connection failed; by any other status WeChat's answer is unreadable."""
    for status, error in ((200, AnswerUnreadable), (302, AnswerUnreadable), (404, AnswerUnreadable)):
        with pytest.raises(error):
            read_answer(HttpResponse(status, body))
    for status in (500, 502, 503, 599):
        with pytest.raises(ConnectFailed) as caught:
            read_answer(HttpResponse(status, body))
        assert caught.value.__context__ is None


def test_errmsg_is_bounded_and_text() -> None:
    """A long one is cut, one of another type is none."""
    assert read_errcode({"errcode": 1, "errmsg": "x" * 9999}) == (1, "x" * 500)
    assert read_errcode({"errcode": 1, "errmsg": ["x"]}) == (1, "")
    assert read_errcode({}) == (0, "")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([OPENID, UNIONID, KEY]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["errcode", "errmsg", "openid", "unionid", "session_key", "x"]), ANYTHING))
def test_any_answer_is_read_or_typed(answer: dict[str, Any]) -> None:
    """Whatever stands in the known keys: an exchange of good shape, or one of our errors."""
    try:
        found = read(answer)
    except MenjinError:
        return
    assert found.openid == answer["openid"]
    assert found.session_key == Secret(answer["session_key"])


def test_the_request_is_as_wechat_wants_it() -> None:
    """GET, everything in the query, no body, nothing else."""
    request = jscode2session.build("https://api.weixin.qq.com", AppId("wx1"), Secret("s"), "c")
    assert (request.method, request.url) == ("GET", "https://api.weixin.qq.com/sns/jscode2session")
    assert dict(request.query) == {"appid": "wx1", "secret": "s", "js_code": "c", "grant_type": "authorization_code"}
    assert request.body is None
