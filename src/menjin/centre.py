"""For services that use the access_token centre of a menjin elsewhere, over its internal listener; in both colours.

    with Centre("http://127.0.0.1:8702", credential, appid) as centre:
        centre.call("POST", "/cgi-bin/message/subscribe/send", body={...})

The service needs neither the AppSecret nor a store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from menjin.access_tokens.model import ReportOutcome
from menjin.access_tokens.ports import Once
from menjin.access_tokens.remote import RemoteToken, RemoteTokens
from menjin.adapters.http import AiohttpHttp, BlockingHttp
from menjin.adapters.once import TaskOnce, ThreadOnce
from menjin.adapters.waiting import TaskPause, ThreadPause
from menjin.apps import App
from menjin.bridge import drive
from menjin.calling import AsyncWeChat
from menjin.clock import Pause, Stopwatch, SystemClock, SystemStopwatch
from menjin.errors import ConfigurationError, Fault
from menjin.values import Secret, parse_appid
from menjin.wechat.authorised import AuthorisedWeChat
from menjin.wechat.client import WECHAT, Caller
from menjin.wechat.endpoints.any_call import Method
from menjin.wechat.ports import HttpPort

_PATIENCE = timedelta(seconds=5)  # the centre itself waits up to 3 s for WeChat
_DEADLINE = timedelta(seconds=3)
_NO_SECRET = Secret("")


@dataclass(frozen=True, slots=True)
class _Reach:
    """One centre, one app, one credential, and how calls go out."""

    tokens: RemoteTokens
    wechat: AsyncWeChat


def _reach(
    url: str,
    credential: str,
    appid: str,
    *,
    base_url: str,
    http: HttpPort,
    once: Once,
    pause: Pause,
    stopwatch: Stopwatch,
) -> _Reach:
    faults = []
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        faults.append(Fault("url", "http:// or https:// and the internal listener's host and port"))
    if not credential:
        faults.append(Fault("credential", "is empty; `menjin clients add` makes one"))
    try:
        app = App(parse_appid(appid), _NO_SECRET)
    except ValueError as error:
        faults.append(Fault("appid", str(error)))
    if faults:
        raise ConfigurationError(faults)
    tokens = RemoteTokens(
        http, once, stopwatch, url=url, appid=app.appid, credential=Secret(credential), patience=_PATIENCE
    )
    clock = SystemClock()
    caller = Caller(http, clock, pause, _DEADLINE)
    return _Reach(tokens, AsyncWeChat(app, AuthorisedWeChat(caller, tokens, clock, base_url.rstrip("/"))))


class AsyncCentre:
    """The access_token of one app, from the centre of a menjin elsewhere, for callers with an event loop.

    Args:
        url: The internal listener's, such as `http://127.0.0.1:8702`.
        credential: This service's, `mjc_…`.
        appid: The app.
        base_url: WeChat's host, or a simulator's.
        http: Carries the requests; by default its own, which `close` closes.
        stopwatch: Says how old a copy is.

    Raises:
        ConfigurationError: Everything wrong with these.
    """

    def __init__(
        self,
        url: str,
        credential: str,
        appid: str,
        *,
        base_url: str = WECHAT,
        http: HttpPort | None = None,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self._own: AiohttpHttp | None = None
        if http is None:
            http = self._own = AiohttpHttp()
        self._once = TaskOnce()
        self._reach = _reach(
            url,
            credential,
            appid,
            base_url=base_url,
            http=http,
            once=self._once,
            pause=TaskPause(),
            stopwatch=stopwatch or SystemStopwatch(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._once.close()
        if self._own is not None:
            await self._own.close()

    async def access_token(self) -> RemoteToken:
        """Return the token in use; at once while this process's copy lasts, at most 240 s.

        Raises:
            ClientInvalid: The centre does not know the credential.
            ClientNotPermitted: It is not for this app.
            NotFound: The centre has no such app.
            CentreUnreachable: The centre does not answer, and the copy has run out.
            TransportError: WeChat does not answer the centre, or unreadably.
            StoreUnavailable: A store of the centre is away.
            TooManyAttempts: A limit of WeChat is used up.
            AppMisconfigured: WeChat refuses the app.
        """
        return await self._reach.tokens.get()

    async def report(self, token: Secret) -> ReportOutcome:
        """Tell the centre that WeChat refused a token with 40001, 40014 or 42001; raises what `access_token` raises."""
        return await self._reach.tokens.report(token)

    async def call(
        self, method: Method, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> dict[str, Any]:
        """Return the answer of any of WeChat's APIs, called with the token put in.

        A token that WeChat refuses is reported, and the call repeated once.

        Raises:
            RequestInvalid: The call is none of WeChat's; nothing was sent.
            WeChatError: An errcode; its subclass says what is to be done about it.
            TransportError: No answer, or none that can be read; CentreUnreachable if it is the centre's.
            MenjinError: What `access_token` raises.
        """
        return await self._reach.wechat.call(method, path, query=query, body=body)

    async def call_for_bytes(
        self, method: Method, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> bytes:
        """Return a file, such as a mini-program code; as `call` else."""
        return await self._reach.wechat.call_for_bytes(method, path, query=query, body=body)


class Centre:
    """The same for callers without an event loop; threads share one copy, and wait for one request."""

    def __init__(
        self,
        url: str,
        credential: str,
        appid: str,
        *,
        base_url: str = WECHAT,
        http: HttpPort | None = None,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self._own: BlockingHttp | None = None
        if http is None:
            http = self._own = BlockingHttp()
        self._reach = _reach(
            url,
            credential,
            appid,
            base_url=base_url,
            http=http,
            once=ThreadOnce(),
            pause=ThreadPause(),
            stopwatch=stopwatch or SystemStopwatch(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._own is not None:
            self._own.close()

    def access_token(self) -> RemoteToken:
        """Return the token in use; see `AsyncCentre.access_token`."""
        return drive(self._reach.tokens.get())

    def report(self, token: Secret) -> ReportOutcome:
        """Tell the centre that WeChat refused a token; see `AsyncCentre.report`."""
        return drive(self._reach.tokens.report(token))

    def call(
        self, method: Method, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> dict[str, Any]:
        """Return the answer of any of WeChat's APIs; see `AsyncCentre.call`."""
        return drive(self._reach.wechat.call(method, path, query=query, body=body))

    def call_for_bytes(
        self, method: Method, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> bytes:
        """Return a file; see `AsyncCentre.call_for_bytes`."""
        return drive(self._reach.wechat.call_for_bytes(method, path, query=query, body=body))
