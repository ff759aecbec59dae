"""The server's bounds: a head, and what follows a body, end in time and in size; nobody speaks WebSocket."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Callable, Coroutine, Iterator
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from menjin.service.bounded_http import FIRST_BYTE_SECONDS, HEAD_SECONDS, REST_SECONDS, BoundedHttp
from menjin.service.serving import to_config
from support.serving import APPID, Service, serve_app

LIMIT = 64 * 1024
ENDLESS = 64 * 1024 * 1024
PATIENCE = 10.0
UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
)


async def tell(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what arrived; /early answers before the body is read."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    size, is_whole = 0, scope["path"] == "/early"
    while not is_whole:
        message = await receive()
        size += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
    names = [name.decode() for name, _ in scope["headers"]]
    body = json.dumps({"path": scope["path"], "size": size, "names": names}).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def unbounded(app: ASGIApp) -> uvicorn.Config:
    """Return the broken variant: uvicorn as it comes."""
    return uvicorn.Config(app, lifespan="on", access_log=False, log_config=None, server_header=False)


class Connection:
    """A connection on which anything can be said."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), PATIENCE)

    def send_all(self, data: bytes) -> bool:
        """Send; whether it was taken."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def send_endlessly(self, filling: bytes, most: int = ENDLESS) -> int:
        """Send the same again and again until it is refused; return how much was taken."""
        piece, sent = filling * (65536 // len(filling)), 0
        while sent < most and self.send_all(piece):
            sent += len(piece)
        return sent

    def read_to_end(self) -> bytes:
        """Return all that comes until the server closes; it must."""
        found = b""
        try:
            while piece := self.socket.recv(65536):
                found += piece
        except ConnectionResetError:
            pass  # closed all the same
        self.socket.close()
        return found


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that tells, bounded."""
    with serve_app(tell) as found:
        yield found


@pytest.fixture(scope="module")
def unbounded_url() -> Iterator[str]:
    """The broken variant."""
    with serve_app(tell, unbounded) as found:
        yield found


def ask(url: str, data: bytes) -> bytes:
    """Send something and return all that is answered."""
    connection = Connection(url)
    connection.send_all(data)
    return connection.read_to_end()


def statuses(answer: bytes) -> list[int]:
    """Return the statuses of the answers in a stream."""
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def long_head(size: int, shape: str) -> bytes:
    """Return a request whose head has about this size."""
    if shape == "path":
        return b"GET /" + b"a" * size + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    if shape == "name":
        return b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + b"a" * size + b": b\r\n\r\n"
    fields = b"X-A: " + b"a" * size + b"\r\n" if shape == "value" else b"X: abcd\r\n" * (size // 9)
    return b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + b"\r\n"


SHAPES = pytest.mark.parametrize("shape", ["path", "name", "value", "lines"])


@SHAPES
def test_a_head_is_served_up_to_64_kib(url: str, shape: str) -> None:
    """A large head below the bound is served; one above it is 431 and the connection closed."""
    assert statuses(ask(url, long_head(LIMIT - 1000, shape))) == [200]
    for size in (LIMIT + 1000, 2 * LIMIT, 5 * LIMIT):
        answer = ask(url, long_head(size, shape))
        assert statuses(answer) == [431], size
        assert b"connection: close" in answer


@SHAPES
def test_control_uvicorn_alone_takes_any_head(unbounded_url: str, shape: str) -> None:
    """The broken variant: the same heads are served."""
    if shape != "path":
        assert statuses(ask(unbounded_url, long_head(5 * LIMIT, shape))) == [200]


@pytest.mark.parametrize(
    ("begun", "filling"),
    [
        (b"GET /", b"a"),
        (b"GET / HTTP/1.1\r\nX-A: ", b"a"),
        (b"GET / HTTP/1.1\r\nX-A:", b" "),
        (b"GET / HTTP/1.1\r\n", b"a"),
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n"),
        (b"", b"\r\n"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: ", b"a"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;x=", b"a"),
        (b"GET /early HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n", b"a"),
    ],
)
def test_nothing_without_an_end_is_taken_for_long(url: str, begun: bytes, filling: bytes) -> None:
    """An endless path, field, line of blanks, trailer or chunk's extension, or an unread body: the connection ends."""
    connection = Connection(url)
    connection.send_all(begun)
    assert connection.send_endlessly(filling) < ENDLESS
    assert set(statuses(connection.read_to_end())) <= {200, 400, 431}
    assert statuses(ask(url, long_head(10, "value"))) == [200]


def test_control_uvicorn_alone_takes_an_endless_field(unbounded_url: str) -> None:
    """The broken variant: all of it is taken."""
    connection = Connection(unbounded_url)
    connection.send_all(b"GET / HTTP/1.1\r\nX-A: ")
    most = 4 * 1024 * 1024
    assert connection.send_endlessly(b"a", most) == most
    connection.socket.close()


def test_fields_after_a_body_are_none_of_the_request(url: str, unbounded_url: str) -> None:
    """A trailer never joins the headers, which a proxy has seen to; with uvicorn alone (the control) it does."""
    data = (
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"
    )
    said = json.loads(ask(url, data).partition(b"\r\n\r\n")[2])
    assert said == {"path": "/", "size": 3, "names": ["host", "connection", "transfer-encoding"]}
    assert b"x-forwarded-for" in ask(unbounded_url, data)


def test_bodies_and_pipelines_count_for_no_head(url: str) -> None:
    """Long bodies of both kinds, and many requests sent at once behind one another, are answered in order."""
    long = b"a" * 1_000_000
    fields = b"X-A: " + b"a" * 40_000 + b"\r\n"
    requests = [
        b"POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + long,
        b"POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nf4240\r\n" + long + b"\r\n0\r\n\r\n",
        b"POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n",
        *[b"GET /%d HTTP/1.1\r\nHost: x\r\n%s\r\n" % (number, fields) for number in range(4, 40)],
        b"GET /40 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ]  # fmt: skip
    answer = ask(url, b"".join(requests))
    assert statuses(answer) == [200] * 40
    bodies = [json.loads(part.partition(b"\r\n\r\n")[2]) for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert [body["path"] for body in bodies] == [f"/{number}" for number in range(1, 41)]
    assert [body["size"] for body in bodies[:3]] == [1_000_000, 1_000_000, 50_000]


def test_a_head_in_single_bytes_is_served(url: str) -> None:
    """However it is cut."""
    connection = Connection(url)
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc":
        connection.send_all(bytes([byte]))
    assert statuses(connection.read_to_end()) == [200]


def test_what_was_asked_before_is_answered_first(url: str) -> None:
    """A good request with a bad one behind it: the good one's answer, nothing mixed into it, then the end."""
    good = b"GET /good HTTP/1.1\r\nHost: x\r\n\r\n"
    for bad in (long_head(2 * LIMIT, "value"), b"no request\r\n\r\n", b"GET /\x01 HTTP/1.1\r\n\r\n"):
        answer = ask(url, good + bad)
        assert statuses(answer)[0] == 200
        assert json.loads(answer.split(b"HTTP/1.1 ")[1].partition(b"\r\n\r\n")[2])["path"] == "/good"


def test_what_is_no_http_is_400_and_closed(url: str) -> None:
    """Nonsense, a broken chunk, HTTP/2: refused, and the connection ends."""
    chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    for data in (
        b"\x16\x03\x01\x02\x00",
        b"no request\r\n\r\n",
        chunked + b"zz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        assert statuses(ask(url, data)) in ([400], []), data


class Wires:
    """A transport, and a loop whose timers are held."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.held: list[tuple[float, Callable[[], None], list[bool]]] = []
        self.sent = b""
        self.is_closed = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the rest of the loop
        return getattr(self._loop, name)

    def call_later(self, delay: float, call: Callable[[], None]) -> Any:  # noqa: ANN401 - stands in for a handle
        """Hold a timer."""
        is_on = [True]
        self.held.append((delay, call, is_on))

        class Handle:
            def cancel(self) -> None:
                is_on[0] = False

        return Handle()

    def timers(self) -> list[float]:
        """Return the delays of those that run."""
        return [delay for delay, _, is_on in self.held if is_on[0]]

    def ring(self) -> None:
        """Let those that run go off."""
        for delay, call, is_on in list(self.held):
            if is_on[0]:
                is_on[0] = False
                assert delay > 0
                call()

    def get_extra_info(self, _name: str) -> None:
        """Know nothing."""

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.sent += data

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.is_closed

    def can_write_eof(self) -> bool:
        """Whether half of it can be closed."""
        return False

    def close(self) -> None:
        """Close."""
        self.is_closed = True

    def pause_reading(self) -> None:
        """Nothing is read here."""

    def resume_reading(self) -> None:
        """Nothing is read here."""


async def open_wires(app: ASGIApp = tell) -> tuple[Wires, BoundedHttp]:
    """Return a connection whose timers are turned by hand."""
    config = to_config(app)
    wires = Wires(asyncio.get_running_loop())
    protocol = BoundedHttp(config, ServerState(), {}, wires)
    protocol.connection_made(wires)  # type: ignore[arg-type] # as much of a transport as is used
    return wires, protocol


async def settle() -> None:
    """Let tasks run."""
    for _ in range(20):
        await asyncio.sleep(0)


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in a loop of its own."""

    @wraps(test)
    def run(**values: Any) -> None:  # noqa: ANN401 - any test's
        asyncio.run(test(**values))

    return run


WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("begun", "dripping"),
    [
        (b"G", b"ET /"),
        (b"GET / HT", b"TP/1"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"aaaa"),
        (b"GET / HTTP/1.1\r\nHost: x\r\na:", b"    "),
        (b"\r\n", b"\r\n\r\n"),
        (WHOLE + b"GE", b"T / "),
    ],
)
@in_loop
async def test_a_head_is_whole_within_ten_seconds_of_its_first_byte(begun: bytes, dripping: bytes) -> None:
    """However it drips: one clock runs from its first byte, and closes the connection."""
    wires, protocol = await open_wires()
    protocol.data_received(begun)
    for byte in dripping:
        assert wires.timers() == [HEAD_SECONDS] == [10.0]
        protocol.data_received(bytes([byte]))
    await settle()
    assert not wires.is_closed
    wires.ring()
    assert wires.is_closed


@in_loop
async def test_a_connection_without_a_byte_ends() -> None:
    """It is given a minute."""
    wires, _ = await open_wires()
    assert wires.timers() == [FIRST_BYTE_SECONDS]
    wires.ring()
    assert wires.is_closed


@in_loop
async def test_a_whole_head_stops_the_clock() -> None:
    """A request in one piece sets no clock but the one of idle connections, after its answer; nor does one in two."""
    wires, protocol = await open_wires()
    protocol.data_received(WHOLE)
    assert wires.timers() == []
    await settle()
    assert wires.sent.startswith(b"HTTP/1.1 200")
    assert wires.timers() == [protocol.timeout_keep_alive]
    protocol.data_received(WHOLE[:9])
    assert wires.timers() == [HEAD_SECONDS]
    protocol.data_received(WHOLE[9:])
    await settle()
    assert wires.timers() == [protocol.timeout_keep_alive]
    wires.ring()
    assert wires.is_closed


@in_loop
async def test_while_an_answer_is_owed_the_clock_waits() -> None:
    """A head begun behind a request that takes long: nothing is read meanwhile, so nobody is to blame."""
    may_answer = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await may_answer.wait()
        await tell(scope, receive, send)

    wires, protocol = await open_wires(slow)
    protocol.data_received(WHOLE + b"GET / HT")
    await settle()
    wires.ring()
    assert not wires.is_closed
    may_answer.set()
    await settle()
    wires.ring()
    assert wires.is_closed


@in_loop
async def test_a_body_nobody_waits_for_ends() -> None:
    """Answered before it is whole: it has a moment to end, then the connection is closed; an ended one is idle."""
    wires, protocol = await open_wires()
    begun = b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab"
    protocol.data_received(begun)
    await settle()
    assert REST_SECONDS in wires.timers()
    protocol.data_received(b"cd")
    assert wires.timers() == [protocol.timeout_keep_alive]
    protocol.data_received(begun)
    await settle()
    protocol.data_received(b"c")
    assert wires.timers() == [REST_SECONDS]
    wires.ring()
    assert wires.is_closed


def test_a_request_to_upgrade_is_answered_as_http(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """With and without a body, by any name: answered, closed, and no query or address in any log."""
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="uvicorn.error"):
        for name in (b"websocket", b"WebSocket", b"h2c", b"TLS/1.0"):
            head = b"Host: x\r\n" + UPGRADE.replace(b"websocket", name)
            get = b"GET /v1/session?x=CANARY HTTP/1.1\r\n" + head + b"\r\n"
            body = json.dumps({"appid": APPID, "login_code": service.code()}).encode()
            post = b"POST /v1/sessions?x=CANARY HTTP/1.1\r\n" + head
            post += b"Content-Length: %d\r\n\r\n" % len(body) + body
            last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            assert statuses(ask(service.url, get + post + get + last)) == [401, 201, 401, 200]
            assert statuses(ask(service.url, get + b"\x81\x05CANARY")) == [401]
        assert statuses(ask(service.url, b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\nCANARY")) == [400]
    lines = [record.getMessage() for record in caplog.records if record.name.startswith(("uvicorn", "menjin"))]
    assert any("GET /v1/session 401" in line for line in lines)
    assert not [line for line in lines if "CANARY" in line or "127.0.0.1" in line]


def test_control_uvicorn_alone_logs_the_query(caplog: pytest.LogCaptureFixture) -> None:
    """The broken variant: its WebSocket side writes the query and the address into its own log."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        else:
            await tell(scope, receive, send)

    with caplog.at_level(logging.DEBUG, logger="uvicorn.error"), serve_app(refuse, unbounded) as url:
        ask(url, b"GET /v1/session?x=CANARY HTTP/1.1\r\nHost: x\r\n" + UPGRADE + b"\r\n")
    assert any("CANARY" in record.getMessage() for record in caplog.records)
