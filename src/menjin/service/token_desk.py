"""Hands access_tokens to service clients, and takes their reports; both shapes of the internal API come here."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from menjin.access_tokens.flow import AccessTokens
from menjin.access_tokens.model import AccessToken, ReportOutcome
from menjin.apps import Apps
from menjin.clients.flow import Clients
from menjin.clients.model import Scope, ServiceClient
from menjin.clock import Clock
from menjin.errors import NotFound, StoreUnavailable
from menjin.service.metrics import Metrics
from menjin.service.read_audit import ReadAudit
from menjin.values import AppId, Secret

_LONGEST = timedelta(seconds=240)


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A token for a service client.

    Attributes:
        expires_in: Whole seconds to keep it, at most 240 and at most the centre's margin: the copy is gone before
            the token is, even if it is replaced right after.
    """

    access_token: Secret
    expires_in: int
    generation: int


class TokenDesk:
    """Hands out and takes back.

    Args:
        tokens: The centre.
        clients: Who may ask.
        apps: Those there are.
        clock: Tells the time.
        margin: The centre's; a copy handed out lives no longer.
        metrics: Counts reads and reports.
        audit: Keeps the first read of each generation by a client; the rest are counted.
    """

    def __init__(
        self,
        *,
        tokens: AccessTokens,
        clients: Clients,
        apps: Apps,
        clock: Clock,
        margin: timedelta,
        metrics: Metrics,
        audit: ReadAudit,
    ) -> None:
        self._tokens = tokens
        self._clients = clients
        self._appids = frozenset(app.appid for app in apps.all())
        self._clock = clock
        self._longest = min(margin, _LONGEST)
        self._metrics = metrics
        self._audit = audit

    async def read(self, credential: Secret, appid: str) -> HandedOut:
        """Return the app's token in use.

        Raises:
            ClientInvalid: Nobody has this credential.
            ClientNotPermitted: Not this scope, or not this app.
            NotFound: The client is for all apps, and there is no such app.
            WeChatError: There is no token, and WeChat gives none.
            TransportError: There is none, and WeChat does not answer.
            StoreUnavailable: The client, or a token where there is none in hand, cannot be looked up.
        """
        client, known = await self._admit(credential, "access_token:read", appid)
        return await self._hand_out(client, await self._tokens.get(known))

    async def report(self, credential: Secret, appid: str, refused: Secret) -> ReportOutcome:
        """Take the word that WeChat refused a token.

        Raises:
            ClientInvalid: Nobody has this credential.
            ClientNotPermitted: Not this scope, or not this app.
            NotFound: The client is for all apps, and there is no such app.
            StoreUnavailable: The client or the token cannot be looked up; nothing was done.
        """
        client, known = await self._admit(credential, "access_token:report", appid)
        return await self._report(client, known, refused)

    async def read_anew(self, credential: Secret, appid: str) -> HandedOut:
        """Return a token for a client that asks WeChat's way for a new one, without naming the one it had.

        If it was given the token in use, this counts as a report of that one, which the centre looks into before it
        replaces anything. If it was not, the token in use is new to it. Without `access_token:report` it is a read.

        Raises:
            ClientInvalid: Nobody has this credential.
            ClientNotPermitted: Not this scope, or not this app.
            NotFound: The client is for all apps, and there is no such app.
            WeChatError: There is no token, and WeChat gives none.
            TransportError: There is none, and WeChat does not answer.
            StoreUnavailable: The client, or a token where there is none in hand, cannot be looked up.
        """
        client, known = await self._admit(credential, "access_token:read", appid)
        token = await self._tokens.get(known)
        if client.may("access_token:report", known) and await self._audit.has_read(client, token):
            with suppress(StoreUnavailable):  # nothing was done; it gets the token in hand
                await self._report(client, known, token.value)
            token = await self._tokens.get(known)
        return await self._hand_out(client, token)

    async def _admit(self, credential: Secret, scope: Scope, appid: str) -> tuple[ServiceClient, AppId]:
        client = await self._clients.authorise(credential, scope, AppId(appid))
        if appid not in self._appids:
            raise NotFound
        return client, AppId(appid)

    async def _report(self, client: ServiceClient, appid: AppId, refused: Secret) -> ReportOutcome:
        outcome = await self._tokens.report(appid, refused)
        self._metrics.count_report(client.name, appid, outcome)
        return outcome

    async def _hand_out(self, client: ServiceClient, token: AccessToken) -> HandedOut:
        self._metrics.count_read(client.name, token.appid)
        await self._audit.note(client, token)
        left = min(token.expires_in(self._clock.now()), self._longest)
        return HandedOut(token.value, int(left.total_seconds()), token.generation)
