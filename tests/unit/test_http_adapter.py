"""The HTTP port against a WeChat that misbehaves: typed errors in time, no secret anywhere, and life goes on."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from menjin.adapters.http import AiohttpHttp, BlockingHttp
from menjin.bridge import drive
from menjin.errors import AnswerUnreadable, ConnectFailed, HeldBack, MenjinError, TimedOut
from menjin.values import AppId, Secret
from menjin.wechat.endpoints import jscode2session
from menjin.wechat.ports import HttpRequest, HttpResponse
from support.doors import Colour
from support.faulty_wechat import (
    ANSWER_CANARY,
    ANSWERS,
    BROKEN,
    GOOD,
    SLOW,
    TOO_LARGE,
    FaultyWeChat,
    closed_port,
)

PROMISED = 3.2
URL_CANARY = "canary-of-the-url"
BODY_CANARY = "canary-of-the-body"
CANARIES = (ANSWER_CANARY, URL_CANARY, BODY_CANARY)
UNREADABLE = ["/html", "/list", "/null", "/types", "/empty", "/gbk", "/redirect", "/redirect-away"]
Send = Callable[[HttpRequest], HttpResponse]


@pytest.fixture
def wechat() -> Iterator[FaultyWeChat]:
    """A faulty WeChat."""
    with FaultyWeChat() as found:
        yield found


@pytest.fixture
def send(colour: Colour) -> Iterator[Send]:
    """The adapter of a colour, as a function that blocks."""
    if colour == "sync":
        blocking = BlockingHttp()
        yield lambda request: drive(blocking.send(request))
        blocking.close()
        return
    http = AiohttpHttp()
    with asyncio.Runner(debug=True) as runner:
        yield lambda request: runner.run(http.send(request))
        runner.run(http.close())


def ask(wechat: FaultyWeChat, path: str, method: Any = "POST") -> HttpRequest:  # noqa: ANN401 - a literal
    """Return a request full of secrets."""
    query = (("secret", URL_CANARY), ("js_code", "a+b &=é"))
    return HttpRequest(method, wechat.url + path, query, BODY_CANARY.encode() if method == "POST" else None)


def failure_of(send: Send, request: HttpRequest) -> MenjinError:
    """Return the error of a request."""
    begun = time.monotonic()  # noqa: TID251 - a promised deadline is measured by the machine's clock
    with pytest.raises(MenjinError) as caught:
        jscode2session.read(send(request), datetime.now(UTC))  # noqa: TID251 - the time has no part in it
    assert time.monotonic() - begun < PROMISED  # noqa: TID251 - as above
    return caught.value


def chain_of(error: BaseException) -> list[BaseException]:
    """Return an error and everything that hangs on it."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__]
    return found


def tells_nothing(error: BaseException, log: str) -> bool:
    """Whether no canary stands in the log, and neither canary nor address in the error or what hangs on it."""
    texts = []
    for one in chain_of(error):
        texts += [str(one), repr(one), repr(one.args), repr(vars(one)), repr(getattr(one, "__notes__", ""))]
    hidden = (*CANARIES, "js_code")
    return not any(canary in text for canary in hidden for text in [*texts, log]) and "127.0.0.1" not in str(texts)


@pytest.mark.parametrize("path", [*UNREADABLE, "/html500", "/json502", *BROKEN, *TOO_LARGE, "/reset", "/endless-body"])
def test_each_misdeed_is_typed_and_a_good_answer_works_afterwards(
    wechat: FaultyWeChat, send: Send, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A typed error in time, of which nothing can be learned; the next request is served."""
    caplog.set_level(logging.DEBUG)
    error = failure_of(send, ask(wechat, path))
    expected: type[MenjinError] = ConnectFailed
    if path in {*UNREADABLE, *TOO_LARGE, "/endless-body", "/json502"}:
        expected = AnswerUnreadable
    assert type(error) is expected
    assert tells_nothing(error, caplog.text)
    assert send(ask(wechat, "/good")) == HttpResponse(200, GOOD)


def test_the_deadline_holds_for_the_whole_answer(
    wechat: FaultyWeChat, colour: Colour, caplog: pytest.LogCaptureFixture
) -> None:
    """Hanging, dripping and endless headers, at once: each TimedOut (or broken off) within 3.2 s; life goes on."""
    caplog.set_level(logging.DEBUG)
    paths = [*SLOW, "/endless-headers", "/good"]
    requests = [ask(wechat, path) for path in paths]
    measured = in_threads(requests) if colour == "sync" else asyncio.run(in_tasks(requests), debug=True)
    for path, (outcome, seconds) in zip(paths, measured, strict=True):
        assert seconds < PROMISED
        if path == "/good":
            assert outcome == HttpResponse(200, GOOD)
            continue
        assert isinstance(outcome, TimedOut if path in SLOW else (TimedOut, ConnectFailed))
        assert tells_nothing(outcome, caplog.text)


Measured = list[tuple[HttpResponse | MenjinError, float]]


class Watched:
    """A departure that keeps what it is told."""

    def __init__(self, *, may_go: bool) -> None:
        self._may_go = may_go
        self.gone = 0

    def may_go(self) -> bool:
        """Whether it may."""
        return self._may_go

    def note_gone(self) -> None:
        """Count."""
        self.gone += 1


@pytest.mark.parametrize("path", ["/good", "/silent", "/html500"])
def test_a_departure_is_told_once_whatever_comes_back(wechat: FaultyWeChat, send: Send, path: str) -> None:
    """The request left, and its departure knows, though the answer may be lost."""
    departure = Watched(may_go=True)
    with suppress(MenjinError):
        send(replace(ask(wechat, path), departure=departure))
    assert departure.gone == 1


def test_a_departure_that_says_no_keeps_the_request_here(wechat: FaultyWeChat, send: Send) -> None:
    """HeldBack, and WeChat never hears of it."""
    departure = Watched(may_go=False)
    assert isinstance(failure_of(send, replace(ask(wechat, "/good"), departure=departure)), HeldBack)
    assert departure.gone == 0
    assert wechat.seen == []


def test_a_request_that_never_left_is_not_told_gone(send: Send) -> None:
    """Nobody listens: there was no departure."""
    departure = Watched(may_go=True)
    request = HttpRequest("GET", f"http://127.0.0.1:{closed_port()}/x", departure=departure)
    assert isinstance(failure_of(send, request), ConnectFailed)
    assert departure.gone == 0


def in_threads(requests: list[HttpRequest]) -> Measured:
    """Send by BlockingHttp, each in a thread; return outcome and seconds of each."""
    http = BlockingHttp()
    with ThreadPoolExecutor(len(requests)) as pool:
        found = list(pool.map(lambda request: drive(measure(http, request)), requests))
    http.close()
    return found


async def in_tasks(requests: list[HttpRequest]) -> Measured:
    """Send by AiohttpHttp, each in a task."""
    http = AiohttpHttp()
    found = list(await asyncio.gather(*(measure(http, request) for request in requests)))
    await http.close()
    return found


async def measure(http: AiohttpHttp | BlockingHttp, request: HttpRequest) -> tuple[HttpResponse | MenjinError, float]:
    """Return what came of a request, and after how many seconds."""
    begun = time.monotonic()  # noqa: TID251 - a promised deadline is measured by the machine's clock
    try:
        outcome: HttpResponse | MenjinError = await http.send(request)
    except MenjinError as error:
        outcome = error
    return outcome, time.monotonic() - begun  # noqa: TID251 - as above


@pytest.mark.parametrize("path", ["/silent", "/cut-head", "/reset", "/cut"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_ever_sent_twice(wechat: FaultyWeChat, send: Send, path: str, method: str) -> None:
    """A kept connection that breaks under a request is not tried again: the one-time code may be spent."""
    for _ in range(2):
        assert send(ask(wechat, "/good", method)).status == 200
        assert isinstance(failure_of(send, ask(wechat, path, method)), ConnectFailed)
    assert [target.partition("?")[0] for target in wechat.seen] == ["/good", path] * 2


@pytest.mark.parametrize("host", ["http://127.0.0.1:{port}", "http://name.invalid:{port}", "https://127.0.0.1:{port}"])
def test_nobody_there_is_connect_failed(send: Send, host: str, caplog: pytest.LogCaptureFixture) -> None:
    """A closed port, a name nobody has: ConnectFailed, at once, and nothing of the URL in it."""
    caplog.set_level(logging.DEBUG)
    url = host.format(port=closed_port())
    error = failure_of(send, HttpRequest("GET", url + "/x", (("secret", URL_CANARY),)))
    assert type(error) is ConnectFailed
    assert tells_nothing(error, caplog.text)


def test_tls_with_somebody_who_speaks_none_is_typed(wechat: FaultyWeChat, send: Send) -> None:
    """A server behind https that waits for plain HTTP: no connection within a second."""
    url = wechat.url.replace("http:", "https:")
    error = failure_of(send, HttpRequest("GET", url + "/x", (("secret", URL_CANARY),)))
    assert isinstance(error, (ConnectFailed, TimedOut))
    assert tells_nothing(error, "")


@pytest.mark.parametrize(
    "url", ["", "no url", "http://", "ftp://127.0.0.1/", "http://127.0.0.1:99999/", "http://[::1/"]
)
def test_a_url_that_is_none_is_typed(send: Send, url: str) -> None:
    """A base_url that cannot work is no raw ValueError of somebody else's."""
    error = failure_of(send, HttpRequest("GET", url, (("secret", URL_CANARY),)))
    assert isinstance(error, ConnectFailed)
    assert tells_nothing(error, "")


def test_good_answers(wechat: FaultyWeChat, send: Send) -> None:
    """Any content type will do; the query arrives encoded once; redirects are not followed; cookies are not kept."""
    for path in ("/plain", "/cookie", "/good"):
        assert send(ask(wechat, path, "GET")) == HttpResponse(200, GOOD)
    assert wechat.seen[0] == "/plain?secret=canary-of-the-url&js_code=a%2Bb+%26%3D%C3%A9"
    assert send(ask(wechat, "/redirect")).status == 302
    assert send(ask(wechat, "/redirect-away")).status == 307
    assert [target.partition("?")[0] for target in wechat.seen[3:]] == ["/redirect", "/redirect-away"]
    assert set(ANSWERS) >= {"/plain", "/cookie"}


def test_control_the_canaries_would_be_seen(wechat: FaultyWeChat) -> None:
    """CONTROL: an error that carries the URL, or one that hangs on such, or a log line, is found out."""
    carrying = ValueError(f"failed: {wechat.url}/x?secret={URL_CANARY}")
    hanging = ConnectFailed()
    hanging.__context__ = carrying
    assert not tells_nothing(carrying, "")
    assert not tells_nothing(hanging, "")
    assert not tells_nothing(ConnectFailed(), f"GET {URL_CANARY}")
    assert tells_nothing(ConnectFailed(), "")


def test_the_request_and_the_answer_hide_themselves(wechat: FaultyWeChat) -> None:
    """Repr of a request shows method and path; of a response its status."""
    request = jscode2session.build(wechat.url, AppId("wx1"), Secret(URL_CANARY), "the-code")
    assert URL_CANARY not in repr(request)
    assert "the-code" not in repr(request)
    assert ANSWER_CANARY not in repr(HttpResponse(200, ANSWER_CANARY.encode()))
