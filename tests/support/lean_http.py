"""A client for load generators: POST and GET over kept connections, at a tenth of a usual client's cost.

It is the proxy's place: it opens as many connections as it needs, uses the one used last first, and none that lay idle
for longer than a server may leave it open.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

_IDLE_SECONDS = 2.0
_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, 0 for none, and the body."""

    status: int
    body: bytes = b""


NONE = Answer(0)


class _Connection(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[Answer] | None = None
        self.idle_since = 0.0
        self._data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits that no answer will come."""
        del error
        self.transport = None
        self._tell(NONE)

    def data_received(self, data: bytes) -> None:
        """Take in a part of the answer."""
        self._data += data
        end = self._data.find(_END_OF_HEAD)
        if end < 0:
            return
        head = bytes(self._data[:end]).lower()
        length = _read_length(head)
        start = end + len(_END_OF_HEAD)
        if len(self._data) - start < length:
            return
        answer = Answer(int(head[9:12]), bytes(self._data[start : start + length]))
        del self._data[: start + length]
        self._tell(answer)

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Send a request."""
        self.answer = asyncio.get_running_loop().create_future()
        if self.transport is None:
            self._tell(NONE)
        else:
            self.transport.write(request)
        return self.answer

    def _tell(self, answer: Answer) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(answer)


@dataclass(slots=True)
class LeanHttp:
    """Requests to one server on the loopback.

    Attributes:
        port: Its port.
        patience: Seconds for a whole request, connecting included.
    """

    port: int
    patience: float = 10.0
    _idle: list[_Connection] = field(default_factory=list)

    async def post(self, path: str, body: bytes = b"", headers: str = "") -> Answer:
        """Return the answer, or `NONE` if there was none in time.

        Args:
            path: With its query.
            body: JSON.
            headers: Further ones, each with its line end.
        """
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
        request = f"{head}Content-Length: {len(body)}\r\n{headers}\r\n".encode() + body
        connection = None
        try:
            async with asyncio.timeout(self.patience):
                connection = self._take() or await self._connect()
                answer = await connection.ask(request)
        except (TimeoutError, OSError):
            if connection is not None and connection.transport is not None:
                connection.transport.abort()
            return NONE
        if connection.transport is not None:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close the connections."""
        for connection in self._idle:
            if connection.transport is not None:
                connection.transport.abort()

    def _take(self) -> _Connection | None:
        oldest = asyncio.get_running_loop().time() - _IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.transport is not None and connection.idle_since > oldest:
                return connection
            if connection.transport is not None:
                connection.transport.abort()
        return None

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, "127.0.0.1", self.port)
        return connection


def _read_length(head: bytes) -> int:
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0
