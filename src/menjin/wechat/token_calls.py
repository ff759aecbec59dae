"""The calls an access_token comes from, and the one that says whether WeChat takes it.

They have a caller of their own: the centre keeps their budget, back-off and alerts for all processes together.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from menjin.apps import App
from menjin.clock import Clock, Pause
from menjin.values import Secret
from menjin.wechat.client import WECHAT, Caller
from menjin.wechat.endpoints import get_api_domain_ip, stable_token, token
from menjin.wechat.endpoints.stable_token import IssuedToken
from menjin.wechat.ports import Departure, HttpPort


class TokenCalls:
    """Asks WeChat for access_tokens.

    Args:
        http: Who carries the requests.
        deadline: For a whole call, its repetitions after -1 included.
        base_url: WeChat's host, or a simulator's, without a slash at its end.
    """

    def __init__(self, http: HttpPort, clock: Clock, pause: Pause, deadline: timedelta, base_url: str = WECHAT) -> None:
        self._caller = Caller(http, clock, pause, deadline)
        self._clock = clock
        self._base_url = base_url

    async def fetch_stable(self, app: App, departure: Departure, *, force: bool) -> IssuedToken:
        """Ask by stable_token: the token in use while it is good, or with `force` another one at once.

        Raises:
            WeChatError: An errcode.
            TransportError: No answer, or none that can be read; HeldBack if nothing was sent.

        Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken
        """
        request = stable_token.build(self._base_url, app.appid, app.app_secret, force_refresh=force)
        return await self._caller.call(
            app, replace(request, departure=departure), lambda answer: stable_token.read(answer, self._clock.now())
        )

    async def fetch_legacy(self, app: App, departure: Departure) -> IssuedToken:
        """Ask by /cgi-bin/token: always a new token, and the one before lasts five minutes more.

        Raises:
            WeChatError: An errcode.
            TransportError: No answer, or none that can be read; HeldBack if nothing was sent.

        Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getaccesstoken
        """
        request = token.build(self._base_url, app.appid, app.app_secret)
        return await self._caller.call(
            app, replace(request, departure=departure), lambda answer: stable_token.read(answer, self._clock.now())
        )

    async def is_taken(self, app: App, access_token: Secret) -> bool:
        """Ask whether WeChat takes a token, by a call that costs it little.

        Raises:
            WeChatError: An errcode that says neither.
            TransportError: No answer, or none that can be read.
        """
        request = get_api_domain_ip.build(self._base_url, access_token)
        return await self._caller.call(app, request, lambda answer: get_api_domain_ip.read(answer, self._clock.now()))
