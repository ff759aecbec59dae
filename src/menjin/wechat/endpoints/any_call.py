"""Any API of WeChat's that takes an access_token: the request by method and path, the answer as it came."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from menjin.errors import ConnectFailed, Fault, RequestInvalid
from menjin.wechat.errcodes import to_error
from menjin.wechat.ports import HttpRequest, HttpResponse
from menjin.wechat.wire import read_answer, read_errcode

Method = Literal["GET", "POST"]
_PATH = re.compile(r"(/[A-Za-z0-9_-]+)+")
_LARGEST_WORD = 64 * 1024  # a refusal is small; a file is not read as JSON


def build(base_url: str, method: Method, path: str, query: Mapping[str, str], body: object) -> HttpRequest:
    """Return the request, without its access_token.

    Args:
        base_url: WeChat's host.
        method: By WeChat's documentation.
        path: Such as `/cgi-bin/message/subscribe/send`.
        query: Without access_token, which is ours to add.
        body: Sent as JSON, unescaped UTF-8; None for no body.

    Raises:
        RequestInvalid: The path is none of an API's, the query names access_token, or the body is no JSON value.
    """
    if method not in {"GET", "POST"}:
        raise RequestInvalid(Fault("method", "GET or POST"))
    if not _PATH.fullmatch(path):
        raise RequestInvalid(Fault("path", "the path of one of WeChat's APIs, without host and query"))
    if "access_token" in query:
        raise RequestInvalid(Fault("query", "access_token is put in by us"))
    try:
        encoded = msgspec.json.encode(body) if body is not None else None
    except (TypeError, ValueError):
        encoded = b""
    if encoded == b"":
        raise RequestInvalid(Fault("body", "not a JSON value"))
    return HttpRequest(method, base_url + path, tuple(query.items()), encoded)


def read_bytes(response: HttpResponse, now: datetime) -> bytes:
    """Return a file.

    Raises:
        WeChatError: It was no file but an errcode.
        TransportError: A server error on the way, or JSON that cannot be read.
    """
    body = response.body
    if response.status >= 500:  # noqa: PLR2004 - HTTP's server errors
        raise ConnectFailed
    if len(body) <= _LARGEST_WORD and body.lstrip()[:1] == b"{":
        errcode, errmsg = read_errcode(read_answer(response))
        if errcode:
            raise to_error(errcode, errmsg, now)
    return body
