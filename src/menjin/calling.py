"""WeChat, as one app calls it, and the access_token centre: what `wechat(appid)` and `access_tokens` give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from menjin.access_tokens.flow import AccessTokens
from menjin.access_tokens.model import AccessToken, ReportOutcome, TokenStatus
from menjin.apps import App
from menjin.bridge import drive
from menjin.values import Secret
from menjin.wechat.authorised import AuthorisedWeChat
from menjin.wechat.endpoints.any_call import Method


class AsyncWeChat:
    """Calls any of WeChat's APIs for one app, for callers with an event loop."""

    def __init__(self, app: App, wechat: AuthorisedWeChat) -> None:
        self._app = app
        self._wechat = wechat

    async def call(
        self, method: Method, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> dict[str, Any]:
        """Return WeChat's answer, a JSON object; the access_token is put in, and renewed once if WeChat refuses it.

        Args:
            method: `GET` or `POST`, by WeChat's documentation.
            path: Such as `/cgi-bin/message/subscribe/send`.
            query: More of the query.
            body: Sent as JSON.

        Raises:
            RequestInvalid: The call is none of WeChat's; nothing was sent.
            WeChatError: An errcode; its subclass says what is to be done about it.
            TransportError: No answer, or none that can be read: what the call did is not known.
            StoreUnavailable: There is no access_token in hand, and the store is down.
        """
        return await self._wechat.call(self._app, method, path, query=query, body=body)

    async def call_for_bytes(
        self, method: Method, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> bytes:
        """Return a file, such as a mini-program code; as `call` else."""
        return await self._wechat.call_for_bytes(self._app, method, path, query=query, body=body)


class SyncWeChat:
    """The same for callers without an event loop."""

    def __init__(self, app: App, wechat: AuthorisedWeChat) -> None:
        self._wechat = AsyncWeChat(app, wechat)

    def call(
        self, method: Method, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> dict[str, Any]:
        """Return WeChat's answer, a JSON object; see `AsyncWeChat.call`."""
        return drive(self._wechat.call(method, path, query=query, body=body))

    def call_for_bytes(
        self, method: Method, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> bytes:
        """Return a file; see `AsyncWeChat.call_for_bytes`."""
        return drive(self._wechat.call_for_bytes(method, path, query=query, body=body))


class SyncAccessTokens:
    """The access_token centre for callers without an event loop; see `AccessTokens` for each method's errors."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens

    def get(self, appid: str) -> AccessToken:
        """Return a token that should be good; at once if there is one in hand."""
        return drive(self._tokens.get(appid))

    def report(self, appid: str, token: Secret) -> ReportOutcome:
        """Take the word that WeChat refused a token with 40001, 40014 or 42001."""
        return drive(self._tokens.report(appid, token))

    def renew(self, appid: str, *, force: bool = False) -> AccessToken:
        """Ask WeChat for a token now; in stable mode it gives the one in use unless `force` replaces it at once."""
        return drive(self._tokens.renew(appid, force=force))

    def status(self, appid: str) -> TokenStatus:
        """Return where an app's token stands, from the store."""
        return drive(self._tokens.status(appid))
