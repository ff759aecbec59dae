"""The calls that need an access_token: phone number, session_key checks, the word on a ciphertext.

A token WeChat refuses (40001, 40014, 42001) is renewed once and the call repeated once, never in a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from menjin.apps import App
from menjin.clock import Clock
from menjin.errors import WeChatError
from menjin.values import OpenId, Secret, UnionId
from menjin.wechat.client import WECHAT, Caller
from menjin.wechat.endpoints import (
    any_call,
    checkencryptedmsg,
    getpaidunionid,
    getuserphonenumber,
    session_key_checks,
)
from menjin.wechat.endpoints.any_call import Method
from menjin.wechat.endpoints.checkencryptedmsg import Vouched
from menjin.wechat.endpoints.getpaidunionid import Payment
from menjin.wechat.endpoints.getuserphonenumber import PhoneAnswer
from menjin.wechat.errcodes import is_token_refused
from menjin.wechat.ports import AccessTokenPort, HttpRequest, HttpResponse
from menjin.wechat.wire import read_success

T = TypeVar("T")
Send = Callable[[App, HttpRequest, Callable[[HttpResponse], T]], Coroutine[Any, Any, T]]


class AuthorisedWeChat:
    """Calls WeChat with an app's access_token.

    Args:
        caller: Sends and repeats.
        tokens: Where the access_token comes from.
        base_url: WeChat's host, or a simulator's, without a slash at its end.
    """

    def __init__(self, caller: Caller, tokens: AccessTokenPort, clock: Clock, base_url: str = WECHAT) -> None:
        self._caller = caller
        self._tokens = tokens
        self._clock = clock
        self._base_url = base_url

    async def fetch_phone_number(self, app: App, phone_code: str, openid: OpenId) -> PhoneAnswer:
        """Exchange a phone_code; it is spent afterwards, and was paid for at the tap.

        Raises:
            PhoneCodeInvalid: Used, expired, unknown, or another person's.
            WeChatError: Another errcode.
            TransportError: No answer, or none that can be read.

        Source:
            https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber
        """
        request = getuserphonenumber.build(self._base_url, phone_code, openid)
        return await self._call(
            app, request, lambda answer: getuserphonenumber.read(answer, app.appid, self._clock.now())
        )

    async def is_current_session_key(self, app: App, openid: OpenId, session_key: Secret) -> bool:
        """Ask whether a session_key is the person's current one.

        Raises:
            WeChatError: An errcode that says neither.
            TransportError: No answer, or none that can be read.

        Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_checksessionkey
        """
        request = session_key_checks.build(self._base_url, "checksession", openid, session_key)
        return await self._call(app, request, lambda answer: session_key_checks.read_check(answer, self._clock.now()))

    async def reset_session_key(self, app: App, openid: OpenId, session_key: Secret) -> Secret | None:
        """Replace the person's session_key; None if `session_key` was not the current one.

        The new key inherits the old one's end. WeChat asks not to reset the same person often.

        Raises:
            WeChatError: An errcode that says neither.
            TransportError: No answer, or none that can be read: the key may have been replaced.

        Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_resetusersessionkey
        """
        request = session_key_checks.build(self._base_url, "resetusersessionkey", openid, session_key)
        return await self._call(
            app, request, lambda answer: session_key_checks.read_reset(answer, openid, self._clock.now())
        )

    async def check_encrypted_data(self, app: App, encrypted_data: str) -> Vouched:
        """Ask whether WeChat made this ciphertext for this app in the last three days.

        Args:
            app: The app it was tapped in.
            encrypted_data: The base64 text, as wx gave it.

        Raises:
            WeChatError: An errcode.
            TransportError: No answer, or none that can be read.

        Source:
            https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/basic-info/api_checkencrypteddata
        """
        request = checkencryptedmsg.build(self._base_url, encrypted_data)
        return await self._call(app, request, lambda answer: checkencryptedmsg.read(answer, self._clock.now()))

    async def fetch_paid_unionid(self, app: App, openid: OpenId, payment: Payment) -> UnionId:
        """Return the unionid of somebody who paid in the app in the last five minutes.

        Raises:
            PaymentUnknown: Not yet, not any more, or not this person's.
            WeChatError: Another errcode.
            TransportError: No answer, or none that can be read.

        Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/basic-info/api_getpaidunionid
        """
        request = getpaidunionid.build(self._base_url, openid, payment)
        return await self._call(app, request, lambda answer: getpaidunionid.read(answer, self._clock.now()))

    async def call(
        self,
        app: App,
        method: Method,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> dict[str, Any]:
        """Call any API of WeChat's with the app's access_token; see `any_call`.

        A token WeChat refuses is renewed once and the call repeated once; nothing else is repeated.

        Raises:
            RequestInvalid: `path` or `query` is none of an API's.
            WeChatError: An errcode.
            TransportError: No answer, or none that can be read: what the call did is not known.
        """
        request = any_call.build(self._base_url, method, path, query or {}, body)
        return await self._call(
            app, request, lambda answer: read_success(answer, self._clock.now()), self._caller.call_once
        )

    async def call_for_bytes(
        self,
        app: App,
        method: Method,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> bytes:
        """Call an API that answers with a file, such as a mini-program code; raises what `call` raises."""
        request = any_call.build(self._base_url, method, path, query or {}, body)
        return await self._call(
            app, request, lambda answer: any_call.read_bytes(answer, self._clock.now()), self._caller.call_once
        )

    async def _call(
        self, app: App, request: HttpRequest, read: Callable[[HttpResponse], T], send: Send[T] | None = None
    ) -> T:
        send = send or self._caller.call
        token = await self._tokens.current(app)
        try:
            return await send(app, _with_token(request, token), read)
        except WeChatError as error:
            if not is_token_refused(error.errcode):
                raise
        renewed = await self._tokens.renewed(app, token)
        return await send(app, _with_token(request, renewed), read)


def _with_token(request: HttpRequest, token: Secret) -> HttpRequest:
    return replace(request, query=(("access_token", token.reveal()), *request.query))
