"""WeChat's server API as typed calls, over the HTTP port.

A call that consumes a one-time code is repeated only after an explicit -1; after a lost answer it is not,
since WeChat may have consumed the code.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from menjin.apps import App
from menjin.clock import Clock, Pause
from menjin.errors import TimedOut, WeChatBusy
from menjin.wechat.endpoints import jscode2session
from menjin.wechat.endpoints.jscode2session import LoginExchange
from menjin.wechat.ports import HttpPort, HttpRequest, HttpResponse

WECHAT = "https://api.weixin.qq.com"
_BACK_OFF = (timedelta(milliseconds=200), timedelta(milliseconds=600))
_LEAST_TIME = timedelta(milliseconds=500)


class WeChat:
    """Calls WeChat for the apps of this installation.

    Args:
        http: Who carries the requests.
        base_url: WeChat's host, or a simulator's.
        deadline: For a whole call, its repetitions included.
    """

    def __init__(
        self,
        http: HttpPort,
        clock: Clock,
        pause: Pause,
        *,
        base_url: str = WECHAT,
        deadline: timedelta = timedelta(seconds=3),
    ) -> None:
        self._http = http
        self._clock = clock
        self._pause = pause
        self._base_url = base_url.rstrip("/")
        self._deadline = deadline

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
        end = self._clock.now() + self._deadline
        for wait in _BACK_OFF:
            try:
                return jscode2session.read(await self._send(request, end), self._clock.now())
            except WeChatBusy:
                if end - self._clock.now() < wait + _LEAST_TIME:
                    raise
            await self._pause.pause(wait)
        return jscode2session.read(await self._send(request, end), self._clock.now())

    async def _send(self, request: HttpRequest, end: datetime) -> HttpResponse:
        left = end - self._clock.now()
        if left <= timedelta(0):
            raise TimedOut
        timed = HttpRequest(request.method, request.url, request.query, request.body, min(left, self._deadline))
        return await self._http.send(timed)
