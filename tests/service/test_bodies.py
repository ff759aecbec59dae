"""Bodies nobody should send, at every door that takes one: refused by 4xx, and the next request is served."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.requests import Request
from starlette.types import Message

from menjin.errors import RequestInvalid
from menjin.problems import TABLE
from menjin.service.bodies import SignInBody, read_body
from support.openapi_contract import POST_PATHS
from support.serving import APPID, Client, Service

GOOD: dict[str, dict[str, Any]] = {
    "/v1/sessions": {"appid": APPID, "login_code": "made-up"},
    "/v1/open-data": {"kind": "user_info", "encrypted_data": "AAAA", "iv": "AAAA"},
    "/v1/session/step-up": {"login_code": "made-up"},
    "/v1/phone": {"encrypted_data": "AAAA", "iv": "AAAA"},
    "/v1/binding": {"method": "password", "username": "nobody", "password": "none"},
    "/v1/unionid/paid": {"mch_id": "1900000109", "out_trade_no": "made-up"},
}
LIMIT = 64 * 1024
OTHER_VALUES: tuple[object, ...] = (None, 1, 1.5, True, [], {}, ["a"], "", {"a": {"b": []}})
DEEP = b"[" * 5000 + b"]" * 5000
NOT_JSON: dict[str, bytes] = {
    "empty": b"",
    "blank": b"  \n",
    "null": b"null",
    "true": b"true",
    "list": b"[]",
    "list of the body": b"[%s]",
    "number": b"1",
    "string": b'"text"',
    "NaN": b"NaN",
    "form": b"appid=x&login_code=y",
    "two objects": b"{}{}",
    "bad UTF-8": b'{"kind": "\xff"}',
    "UTF-8 of a surrogate": b'{"kind": "\xed\xa0\x80"}',
    "overlong UTF-8": b'{"kind": "\xc0\xaf"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "5,000 opening brackets": b"[" * 5000,
    "5,000 opening braces": b'{"a":' * 5000,
    "60,000 opening brackets": b"[" * 60_000,
    "deep list": DEEP,
    "unfinished": b'{"kind": "user_info"',
    "comment": b"{/**/}",
    "single quotes": b"{'kind': 1}",
    "trailing comma": b'{"kind": 1,}',
    "NUL": b"\x00",
    "raw NUL in a text": b'{"kind": "\x00"}',
}


def spoil(good: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield bodies that are a good one but for one field."""
    for field, kept in good.items():
        others = {name: value for name, value in good.items() if name != field}
        yield f"{field} missing", json.dumps(others).encode()
        for value in OTHER_VALUES:
            yield f"{field} = {value!r}", json.dumps({**good, field: value}).encode()
        whole, name = json.dumps(others)[:-1], json.dumps(field)
        for raw in (
            "NaN",
            "Infinity",
            "-Infinity",
            "1e999",
            "9" * 5000,
            '"\\ud800"',
            '"\\udc00\\ud800"',
            DEEP.decode(),
            "[" * 5000,
        ):
            yield f"{field} = {raw[:20]}", f"{whole}, {name}: {raw}}}".encode()
        yield f"{field} twice", f"{json.dumps(good)[:-1]}, {name}: {json.dumps(kept)}}}".encode()
    for unknown in ("session_token", "openid", "__class__", "", "a" * 1000, "\x00", "\U0001f600"):
        yield f"unknown {unknown[:9]!r}", json.dumps({**good, unknown: 1}).encode()
    yield "unknown deep", json.dumps(good)[:-1].encode() + b', "deep": ' + DEEP + b"}"


def refuse(client: Client, path: str, what: str, body: bytes | Iterator[bytes]) -> httpx2.Response:
    """Send a body; fail unless it is refused by a 4xx problem of the table."""
    reply = client.call("POST", path, content=body, headers={"Content-Type": "application/json"})
    code = reply.json()["code"]
    assert 400 <= reply.status_code < 500, f"{what}: {reply.status_code}"
    assert TABLE[code].status == reply.status_code, what
    return reply


def check_alive(service: Service) -> None:
    """Fail unless a good login works."""
    assert service.signed_in().who().status_code == 200


@pytest.mark.parametrize("path", POST_PATHS)
def test_what_is_no_json_object_is_refused(shared: Service, path: str) -> None:
    """Not JSON, not UTF-8, not an object, too deep: 422 request_invalid, and the door still works."""
    client = shared.signed_in()
    for what, body in NOT_JSON.items():
        reply = refuse(client, path, what, body)
        assert reply.json()["code"] == "request_invalid", what
    check_alive(shared)


@pytest.mark.parametrize("path", POST_PATHS)
def test_one_spoilt_field_is_refused(shared: Service, path: str) -> None:
    """A field missing, twice, unknown, of a wrong type, half a character, too deep: 422, and the door still works."""
    client = shared.signed_in()
    for what, body in spoil(GOOD[path]):
        reply = refuse(client, path, what, body)
        allowed = {"request_invalid", "open_data_invalid"} if what == "iv = ''" else {"request_invalid"}
        assert reply.json()["code"] in allowed, what
    check_alive(shared)


@pytest.mark.parametrize("path", POST_PATHS)
def test_a_body_over_64_kib_is_refused(shared: Service, path: str) -> None:
    """Announced or chunked, a byte too many is 413 body_too_large; a body of exactly 64 KiB is read."""
    client = shared.signed_in()
    good = json.dumps(GOOD[path]).encode()
    exact = good + b" " * (LIMIT - len(good))
    assert client.call("POST", path, content=exact).status_code != 413
    for what, body in (("one more", exact + b" "), ("brackets", b"[" * 100_000), ("megabytes", b" " * 3_000_000)):
        announced = refuse(client, path, what, body)
        chunked = refuse(client, path, what, iter([body[at : at + 5000] for at in range(0, len(body), 5000)]))
        assert announced.json()["code"] == chunked.json()["code"] == "body_too_large", what
    check_alive(shared)


@pytest.mark.parametrize("path", POST_PATHS)
def test_nul_and_odd_characters_in_texts_are_no_error(shared: Service, path: str) -> None:
    """Texts may hold any character of Unicode; what is then nobody's name is refused, never a 5xx."""
    client = shared.signed_in()
    for odd in ("\x00", "a\x00b", "\u2028", "\U0001f600", "\ufffe", "'; --", "\u202e", "a\n", "é" * 100):
        for field in GOOD[path]:
            refuse(client, path, repr(odd), json.dumps({**GOOD[path], field: odd}).encode())
    check_alive(shared)


def test_a_device_id_is_read_to_its_last_character(shared: Service) -> None:
    """A line feed after a good device id, or a label too long, is refused as the contract says."""
    good = {"appid": APPID, "login_code": "made-up"}
    for device in (
        {"id": "d" * 22 + "\n"},
        {"id": "d" * 15},
        {"id": "d" * 22, "label": "l" * 65},
        {"label": "x"},
        None,
    ):
        reply = shared.client().call("POST", "/v1/sessions", {**good, "device": device})
        assert (reply.status_code, reply.json()["code"]) == (422, "request_invalid"), device
    event = shared.world.phone("ming").getUserInfo()
    signed = {"kind": "user_info", "raw_data": event["rawData"], "signature": "0" * 40 + "\n"}
    assert shared.signed_in().call("POST", "/v1/open-data", signed).status_code == 422


def test_pairs_come_together(shared: Service) -> None:
    """encrypted_data without iv, raw_data without signature, and nothing at all are 422."""
    client = shared.signed_in()
    for halves in ({}, {"encrypted_data": "AAAA"}, {"iv": "AAAA"}, {"raw_data": "{}"}, {"signature": "0" * 40}):
        assert client.call("POST", "/v1/open-data", {"kind": "user_info", **halves}).status_code == 422


def send_raw(url: str, data: bytes, *, then_close: bool) -> bytes:
    """Send bytes over a socket of its own; return what comes back."""
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 80)), timeout=5) as wire:
        wire.sendall(data)
        if then_close:
            wire.shutdown(socket.SHUT_WR)
        found = b""
        while part := wire.recv(65536):
            found += part
        return found


@pytest.mark.parametrize(
    ("heading", "body", "answered"),
    [
        ("Content-Length: 1000000\r\nConnection: close", b"x" * 70_000, b" 413 "),
        ("Content-Length: 1000\r\nConnection: close", b"{}", b""),
        ("Content-Length: 2\r\nConnection: close", b'{}{"appid": 1}', b" 422 "),
        ("Content-Length: -5\r\nConnection: close", b"{}", b" 400 "),
        ("Content-Length: 2\r\nContent-Length: 3\r\nConnection: close", b"{}", b" 400 "),
        ("Transfer-Encoding: chunked\r\nConnection: close", b"zz\r\n{}\r\n0\r\n\r\n", b" 400 "),
        ("Transfer-Encoding: chunked\r\nConnection: close", b"2\r\n{}\r\n0\r\n\r\n", b" 422 "),
    ],
)
def test_a_lying_content_length_is_no_error(shared: Service, heading: str, body: bytes, answered: bytes) -> None:
    """A length that is too long, too short, doubled or no number gets a 4xx or a closed connection, never a 5xx."""
    head = f"POST /v1/sessions HTTP/1.1\r\nHost: menjin\r\n{heading}\r\n\r\n".encode()
    found = send_raw(shared.url, head + body, then_close=True)
    assert answered in found[:30]
    assert b" 500 " not in found
    check_alive(shared)


def test_a_body_that_never_ends_is_not_waited_for() -> None:
    """Bytes that drip in for ever hold a request up for its time at most, however often one comes."""

    async def drip() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def read() -> None:
        async with asyncio.timeout(5):
            await read_body(Request({"type": "http", "method": "POST", "headers": []}, drip), SignInBody, seconds=0.1)

    with pytest.raises(RequestInvalid, match="not whole within"):
        asyncio.run(read())
