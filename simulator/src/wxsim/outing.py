"""One HTTP exchange with another server, for a phone that cannot make it itself."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from urllib.parse import urljoin, urlsplit

import msgspec

from wxsim.phone.hand import WxFail

MOST_REDIRECTS = 20
MOST_BYTES = 64 * 1024 * 1024
PIECE = 65_536
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Back(msgspec.Struct, frozen=True):
    """What came back: header names as the server wrote them, repeated values joined."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes
    location: str = ""


class Outing(msgspec.Struct, frozen=True):
    """A request on its way out.

    Attributes:
        url: absolute, escaped.
        method: upper-case.
        headers: complete but for Host and Content-Length.
        body: empty for none.
        seconds: for everything together.
        follows: whether redirects are followed.
        may_go: says which addresses it may be redirected to.
    """

    url: str
    method: str
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    follows: bool
    may_go: Callable[[str], bool]

    def run(self) -> Back:
        """Go, and follow redirects; blocks.

        Raises:
            WxFail: WeChat's failure for what went wrong on the way.
        """
        deadline = time.monotonic() + self.seconds
        step = self
        for _ in range(MOST_REDIRECTS + 1):
            back = _step(step, deadline)
            if not (self.follows and back.location):
                return back
            step = _redirected(step, back)
            if not self.may_go(step.url):
                reason = "url not in domain list"
                raise WxFail(reason, 600002)
        raise broken(-310, "ERR_TOO_MANY_REDIRECTS")


def broken(code: int, name: str) -> WxFail:
    """Return WeChat's failure for a transport that broke."""
    return WxFail(f"errcode:{code} cronet_error_code:{code} error_msg:net::{name}", 600001)


def _redirected(step: Outing, back: Back) -> Outing:
    url = urljoin(step.url, back.location)
    changes = back.status == 303 or (back.status in {301, 302} and step.method == "POST")  # noqa: PLR2004 - See Other
    same = urlsplit(url)[:2] == urlsplit(step.url)[:2]
    headers = {name: value for name, value in step.headers.items() if same or name.lower() != "authorization"}
    method = "GET" if changes and step.method != "HEAD" else step.method
    return msgspec.structs.replace(step, url=url, method=method, headers=headers, body=b"" if changes else step.body)


def _step(step: Outing, deadline: float) -> Back:
    parts = urlsplit(step.url)
    left = max(0.01, deadline - time.monotonic())
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=left)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(step.method, path, step.body or None, {"Accept-Encoding": "gzip, deflate", **step.headers})
        return _read(connection.getresponse(), connection, deadline)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failure(error) from None
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, connection: http.client.HTTPConnection, deadline: float) -> Back:
    pieces: list[bytes] = []
    size = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if connection.sock is not None:
            connection.sock.settimeout(left)
        piece = response.read1(PIECE)
        if not piece:
            break
        size += len(piece)
        if size > MOST_BYTES:
            raise broken(-2, "ERR_FAILED")
        pieces.append(piece)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    location = response.headers.get("location", "") if response.status in REDIRECTS else ""
    cookies = response.headers.get_all("set-cookie") or []
    body = _unpacked(b"".join(pieces), response.headers.get("content-encoding", ""))
    return Back(response.status, _joined(response), cookies, body, location)


def _unpacked(body: bytes, coding: str) -> bytes:
    if coding not in {"gzip", "deflate"} or not body:
        return body
    try:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
        unpacked = unpacker.decompress(body, MOST_BYTES)
    except zlib.error:
        raise broken(-330, "ERR_CONTENT_DECODING_FAILED") from None
    if unpacker.unconsumed_tail:
        raise broken(-2, "ERR_FAILED")
    return unpacked


def _joined(response: http.client.HTTPResponse) -> dict[str, str]:
    fields: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, value in response.headers.items():
        known = names.setdefault(name.lower(), name)
        fields[known] = f"{fields[known]},{value}" if known in fields else value
    return fields


_KINDS: tuple[tuple[type[Exception], int, str], ...] = (
    (http.client.RemoteDisconnected, -324, "ERR_EMPTY_RESPONSE"),
    (ConnectionRefusedError, -102, "ERR_CONNECTION_REFUSED"),
    (ConnectionError, -101, "ERR_CONNECTION_RESET"),
    (socket.gaierror, -105, "ERR_NAME_NOT_RESOLVED"),
    (ssl.SSLCertVerificationError, -202, "ERR_CERT_AUTHORITY_INVALID"),
    (ssl.SSLError, -107, "ERR_SSL_PROTOCOL_ERROR"),
    (http.client.IncompleteRead, -354, "ERR_CONTENT_LENGTH_MISMATCH"),
    (http.client.HTTPException, -320, "ERR_INVALID_RESPONSE"),
)
_NUMBERS = {
    errno.ENETUNREACH: (-106, "ERR_INTERNET_DISCONNECTED"),
    errno.EHOSTUNREACH: (-109, "ERR_ADDRESS_UNREACHABLE"),
}


def _failure(error: Exception) -> WxFail:
    if isinstance(error, TimeoutError):
        return WxFail("timeout", 5)
    for kind, code, name in _KINDS:
        if isinstance(error, kind):
            return broken(code, name)
    number = error.errno if isinstance(error, OSError) else None
    return broken(*_NUMBERS.get(number or 0, (-2, "ERR_FAILED")))
