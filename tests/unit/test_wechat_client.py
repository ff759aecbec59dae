"""What is sent again and what never is, and when it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from menjin import App, AppId, FunctionHttp, Secret
from menjin.bridge import drive
from menjin.errors import (
    AnswerUnreadable,
    ConnectFailed,
    LoginCodeInvalid,
    MenjinError,
    QuotaExceeded,
    TimedOut,
    UnknownWeChatError,
    WeChatBusy,
)
from menjin.wechat.client import Caller, WeChat
from menjin.wechat.endpoints.jscode2session import LoginExchange
from menjin.wechat.ports import HttpRequest, HttpResponse
from support.clock import FakeClock, NoPause

APP = App(AppId("wxde30000000000001"), Secret("0" * 32))
GOOD = {"openid": "oGZUI0egBJY1zhBYw2KhdUfwVJJE", "session_key": "tiihtNczf5v6AKRyjwEUhQ=="}
BUSY = {"errcode": -1, "errmsg": "system error"}
Reply = Mapping[str, object] | type[MenjinError]


class Script:
    """An HTTP port that plays a list of replies, each after a while on the clock; the last one stays."""

    def __init__(self, clock: FakeClock, *replies: Reply, seconds: float = 0) -> None:
        self._clock, self._replies, self._seconds = clock, list(replies), seconds
        self.sent: list[HttpRequest] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Play the next reply."""
        self.sent.append(request)
        self._clock.advance(seconds=self._seconds)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, type):
            raise reply
        return HttpResponse(200, json.dumps(reply).encode())


class ClockPause(NoPause):
    """Turns the clock instead of waiting."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    async def pause(self, length: timedelta) -> None:
        """Take note and turn the clock."""
        await super().pause(length)
        self._clock.advance(seconds=length.total_seconds())


class Play:
    """A client on a script."""

    def __init__(self, *replies: Reply, seconds: float = 0) -> None:
        self.clock = FakeClock()
        self.begun = self.clock.now()
        self.script = Script(self.clock, *replies, seconds=seconds)
        self.pause = ClockPause(self.clock)
        caller = Caller(self.script, self.clock, self.pause, timedelta(seconds=3))
        self.wechat = WeChat(caller, self.clock)

    def exchange(self) -> LoginExchange:
        """Exchange a code."""
        return drive(self.wechat.exchange_login_code(APP, "the code"))

    def took(self) -> timedelta:
        """Return how long it took on the clock."""
        return self.clock.now() - self.begun


def test_an_explicit_minus_one_is_repeated_and_the_answer_taken() -> None:
    """-1 twice, then the answer: three requests, all alike, with waits between."""
    play = Play(BUSY, BUSY, GOOD)
    assert play.exchange().openid == GOOD["openid"]
    assert len(play.script.sent) == 3
    assert len({request.query for request in play.script.sent}) == 1
    assert play.pause.lengths == [timedelta(milliseconds=200), timedelta(milliseconds=600)]


def test_minus_one_for_ever_ends() -> None:
    """Three requests in all, then WeChatBusy, before the deadline."""
    play = Play(BUSY)
    with pytest.raises(WeChatBusy):
        play.exchange()
    assert len(play.script.sent) == 3
    assert play.took() < timedelta(seconds=3)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (TimedOut, TimedOut),
        (ConnectFailed, ConnectFailed),
        (AnswerUnreadable, AnswerUnreadable),
        ({"errcode": 0}, AnswerUnreadable),
        ({"errcode": 40029}, LoginCodeInvalid),
        ({"errcode": 45011}, QuotaExceeded),
        ({"errcode": 40003}, UnknownWeChatError),
        ({"errcode": 77777}, UnknownWeChatError),
    ],
)
def test_nothing_else_is_ever_sent_again(reply: Reply, error: type[MenjinError]) -> None:
    """After a lost answer the code may be spent; after any other errcode a repetition is of no use."""
    for replies, count in (((reply, GOOD), 1), ((BUSY, reply, GOOD), 2)):
        play = Play(*replies)
        with pytest.raises(error):
            play.exchange()
        assert len(play.script.sent) == count


@pytest.mark.parametrize("seconds", [0.1, 0.5, 0.9, 1.0, 1.4, 2.0, 2.6, 2.9, 3.0])
def test_the_deadline_holds_for_all_repetitions_together(seconds: float) -> None:
    """However slowly -1 is said, all is over in time; each request may take what is left, no more."""
    play = Play(BUSY, seconds=seconds)
    with pytest.raises((WeChatBusy, TimedOut)):
        play.exchange()
    end = play.begun + timedelta(seconds=3)
    passed = play.begun
    for request in play.script.sent:
        assert timedelta(0) < request.timeout <= timedelta(seconds=3)
        assert passed + request.timeout <= end
        passed += timedelta(seconds=seconds)
    assert len(play.script.sent) <= 3


def test_control_a_function_answers_as_a_server() -> None:
    """CONTROL: the same exchange over FunctionHttp, whose URL carries the whole query."""
    seen: list[str] = []

    def answer(method: str, url: str, body: bytes) -> tuple[int, bytes]:
        seen.append(f"{method} {url} {body!r}")
        return 200, json.dumps(GOOD).encode()

    clock = FakeClock()
    caller = Caller(FunctionHttp(answer), clock, NoPause(), timedelta(seconds=3))
    drive(WeChat(caller, clock, "http://x").exchange_login_code(APP, "a b&c"))
    query = f"appid={APP.appid}&secret={'0' * 32}&js_code=a+b%26c&grant_type=authorization_code"
    assert seen == [f"GET http://x/sns/jscode2session?{query} b''"]
