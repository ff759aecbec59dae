"""HTTP as uvicorn speaks it over httptools, with bounds that neither of them has.

A head ends within 64 KiB and 10 s of its first byte, and so do the fields after a chunked body. Without that bound one
client's endless header is read for as long as it is sent, kept whole, and slows everybody.

Bytes are counted a piece at a time, so an ordinary request costs a comparison or two. A request to upgrade is answered
as plain HTTP, which RFC 9110 (7.8) leaves to the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from asyncio import TimerHandle
from enum import Enum
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

LARGEST_HEAD = 64 * 1024
HEAD_SECONDS = 10.0
FIRST_BYTE_SECONDS = 60.0
# Who is refused, or answered early, may go on sending so much for so long: a connection that is closed with something
# unread is reset, and the client may lose the answer.
LARGEST_REST = 16 * 1024 * 1024
REST_SECONDS = 2.0
_LOG = logging.getLogger("menjin.service")
_BAD, _TOO_LARGE = 400, 431
_REST_OF_REFUSAL = b"cache-control: no-store\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class _Stage(Enum):
    IDLE = "idle"
    HEAD = "head"
    BODY = "body"


class BoundedHttp(HttpToolsProtocol):
    """One connection; made by uvicorn."""

    def __init__(self, *args: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*args, **named)
        self._stage = _Stage.IDLE
        self._piece_bytes = 0
        self._has_moved = False  # whether the piece ended a head or a request, or was of a body
        self._waiting_bytes = 0  # of pieces that did not
        self._is_too_large = False
        self._is_deaf = False
        self._rest_bytes = 0
        self._deadline: TimerHandle | None = None
        self._is_new = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn narrows it
        """Begin."""
        super().connection_made(transport)
        self._set_deadline(FIRST_BYTE_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._drop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what arrived, in pieces."""
        self._unset_keepalive_if_required()
        if self._is_new:
            self._is_new = False
            self._drop_deadline()
        if self._is_deaf:
            self._let_pass(len(data))
            return
        if len(data) <= LARGEST_HEAD:
            self._take(data)
            return
        for start in range(0, len(data), LARGEST_HEAD):
            self._take(data[start : start + LARGEST_HEAD])

    def on_message_begin(self) -> None:
        """A head begins."""
        self._stage = _Stage.HEAD
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is whole: serve the request.

        Raises:
            ValueError: It is too large. httptools tells it as an error of its own.
        """
        if self._waiting_bytes + self._piece_bytes > LARGEST_HEAD:  # else it cannot be
            fields = sum(len(name) + len(value) + 4 for name, value in self.headers)
            if len(self.url) + fields > LARGEST_HEAD:
                self._is_too_large = True
                raise ValueError("the head is too large")
        if self.parser.should_upgrade():
            return
        super().on_headers_complete()
        self._stage, self._has_moved = _Stage.BODY, True
        self.headers = []  # fields after a chunked body are none of the request's: no proxy has seen to them

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._has_moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._stage, self._has_moved = _Stage.IDLE, True
        if self.cycle.response_complete and not self.transport.is_closing():
            # It was answered before it was whole; what came since has stopped the clock of idle connections.
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        """A request is answered: wait for the next, or the rest of this one."""
        super().on_response_complete()
        if self._stage is _Stage.BODY and self.cycle.response_complete and not self.transport.is_closing():
            self._set_deadline(REST_SECONDS)

    def _take(self, piece: bytes) -> None:
        rest: bytes | None = piece
        while rest is not None and not self._is_deaf:
            rest = self._feed(rest)

    def _feed(self, piece: bytes) -> bytes | None:
        """Take a piece; return what is to be taken once more, after a request to upgrade."""
        self._piece_bytes, self._has_moved = len(piece), False
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            if self.parser.get_method() != b"CONNECT":
                return self._overlook_upgrade() + piece[upgrade.args[0] :]
            self._refuse(_BAD)
        except httptools.HttpParserError:
            self._refuse(_TOO_LARGE if self._is_too_large else _BAD)
        else:
            self._judge()
        return None

    def _overlook_upgrade(self) -> bytes:
        """Return the head that asked for another protocol without that; httptools would not read its body."""
        first = [self.parser.get_method(), self.url, b"HTTP/" + self.parser.get_http_version().encode()]
        fields = [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        with contextlib.suppress(AttributeError):  # as uvicorn does
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._waiting_bytes = 0
        return b"\r\n".join([b" ".join(first), *fields, b"", b""])

    def _judge(self) -> None:
        """See that what was taken leads somewhere, in time."""
        if self._has_moved:
            self._waiting_bytes = 0
        else:
            self._waiting_bytes += self._piece_bytes
            if self._waiting_bytes > LARGEST_HEAD:
                self._refuse(_BAD if self._stage is _Stage.BODY else _TOO_LARGE)
                return
        if self._stage is _Stage.BODY:
            if self.cycle.response_complete:
                self._let_pass(self._piece_bytes)
            else:
                self._drop_deadline()
            return
        if self._has_moved:
            self._drop_deadline()
        if self._deadline is None and (self._stage is _Stage.HEAD or not self._has_moved):
            self._set_deadline(HEAD_SECONDS)

    def _refuse(self, status: int) -> None:
        """Answer what is no request, unless something is still to be answered before it."""
        self._is_deaf = True
        self._drop_deadline()
        _LOG.info("refused before it was a request: %s", status)
        cycle = self._latest()
        if cycle is not None and not cycle.response_complete:
            if self._stage is not _Stage.BODY or self.pipeline:
                cycle.keep_alive = False  # the last that is answered
                return
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.close()
                return
        self.transport.write(STATUS_LINE[status] + _REST_OF_REFUSAL)
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._set_deadline(REST_SECONDS)

    def _latest(self) -> RequestResponseCycle | None:
        """Return the latest request that began to be served, if one did."""
        return self.cycle

    def _let_pass(self, size: int) -> None:
        self._rest_bytes += size
        if self._rest_bytes > LARGEST_REST:
            self.transport.close()

    def _set_deadline(self, seconds: float) -> None:
        self._drop_deadline()
        self._deadline = self.loop.call_later(seconds, self._end)

    def _drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self) -> None:
        self._deadline = None
        cycle = self._latest()
        if cycle is not None and not cycle.response_complete and not cycle.disconnected:
            self._set_deadline(HEAD_SECONDS)  # an answer is owed, and nothing may be read until it is given
        else:
            self.transport.close()
