"""A WeChat that misbehaves on demand: a raw TCP server in a thread of its own, one misdeed a path.

A path it does not know, `/good` for one, gets a good answer, over a connection that is kept open.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from typing import Self

Misdeed = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GOOD = b'{"openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","session_key":"tiihtNczf5v6AKRyjwEUhQ=="}'
ANSWER_CANARY = "canary-of-the-answer"
MEBIBYTE = 1024 * 1024


def reply(body: bytes, status: str = "200 OK", kind: str = "application/json", extra: str = "") -> bytes:
    """Return a whole HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SECRETIVE = f'{{"errmsg":"{ANSWER_CANARY}"}}'.encode()
ANSWERS: dict[str, bytes] = {
    "/html": reply(b"<html>" + ANSWER_CANARY.encode() + b"</html>", kind="text/html"),
    "/html500": reply(b"<html>" + ANSWER_CANARY.encode() + b"</html>", "500 Internal Server Error", "text/html"),
    "/json502": reply(SECRETIVE, "502 Bad Gateway"),
    "/list": reply(b'["' + ANSWER_CANARY.encode() + b'"]'),
    "/null": reply(b"null"),
    "/types": reply(b'{"openid":["' + ANSWER_CANARY.encode() + b'"],"session_key":7}'),
    "/empty": reply(b""),
    "/gbk": reply('{"openid":"微信"}'.encode("gbk")),
    "/redirect": reply(b"", "302 Found", extra="Location: /good\r\n"),
    "/redirect-away": reply(b"", "307 Temporary Redirect", extra="Location: http://192.0.2.1/?x=1\r\n"),
    "/plain": reply(GOOD, kind="text/plain; charset=gbk"),
    "/cookie": reply(GOOD, extra=f"Set-Cookie: a={ANSWER_CANARY}; path=/\r\n"),
}
BROKEN: dict[str, bytes] = {
    "/cut": reply(GOOD)[:-10],
    "/cut-head": reply(GOOD)[:20],
    "/silent": b"",
    "/no-http": b"SSH-2.0-" + ANSWER_CANARY.encode() + b"\r\n",
    "/bad-length": b"HTTP/1.1 200 OK\r\nContent-Length: minus one " + ANSWER_CANARY.encode() + b"\r\n\r\n{}",
    "/bad-header": b"HTTP/1.1 200 OK\r\n" + ANSWER_CANARY.encode() + b"\r\n\r\n{}",
    "/long-header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n{}",
    "/bad-chunk": CHUNKED + b"zz " + ANSWER_CANARY.encode() + b"\r\n{}\r\n",
    "/cut-chunk": CHUNKED + b"ff\r\n" + SECRETIVE,
    "/bad-gzip": reply(SECRETIVE, extra="Content-Encoding: gzip\r\n"),
}
TOO_LARGE: dict[str, bytes] = {
    "/large": reply(b"[" + b" " * 2 * MEBIBYTE + b"]"),
    "/bomb": reply(gzip.compress(b" " * 64 * MEBIBYTE), extra="Content-Encoding: gzip\r\n"),
}


async def _hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the caller goes away


async def _drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in reply(GOOD):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.2)


async def _drip_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(reply(GOOD)[: -len(GOOD)])
    await _drip(reader, writer)


async def _reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _endless_body(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(CHUNKED)
    while True:
        writer.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")
        await writer.drain()


async def _endless_headers(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: more\r\n" * 64)
        await writer.drain()
        await asyncio.sleep(0.01)


SLOW: dict[str, Misdeed] = {"/hang": _hang, "/drip": _drip, "/drip-body": _drip_body}
MISDEEDS: dict[str, Misdeed] = {
    **SLOW,
    "/reset": _reset,
    "/endless-body": _endless_body,
    "/endless-headers": _endless_headers,
}


class FaultyWeChat:
    """Serves on a free port of the loopback while the `with` block lasts.

    Attributes:
        url: Its base URL.
        seen: The request targets it was sent, in order.
    """

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[str] = []
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="faulty-wechat")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer(reader, writer):
                pass
        except (OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection stays open."""
        head = await reader.readuntil(b"\r\n\r\n")
        target = head.split(b" ")[1].decode()
        self.seen.append(target)
        path = target.partition("?")[0]
        if path in MISDEEDS:
            await MISDEEDS[path](reader, writer)
            return False
        whole = {**ANSWERS, **TOO_LARGE}
        writer.write(BROKEN[path] if path in BROKEN else whole.get(path, reply(GOOD)))
        await writer.drain()
        return path not in BROKEN


def closed_port() -> int:
    """Return a port of the loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
