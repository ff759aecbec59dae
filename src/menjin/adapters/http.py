"""The HTTP port on aiohttp, for callers with an event loop, for callers without, and a function as a server.

What goes wrong is named by menjin's own errors, raised outside the handler: an aiohttp error knows the URL,
and the URL holds `secret=`.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp

from menjin.adapters.complaints import Complaints, name_kind
from menjin.errors import AnswerUnreadable, ConnectFailed, HeldBack, MenjinError, TimedOut
from menjin.wechat.ports import HttpRequest, HttpResponse

_LARGEST_ANSWER = 1024 * 1024
_CONNECT_SECONDS = 1.0
_INHERITED: list[object] = []  # a forked child keeps what it must not close


class AiohttpHttp:
    """Sends by one connection pool per event loop.

    Args:
        connections: At most so many to WeChat at once.
        complaints: What tells the log of a WeChat that cannot be reached.
    """

    works_without_loop = False

    def __init__(self, connections: int = 100, complaints: Complaints | None = None) -> None:
        self._connections = connections
        self._complaints = complaints or Complaints()
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Return the whole answer, whatever its status.

        Raises:
            TimedOut: It was not whole within the request's timeout, or connecting took over a second.
            ConnectFailed: No connection, or it broke.
            AnswerUnreadable: It is larger than 1 MiB.
            HeldBack: Its departure did not let it go.
        """
        failure: type[MenjinError]
        try:
            return await self._exchange(request)
        except TimeoutError:
            failure = TimedOut
            self._complaints.tell(request.url, "timeout")
        except (aiohttp.ClientError, OSError, _BrokenError) as error:
            failure = ConnectFailed
            self._complaints.tell(request.url, error.kind if isinstance(error, _BrokenError) else name_kind(error))
        except _TooLargeError:
            failure = AnswerUnreadable
        raise failure

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _exchange(self, request: HttpRequest) -> HttpResponse:
        _refuse_late(request)
        seconds = request.timeout.total_seconds()
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=min(_CONNECT_SECONDS, seconds))
        headers = {"Content-Type": "application/json"} if request.body is not None else {}
        headers.update(request.headers)
        async with self._pool().request(
            request.method,
            request.url,
            params=request.query,
            data=request.body,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
            trace_request_ctx=request.departure,
        ) as response:
            return HttpResponse(response.status, await _read_bounded(response.content))

    def _pool(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.closed or self._loop is not loop:
            connector = aiohttp.TCPConnector(limit=self._connections)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=(_never_twice,),
                trace_configs=[_make_trace()],
            )
            self._loop = loop
        return self._session


class BlockingHttp:
    """The same for callers without an event loop: one loop thread does the sending, started at the first use.

    A forked child starts its own; the parent's thread and connections did not come with it.
    """

    works_without_loop = True

    def __init__(self, connections: int = 100) -> None:
        self._http = AiohttpHttp(connections)
        self._connections = connections
        self._guard = threading.Lock()
        self._selector: selectors.BaseSelector | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        os.register_at_fork(after_in_child=self._forget)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Block until the whole answer is there; raises what `AiohttpHttp.send` raises."""
        patience = request.timeout + timedelta(seconds=1)  # the loop thread's own deadline comes first
        sending = self._submit(self._http.send(request))
        try:
            return sending.result(patience.total_seconds())
        except TimeoutError:
            sending.cancel()  # this process slept: what has not left yet is not to leave now
        raise TimedOut

    def close(self) -> None:
        """Close the connections and end the loop thread."""
        with self._guard:
            loop, self._loop = self._loop, None
        if loop is None:
            return
        asyncio.run_coroutine_threadsafe(self._http.close(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)

    def _submit(self, work: Coroutine[Any, Any, HttpResponse]) -> Future[HttpResponse]:
        with self._guard:
            if self._loop is None:
                self._selector = selectors.DefaultSelector()
                self._loop = asyncio.SelectorEventLoop(self._selector)
                threading.Thread(target=_run_loop, args=(self._loop,), name="menjin-http", daemon=True).start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _forget(self) -> None:
        """Let go of the parent's loop in a forked child.

        The epoll behind it is one and the same: whoever closed an inherited connection here would make the
        parent deaf on its own. So it is closed here first, and nothing else of the parent's is ever touched.
        """
        if self._loop is not None and self._selector is not None:
            self._selector.close()
            _INHERITED.append((self._http, self._loop))
        self._guard = threading.Lock()
        self._loop = None
        self._http = AiohttpHttp(self._connections)


class FunctionHttp:
    """A function as WeChat: `answer(method, url, body)` returns status and body. For tests and demos in process.

    Args:
        answer: Gets the whole URL, its query included.
    """

    works_without_loop = True

    def __init__(self, answer: Callable[[str, str, bytes], tuple[int, bytes]]) -> None:
        self._answer = answer

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Return what the function answers."""
        query = urlencode(request.query)
        url = f"{request.url}?{query}" if query else request.url
        _refuse_late(request)
        if request.departure is not None:
            request.departure.note_gone()
        return HttpResponse(*self._answer(request.method, url, request.body or b""))


class _TooLargeError(Exception):
    """The answer is larger than any of WeChat's."""


class _BrokenError(Exception):
    """The connection broke, or there never was one."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


async def _never_twice(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Hide a broken connection from aiohttp, which would send a GET again: its one-time code may be spent."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        kind = name_kind(error)  # raised below, without the error that knows the URL
    raise _BrokenError(kind)


def _refuse_late(request: HttpRequest) -> None:
    if request.departure is not None and not request.departure.may_go():
        raise HeldBack(timedelta(0))


def _make_trace() -> aiohttp.TraceConfig:
    """Return what tells a request's departure that its head went out; a body follows in the same breath."""

    async def tell(_session: aiohttp.ClientSession, context: Any, _parameters: object) -> None:  # noqa: ANN401 - aiohttp's
        departure = context.trace_request_ctx
        if departure is not None:
            departure.note_gone()

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(tell)
    return trace


async def _read_bounded(content: aiohttp.StreamReader) -> bytes:
    parts = bytearray()
    async for part in content.iter_any():
        parts += part
        if len(parts) > _LARGEST_ANSWER:
            raise _TooLargeError
    return bytes(parts)


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()
