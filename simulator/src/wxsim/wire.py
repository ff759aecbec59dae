"""Requests and responses as plain values: the one shape every door speaks.

Nothing here knows WeChat; nothing here opens a socket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

NO_FIELDS: Mapping[str, str] = {}
JSON_TYPE = "application/json; charset=utf-8"


class Request(msgspec.Struct, frozen=True):
    """One HTTP request, read whole.

    Attributes:
        method: upper-case HTTP method.
        path: decoded path, without query.
        query: decoded query parameters; of a repeated one the first counts.
        headers: header fields with lower-case names.
        body: the body's bytes.
        client_ip: where the request comes from.
    """

    method: str
    path: str
    query: Mapping[str, str] = NO_FIELDS
    headers: Mapping[str, str] = NO_FIELDS
    body: bytes = b""
    client_ip: str = "127.0.0.1"

    @classmethod
    def to(cls, method: str, url: str, json: object = None) -> Request:
        """Build a request from a URL and, when given, a value sent as JSON.

        Args:
            method: HTTP method.
            url: absolute or relative URL; scheme and host are ignored.
            json: value to send as the body; None sends no body.
        """
        parts = urlsplit(url)
        body = b"" if json is None else msgspec.json.encode(json)
        return cls(method, unquote(parts.path), read_query(parts.query), body=body)


class Delivery(msgspec.Struct, frozen=True):
    """How a server must hand over the response: faults that only a wire can show.

    Attributes:
        how: ``delay`` waits, ``hang`` never answers, ``drip`` sends in small
            pieces, ``cut`` closes the connection after ``after`` bytes of body,
            ``reset`` closes it without a single byte.
        seconds: time to wait before the answer, or between two pieces.
        after: bytes of body to send before the cut, or bytes a piece.
    """

    how: Literal["delay", "hang", "drip", "cut", "reset"]
    seconds: float = 0.0
    after: int = 1


class Errand(msgspec.Struct):
    """An exchange with another server, asked for by a phone: it takes time, so it runs outside the world's lock.

    Attributes:
        run: makes the exchange and returns what the phone is told; blocks.
        then: completes that, inside the lock again.
    """

    run: Callable[[], Response]
    then: Callable[[Response], Response] = lambda response: response


class Response(msgspec.Struct):
    """One HTTP response.

    Attributes:
        status: HTTP status.
        headers: header fields, names in lower case.
        body: the body's bytes.
        delivery: what the wire must do to it, or None for a plain delivery.
        errand: an exchange that must be run first and gives the true response.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    delivery: Delivery | None = None
    errand: Errand | None = None

    def json(self) -> Any:  # noqa: ANN401 - a JSON document has no narrower type
        """Return the body read as JSON.

        Raises:
            msgspec.DecodeError: the body is no JSON.
        """
        return msgspec.json.decode(self.body)


def read_query(text: str) -> dict[str, str]:
    """Read a query string; of a repeated name the first value counts."""
    fields: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        fields.setdefault(name, value)
    return fields


def json_response(value: object, status: int = 200, kind: str = JSON_TYPE) -> Response:
    """Return ``value`` as a JSON response."""
    return Response(status, {"content-type": kind}, msgspec.json.encode(value))


def problem(status: int, code: str, detail: str) -> Response:
    """Return the simulator's own error, which is never one of WeChat's."""
    return json_response({"code": code, "detail": detail}, status)
