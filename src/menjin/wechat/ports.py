"""What the WeChat wing needs from outside: somebody who carries a request to WeChat and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol, TypeVar

from menjin.apps import App
from menjin.values import AppId, Secret

T = TypeVar("T")


class Departure(Protocol):
    """Watches a request leave; for calls that may be sent only up to a moment."""

    def may_go(self) -> bool:
        """Whether it may still be sent; asked just before."""
        ...

    def note_gone(self) -> None:
        """Note that all of it was handed to the system; told just after."""
        ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to WeChat, or to a centre. It holds secrets, so its repr shows method and path only.

    Attributes:
        url: Scheme, host and path, without a query.
        query: Name and value pairs, not yet encoded.
        body: JSON bytes of a POST, or None.
        timeout: For the whole exchange, from connecting to the last byte.
        departure: Watches it leave, if anybody does.
        headers: Name and value pairs.
    """

    method: Literal["GET", "POST"]
    url: str
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=3)
    departure: Departure | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


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
            HeldBack: Its departure did not let it go; nothing was sent.
            TimedOut: It was not whole within the request's timeout.
            ConnectFailed: No connection, or it broke.
            AnswerUnreadable: It is larger than any answer of WeChat's.
        """
        ...


class Gate(Protocol):
    """Lets a call through to WeChat, or holds it back before anything is sent."""

    async def run(self, appid: AppId, api: str, left: timedelta, work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` does, which sends one request and reads its answer.

        Args:
            appid: Whose call it is.
            api: The request's path.
            left: The time the call has.
            work: Called once, or not at all.

        Raises:
            HeldBack: Nothing was sent.
            QuotaExceeded: WeChat said so a while ago, and nothing was sent.
        """
        ...


class AccessTokenPort(Protocol):
    """Gives the access_token of an app, and takes the word that it was refused."""

    async def current(self, app: App) -> Secret:
        """Return an access_token that should be good.

        Raises:
            WeChatError: WeChat gives none.
            TransportError: WeChat did not answer.
            StoreUnavailable: The store of access_tokens is down, and there is none in hand.
        """
        ...

    async def renewed(self, app: App, refused: Secret) -> Secret:
        """Return another one than `refused`, which WeChat refused just now; the same if there is no other.

        Raises:
            WeChatError: WeChat gives none.
            TransportError: WeChat did not answer.
            StoreUnavailable: The store of access_tokens is down, and there is none in hand.
        """
        ...
