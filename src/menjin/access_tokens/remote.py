"""The centre of another process, over HTTP: its token kept near for as long as it says, and reports sent on to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from menjin.access_tokens.model import ReportOutcome
from menjin.access_tokens.ports import Once
from menjin.apps import App
from menjin.clock import Stopwatch
from menjin.errors import (
    AnswerUnreadable,
    AppMisconfigured,
    CentreUnreachable,
    ClientInvalid,
    ClientNotPermitted,
    ConnectFailed,
    MenjinError,
    NotFound,
    StoreUnavailable,
    TimedOut,
    TooManyAttempts,
    TransportError,
)
from menjin.values import AppId, Secret
from menjin.wechat.ports import HttpPort, HttpRequest, HttpResponse

T = TypeVar("T", bound=Struct)
_OK = 200
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class RemoteToken:
    """The access_token that the centre handed out.

    Attributes:
        generation: Grows with each new token of the app.
        keep_until: By this process's stopwatch, counted from before it was asked for.
    """

    value: Secret
    generation: int
    keep_until: float


class _TokenBody(Struct, frozen=True):
    """GET …/access-token."""

    access_token: Annotated[str, Meta(min_length=1, max_length=4096)]
    expires_in: Annotated[int, Meta(ge=0)]
    generation: int


class _ReportedBody(Struct, frozen=True):
    """POST …/access-token/reports."""

    outcome: ReportOutcome


class _ProblemBody(Struct, frozen=True):
    """Any refusal."""

    code: str = ""
    retry_after: int = 1


@dataclass
class _Copy:
    """What the last fetch brought, and how many there were."""

    token: RemoteToken | None = None
    failure: MenjinError | None = None
    fetches: int = 0


class RemoteTokens:
    """Serves one app's access_token out of a copy; asks the centre when that has run out.

    Args:
        http: Carries the requests.
        once: In the caller's colour.
        stopwatch: Says how old the copy is.
        url: Of the centre's internal listener.
        appid: Whose token.
        credential: Of this service.
        patience: For an answer of the centre.
    """

    def __init__(
        self,
        http: HttpPort,
        once: Once,
        stopwatch: Stopwatch,
        *,
        url: str,
        appid: AppId,
        credential: Secret,
        patience: timedelta,
    ) -> None:
        self._http = http
        self._once = once
        self._stopwatch = stopwatch
        self._url = f"{url.rstrip('/')}/v1/apps/{appid}/access-token"
        self._credential = credential
        self._patience = patience
        self._copy = _Copy()

    async def get(self) -> RemoteToken:
        """Return the token in use; at once while the copy lasts, else by one request for all who wait.

        Raises:
            ClientInvalid: The centre does not know our credential.
            ClientNotPermitted: It is not for this app, or not for reading.
            NotFound: The centre has no such app.
            TransportError: The centre, or WeChat behind it, cannot be reached or understood.
            StoreUnavailable: A store of the centre is away.
            TooManyAttempts: A limit of WeChat is used up.
            AppMisconfigured: WeChat refuses the app.
        """
        token = self._copy.token
        if token is not None and self._stopwatch.seconds() < token.keep_until:
            return token
        before = self._copy.fetches
        await self._once.run("fetch", self._fetch, 2 * self._patience)
        if self._copy.failure is not None:
            raise self._copy.failure
        if self._copy.token is None or self._copy.fetches == before:
            raise CentreUnreachable
        return self._copy.token

    async def report(self, token: Secret) -> ReportOutcome:
        """Tell the centre that WeChat refused a token with 40001, 40014 or 42001; the next `get` asks anew.

        Raises:
            MenjinError: As `get`; nothing was done.
        """
        if self._copy.token is not None and self._copy.token.value == token:
            self._copy.token = None
        body = msgspec.json.encode({"access_token": token.reveal()})
        answer = await self._send(HttpRequest("POST", f"{self._url}/reports", body=body))
        return _read(answer, _ReportedBody).outcome

    async def current(self, _app: App) -> Secret:
        """Return the token's text, as WeChat's wing asks for it; raises what `get` raises."""
        return (await self.get()).value

    async def renewed(self, _app: App, refused: Secret) -> Secret:
        """Return the token that takes the place of one WeChat refused; the same if there is no other."""
        token = self._copy.token
        if token is None or token.value == refused:
            await self.report(refused)
        return (await self.get()).value

    async def _fetch(self) -> None:
        began = self._stopwatch.seconds()
        request = HttpRequest("GET", self._url)
        try:
            try:
                answer = await self._send(request)
            except ConnectFailed:
                answer = await self._send(request)  # the connection was an old one; reading twice harms nobody
            body = _read(answer, _TokenBody)
        except MenjinError as error:
            self._copy.failure = _to_centre(error)
        else:
            self._copy.token = RemoteToken(Secret(body.access_token), body.generation, began + body.expires_in)
            self._copy.failure = None
        self._copy.fetches += 1

    async def _send(self, request: HttpRequest) -> HttpResponse:
        header = ("Authorization", f"Bearer {self._credential.reveal()}")
        whole = HttpRequest(request.method, request.url, body=request.body, timeout=self._patience, headers=(header,))
        return await self._http.send(whole)


def _read(answer: HttpResponse, shape: type[T]) -> T:
    """Return an answer's body.

    Raises:
        MenjinError: What the centre's refusal says.
        AnswerUnreadable: It is none of the centre's.
    """
    if answer.status == _OK:
        return _decode(answer.body, shape)
    refusal = _decode(answer.body, _ProblemBody)
    make = _ERRORS.get(refusal.code)
    raise make(refusal) if make is not None else CentreUnreachable


def _decode(body: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError:
        pass  # raised below, without the error that may quote the token
    raise AnswerUnreadable


def _to_centre(error: MenjinError) -> MenjinError:
    """Return the error of a centre that is away; WeChat's own are told by the centre."""
    return CentreUnreachable() if isinstance(error, (TimedOut, ConnectFailed)) else error


_ERRORS: dict[str, Callable[[_ProblemBody], MenjinError]] = {
    "client_invalid": lambda _: ClientInvalid(),
    "client_not_permitted": lambda _: ClientNotPermitted(),
    "not_found": lambda _: NotFound(),
    "store_unavailable": lambda _: StoreUnavailable(),
    "wechat_unavailable": lambda _: TransportError(),
    "wechat_bad_answer": lambda _: AnswerUnreadable(),
    "app_misconfigured": lambda _: AppMisconfigured(0),
    "too_many_attempts": lambda refusal: TooManyAttempts(max(refusal.retry_after, 1) * _SECOND),
}
