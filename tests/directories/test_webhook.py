"""A directory that is an HTTP endpoint: what it is sent, what it may answer, where it may lie."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from menjin import Secret
from menjin.accounts.directory import Directory, Member
from menjin.adapters.directories.signing import is_signed, read_key
from menjin.adapters.directories.targets import GuardedResolver, TargetRefused, Targets, read_target
from menjin.adapters.directories.webhook import Endpoint, WebhookDirectory
from menjin.bridge import drive
from menjin.errors import StoreUnavailable

KEY = Secret("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
OTHER_KEY = Secret("whsec_ZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY=")
LOOPBACK = ("127.0.0.0/8",)
PASSWORD = Secret("ming's password")
Reply = tuple[int, str, bytes]


@dataclass
class Shop:
    """The business's endpoint.

    Attributes:
        reply: What it answers to a question.
        seen: Headers and body of every request.
    """

    reply: Callable[[dict[str, Any]], Reply]
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    extra_headers: dict[str, str] = field(default_factory=dict)


def answer(member: str | None) -> Reply:
    """Return a good answer."""
    body = {"member": {"external_id": member} if member is not None else None}
    return 200, "application/json", json.dumps(body).encode()


def know_ming(question: dict[str, Any]) -> Reply:
    """Know one member."""
    if question["type"] == "find_by_phone":
        return answer("m-1" if question["phone_number"] == "+8613800138000" else None)
    return answer("m-1" if (question["username"], question["password"]) == ("ming", PASSWORD.reveal()) else None)


@pytest.fixture
def shop() -> Iterator[Shop]:
    """An endpoint on loopback that knows Ming."""
    shop = Shop(know_ming)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            shop.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, kind, text = shop.reply(json.loads(body))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            for name, value in shop.extra_headers.items():
                self.send_header(name, value)
            with suppress(BrokenPipeError, ConnectionResetError):
                self.end_headers()
                self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_address[1]}/menjin"
    yield shop
    server.shutdown()
    server.server_close()
    thread.join()


def directory_at(
    url: str,
    *,
    blocking: bool = True,
    look_up: Callable[..., list[Any]] = socket.getaddrinfo,
    **more: Any,  # noqa: ANN401 - Endpoint's own
) -> WebhookDirectory:
    """Return a directory that may reach loopback."""
    endpoint = Endpoint(url, (KEY,), **{"private_networks": LOOPBACK, **more})
    return WebhookDirectory(endpoint, blocking=blocking, look_up=look_up)


async def ask(directory: Directory, username: str, password: Secret) -> Member | None:
    """Ask, for asyncio.run."""
    return await directory.verify_password(username, password)


def test_members_are_found_in_both_colours(shop: Shop) -> None:
    """With and without a loop, and by a blocking caller inside a loop's thread."""
    blocking, awaiting = directory_at(shop.url), directory_at(shop.url, blocking=False)
    assert drive(blocking.verify_password("ming", PASSWORD)) == Member("m-1")
    assert drive(blocking.verify_password("ming", Secret("wrong"))) is None
    assert drive(blocking.find_by_phone("+8613800138000")) == Member("m-1")
    assert drive(blocking.find_by_phone("nonsense")) is None
    assert asyncio.run(ask(awaiting, "ming", PASSWORD)) == Member("m-1")
    assert asyncio.run(ask(awaiting, "小明", PASSWORD)) is None

    async def inside() -> Member | None:
        return drive(blocking.verify_password("ming", PASSWORD))

    assert asyncio.run(inside()) == Member("m-1")
    assert drive(blocking.verify_password("\ud800", PASSWORD)) is None


def test_every_request_is_signed_dated_and_new(shop: Shop) -> None:
    """The receiver's check passes for each; no id comes twice; a changed body or a late arrival fails it."""
    directory = directory_at(shop.url)
    for _ in range(5):
        drive(directory.verify_password("ming", PASSWORD))
    key, now = read_key(KEY), datetime.now(UTC)  # noqa: TID251 - a real server's clock
    for headers, body in shop.seen:
        assert is_signed(key, headers, body, now)
        assert not is_signed(key, headers, body + b" ", now)
        assert not is_signed(key, headers, body, now + timedelta(minutes=6))
        assert not is_signed(read_key(OTHER_KEY), headers, body, now)
    assert len({headers["webhook-id"] for headers, _ in shop.seen}) == 5


def test_while_keys_change_both_sign(shop: Shop) -> None:
    """A receiver that has either of the two is content."""
    directory = WebhookDirectory(Endpoint(shop.url, (OTHER_KEY, KEY), private_networks=LOOPBACK), blocking=True)
    drive(directory.verify_password("ming", PASSWORD))
    headers, body = shop.seen[0]
    now = datetime.now(UTC)  # noqa: TID251 - a real server's clock
    assert all(is_signed(read_key(key), headers, body, now) for key in (KEY, OTHER_KEY))


BAD_ANSWERS: dict[str, Reply] = {
    "error": (500, "application/json", b'{"member": {"external_id": "m-1"}}'),
    "unauthorized": (401, "application/json", b'{"member": null}'),
    "created": (201, "application/json", b'{"member": {"external_id": "m-1"}}'),
    "html": (200, "text/html", b'{"member": {"external_id": "m-1"}}'),
    "not json": (200, "application/json", b"member: m-1"),
    "list": (200, "application/json", b'["m-1"]'),
    "bare id": (200, "application/json", b'{"member": "m-1"}'),
    "number": (200, "application/json", b'{"member": {"external_id": 1}}'),
    "nothing": (200, "application/json", b"{}"),
    "twice": (200, "application/json", b'{"member": null, "member": {"external_id": "m-1"}}'),
    "more": (200, "application/json", b'{"member": {"external_id": "m-1", "admin": true}}'),
    "more outside": (200, "application/json", b'{"member": {"external_id": "m-1"}, "ok": true}'),
    "empty id": (200, "application/json", b'{"member": {"external_id": ""}}'),
    "blank at the end": (200, "application/json", b'{"member": {"external_id": "m-1 "}}'),
    "line break": (200, "application/json", b'{"member": {"external_id": "m-1\\n"}}'),
    "long id": (200, "application/json", b'{"member": {"external_id": "%s"}}' % (b"m" * 129)),
    "half a character": (200, "application/json", b'{"member": {"external_id": "\\ud800"}}'),
    "latin-1": (200, "application/json", b'{"member": {"external_id": "m\xe9"}}'),
    "huge": (200, "application/json", b'{"member": null}' + b" " * 5000),
    "deep": (200, "application/json", b"[" * 4000),
}


@pytest.mark.parametrize("kind", BAD_ANSWERS)
def test_an_answer_that_is_not_as_agreed_is_an_outage(shop: Shop, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Never a member, never "wrong password": 503, and a line in the log without password, answer or URL."""
    shop.reply = lambda _: BAD_ANSWERS[kind]
    with pytest.raises(StoreUnavailable):
        drive(directory_at(f"{shop.url}?token=canary").verify_password("ming", PASSWORD))
    assert caplog.records
    for secret in (PASSWORD.reveal(), "m-1", "canary"):
        assert secret not in caplog.text


def test_redirects_and_repetitions(shop: Shop) -> None:
    """A redirect is not followed, wherever it leads, and nothing is sent twice."""
    shop.extra_headers = {"Location": shop.url}

    def redirect(status: int, _: object) -> Reply:
        return status, "application/json", b'{"member": {"external_id": "m-1"}}'

    for status in (301, 302, 303, 307, 308):
        shop.reply = partial(redirect, status)
        shop.seen.clear()
        with pytest.raises(StoreUnavailable):
            drive(directory_at(shop.url).verify_password("ming", PASSWORD))
        assert len(shop.seen) == 1


def test_a_compressed_answer_is_not_unpacked(shop: Shop) -> None:
    """None was asked for; what says it is gzip is not JSON."""
    shop.extra_headers = {"Content-Encoding": "gzip"}
    shop.reply = lambda _: (200, "application/json", b"\x1f\x8b\x08\x00" + b"\x00" * 60)
    with pytest.raises(StoreUnavailable):
        drive(directory_at(shop.url).verify_password("ming", PASSWORD))


def test_the_time_is_boxed(shop: Shop) -> None:
    """Whoever answers slowly is given up after the timeout, in both colours."""
    gate = threading.Event()

    def wait(_: dict[str, Any]) -> Reply:
        gate.wait(10)
        return answer("m-1")

    shop.reply = wait
    for blocking in (True, False):
        directory = directory_at(shop.url, blocking=blocking, timeout=timedelta(milliseconds=300))
        began = time.monotonic()  # noqa: TID251 - a promised deadline
        with pytest.raises(StoreUnavailable):
            asyncio.run(ask(directory, "ming", PASSWORD)) if not blocking else drive(ask(directory, "ming", PASSWORD))
        assert time.monotonic() - began < 3  # noqa: TID251 - the same
    gate.set()


def test_a_name_that_is_never_found_is_given_up_too() -> None:
    """A resolver that hangs outlasts no deadline, in the blocking colour either."""
    gate = threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        gate.wait(10)
        return []

    directory = directory_at("https://shop.example/menjin", timeout=timedelta(milliseconds=300), look_up=hang)
    began = time.monotonic()  # noqa: TID251 - a promised deadline
    with pytest.raises(StoreUnavailable):
        drive(directory.verify_password("ming", PASSWORD))
    assert time.monotonic() - began < 3  # noqa: TID251 - the same
    gate.set()


PRIVATE = [
    "127.0.0.1",
    "127.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - refused
    "255.255.255.255",
    "224.0.0.1",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2002:a00:1::",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused(address: str) -> None:
    """In whichever spelling; and a public one is not: the test is no blind refusal."""
    with pytest.raises(TargetRefused):
        Targets("https").check(address)
    for public in ("1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"):
        Targets("https").check(public)


def test_a_named_network_is_let_through() -> None:
    """It and nothing else; and http reaches named networks only, public addresses included in the refusal."""
    allowed = read_target("http://shop.internal/menjin", ["10.2.0.0/16", "fd00::/8"])
    for address in ("10.2.3.4", "fd00::1", "::ffff:10.2.3.4"):
        allowed.check(address)
    for address in ("10.3.0.1", "127.0.0.1", "1.1.1.1"):
        with pytest.raises(TargetRefused):
            allowed.check(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/menjin",
        "https://127.0.0.1/menjin",
        "https://[::1]/menjin",
        "https://169.254.169.254/latest/meta-data",
        "https://name:password@shop.example/",
        "ftp://shop.example/",
        "https:///menjin",
        "shop.example",
        "https://shop.example/#part",
    ],
)
def test_a_url_of_another_kind_is_refused_when_it_is_configured(url: str) -> None:
    """Plain http without a named network, a private address, a password in the URL, another scheme."""
    with pytest.raises(ValueError, match=r"URL|http|address"):
        Endpoint(url, (KEY,))


def a_name_for(*addresses: str) -> Callable[..., list[Any]]:
    """Return a getaddrinfo that knows one name."""
    infos = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
    return lambda *_, **__: infos


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("1.1.1.1", "127.0.0.1"), ("127.0.0.1", "1.1.1.1")])
def test_a_name_that_leads_to_a_private_address_is_refused(
    shop: Shop, addresses: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """Also if only one of its addresses is; nothing arrives there, and the log says what to configure."""
    port = shop.url.split(":")[2].split("/")[0]
    url = f"https://shop.example:{port}/menjin"
    directory = directory_at(url, private_networks=(), look_up=a_name_for(*addresses))
    with pytest.raises(StoreUnavailable):
        drive(directory.verify_password("ming", PASSWORD))
    assert shop.seen == []
    assert "private_networks" in caplog.text


def test_control_without_the_guard_it_arrives(shop: Shop) -> None:
    """Control: the same name, its network named, reaches the endpoint by that address."""
    directory = directory_at(shop.url.replace("127.0.0.1", "shop.example"), look_up=a_name_for("127.0.0.1"))
    assert drive(directory.verify_password("ming", PASSWORD)) == Member("m-1")


def test_the_connection_goes_where_the_check_looked(shop: Shop) -> None:
    """The name is resolved once a request: one that would answer otherwise a moment later is not asked again."""
    asked: list[str] = []

    def rebind(host: str, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        return a_name_for("127.0.0.1" if len(asked) == 1 else "10.9.9.9")()

    directory = directory_at(shop.url.replace("127.0.0.1", "shop.example"), look_up=rebind)
    assert drive(directory.verify_password("ming", PASSWORD)) == Member("m-1")
    assert asked == ["shop.example"]


def test_proxies_of_the_environment_are_not_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password goes to its endpoint, not to whatever HTTP_PROXY names."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert drive(directory_at(shop.url).verify_password("ming", PASSWORD)) == Member("m-1")


def test_an_unknown_name_is_an_outage() -> None:
    """The resolver's own failure is StoreUnavailable."""

    async def look() -> None:
        with pytest.raises(OSError, match="no such name"):
            await GuardedResolver(Targets("https")).resolve("nowhere.invalid")

    asyncio.run(look())
    with pytest.raises(StoreUnavailable):
        drive(directory_at("https://nowhere.invalid/").verify_password("ming", PASSWORD))


def test_a_key_must_be_there() -> None:
    """Without one, or with one that is none, the endpoint is not made."""
    with pytest.raises(ValueError, match="key"):
        Endpoint("https://shop.example/", ())
    with pytest.raises(ValueError, match="key"):
        Endpoint("https://shop.example/", (Secret("short"),))
