"""What the WeChat wing needs from outside: somebody who carries a request to WeChat and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol

from menjin.apps import App
from menjin.values import Secret


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to WeChat. Its query holds secrets, so its repr shows method and path only.

    Attributes:
        url: Scheme, host and path, without a query.
        query: Name and value pairs, not yet encoded.
        body: JSON bytes of a POST, or None.
        timeout: For the whole exchange, from connecting to the last byte.
    """

    method: Literal["GET", "POST"]
    url: str
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer, whole. Its body holds secrets and is not shown."""

    status: int
    body: bytes = field(repr=False)


class HttpPort(Protocol):
    """Carries a request to WeChat; never follows a redirect, never sends twice."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Return the whole answer, whatever its status.

        Raises:
            TimedOut: It was not whole within the request's timeout.
            ConnectFailed: No connection, or it broke.
            AnswerUnreadable: It is larger than any answer of WeChat's.
        """
        ...


class AccessTokenPort(Protocol):
    """Gives the access_token of an app, and takes the word that it was refused."""

    async def current(self, app: App) -> Secret:
        """Return an access_token that should be good.

        Raises:
            WeChatError: WeChat gives none.
            TransportError: WeChat did not answer.
        """
        ...

    async def renewed(self, app: App, refused: Secret) -> Secret:
        """Return another one than `refused`, which WeChat refused just now; the same if there is no other.

        Raises:
            WeChatError: WeChat gives none.
            TransportError: WeChat did not answer.
        """
        ...
