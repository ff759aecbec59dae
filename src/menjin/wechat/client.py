"""WeChat's server API as typed calls, over the HTTP port.

A call that consumes a one-time code is repeated only after an explicit -1; after a lost answer it is not,
since WeChat may have consumed the code.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from menjin.apps import App
from menjin.clock import Clock, Pause
from menjin.errors import TimedOut, WeChatBusy
from menjin.values import AppId
from menjin.wechat.endpoints import jscode2session
from menjin.wechat.endpoints.jscode2session import LoginExchange
from menjin.wechat.ports import Gate, HttpPort, HttpRequest, HttpResponse

WECHAT = "https://api.weixin.qq.com"
_BACK_OFF = (timedelta(milliseconds=200), timedelta(milliseconds=600))
_LEAST_TIME = timedelta(milliseconds=500)

T = TypeVar("T")


class OpenGate:
    """Lets every call through."""

    async def run(self, _appid: AppId, _api: str, _left: timedelta, work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` does."""
        return await work()


class Caller:
    """Sends a request and reads its answer, repeated while WeChat says -1, all within one deadline.

    Args:
        http: Who carries the requests.
        deadline: For a whole call, its repetitions included.
        gate: Asked before each request.
    """

    def __init__(
        self, http: HttpPort, clock: Clock, pause: Pause, deadline: timedelta, gate: Gate | None = None
    ) -> None:
        self._http = http
        self._clock = clock
        self._pause = pause
        self._deadline = deadline
        self._gate = gate or OpenGate()

    async def call(self, app: App, request: HttpRequest, read: Callable[[HttpResponse], T]) -> T:
        """Return what `read` makes of the answer.

        Raises:
            HeldBack: Nothing was sent; QuotaExceeded likewise, if WeChat said so a while ago.
            WeChatBusy: -1 as often as time allowed; whatever `read` and the HTTP port raise.
        """
        end = self._clock.now() + self._deadline
        for wait in _BACK_OFF:
            try:
                return await self._try(app, request, read, end)
            except WeChatBusy:
                if end - self._clock.now() < wait + _LEAST_TIME:
                    raise
            await self._pause.pause(wait)
        return await self._try(app, request, read, end)

    async def call_once(self, app: App, request: HttpRequest, read: Callable[[HttpResponse], T]) -> T:
        """Return what `read` makes of the answer; nothing is repeated, -1 neither: WeChat may have acted.

        Raises:
            HeldBack: Nothing was sent.
            WeChatError: Whatever `read` and the HTTP port raise.
        """
        return await self._try(app, request, read, self._clock.now() + self._deadline)

    async def _try(self, app: App, request: HttpRequest, read: Callable[[HttpResponse], T], end: datetime) -> T:
        async def work() -> T:
            return read(await self._send(request, end - self._clock.now()))

        return await self._gate.run(app.appid, _read_path(request.url), end - self._clock.now(), work)

    async def _send(self, request: HttpRequest, left: timedelta) -> HttpResponse:
        if left <= timedelta(0):
            raise TimedOut
        return await self._http.send(replace(request, timeout=min(left, self._deadline)))


class WeChat:
    """The calls that need an app_secret and no access_token.

    Args:
        caller: Sends and repeats.
        base_url: WeChat's host, or a simulator's, without a slash at its end.
    """

    def __init__(self, caller: Caller, clock: Clock, base_url: str = WECHAT) -> None:
        self._caller = caller
        self._clock = clock
        self._base_url = base_url

    async def exchange_login_code(self, app: App, login_code: str) -> LoginExchange:
        """Exchange a login_code; it is spent afterwards, whatever came of it.

        Raises:
            LoginCodeInvalid: WeChat does not know it.
            LoginCodeUsed: It was exchanged before.
            WeChatError: Another errcode.
            TransportError: No answer, or none that can be read.

        Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session
        """
        request = jscode2session.build(self._base_url, app.appid, app.app_secret, login_code)
        return await self._caller.call(app, request, lambda answer: jscode2session.read(answer, self._clock.now()))


def _read_path(url: str) -> str:
    """Return the path of a URL without a query."""
    return "/" + url.split("/", 3)[-1]
