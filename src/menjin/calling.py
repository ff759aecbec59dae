"""WeChat as one app calls it, the access_token centre and its clients: `wechat(appid)`, `access_tokens`, `clients`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from menjin.access_tokens.flow import AccessTokens
from menjin.access_tokens.model import AccessToken, ReportOutcome, TokenStatus
from menjin.apps import App
from menjin.bridge import drive
from menjin.clients.flow import Clients, NewClient
from menjin.clients.model import Scope, ServiceClient
from menjin.values import AppId, ClientId, Secret
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


class SyncClients:
    """The service clients, for callers without an event loop; see `Clients` for each method's errors."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def add(self, name: str, appids: frozenset[AppId] | None, scopes: frozenset[Scope]) -> NewClient:
        """Add a client; its credential is in the result and nowhere else."""
        return drive(self._clients.add(name, appids, scopes))

    def list_all(self) -> tuple[ServiceClient, ...]:
        """Return every client: those of the configuration, then the others, the oldest first."""
        return drive(self._clients.list_all())

    def revoke(self, client_id: ClientId) -> bool:
        """Revoke a client; every running process refuses it within a second. False if there is none."""
        return drive(self._clients.revoke(client_id))

    def authorise(self, credential: Secret, scope: Scope, appid: AppId | None) -> ServiceClient:
        """Return who a credential is, if it may do this."""
        return drive(self._clients.authorise(credential, scope, appid))

    def note_read(self, client: ServiceClient, appid: AppId, generation: int) -> bool:
        """Note that a client was given a generation of an app's access_token; whether it is the first time."""
        return drive(self._clients.note_read(client, appid, generation))

    def has_read(self, client: ServiceClient, appid: AppId, generation: int) -> bool:
        """Whether a client was given a generation of an app's access_token."""
        return drive(self._clients.has_read(client, appid, generation))

    def purge(self) -> int:
        """Forget who read what more than a month ago; return how much."""
        return drive(self._clients.purge())
