"""menjin's service as it runs: served from a thread beside a served wxsim, and a client that knows the contract."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from starlette.types import ASGIApp

import wxsim
from menjin import (
    NO_LIMITS,
    AesGcmVault,
    AiohttpHttp,
    App,
    Apps,
    AsyncMenjin,
    Database,
    MemoryDirectory,
    Parts,
    TaskPause,
    UpstreamFigures,
    open_async_engine,
    sql_stores,
)
from menjin.service.app import create_app
from menjin.service.serving import to_config
from support.doors import APP, BOUND_APP, MEMBERS, VAULT_KEY
from support.openapi_contract import check_reply
from wxsim.serving import LOOPBACK, START_SECONDS, Server, listen

APPID = wxsim.FIRST_APPID
PATIENCE = 20.0


class WorldClock:
    """menjin's clock, read off the simulator's.

    Args:
        clock: The simulator's.
    """

    def __init__(self, clock: wxsim.Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """Return the simulated moment."""
        return datetime.fromtimestamp(self._clock.now(), UTC)


class Client:
    """A mini program's side of menjin over HTTP; every reply is held against the contract.

    Args:
        url: menjin's URL.
        seen: Collects every reply's head and body, for whoever looks for secrets in them.
    """

    def __init__(self, url: str, seen: list[tuple[str, str]] | None = None) -> None:
        self.url = url
        self.token = ""
        self.seen = seen if seen is not None else []
        limits = httpx2.Limits(max_connections=200)
        self.http = httpx2.Client(base_url=url, timeout=PATIENCE, limits=limits, trust_env=False)

    def call(self, method: str, path: str, body: object = None, **options: Any) -> httpx2.Response:  # noqa: ANN401 - httpx2's
        """Send a request, with the token in hand if there is one; check and return the reply."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        if body is not None:
            options["json"] = body
        reply = self.http.request(method, path, headers=headers, **options)
        self.seen.append((f"{method} {path}", f"{reply.status_code} {dict(reply.headers)} {reply.text}"))
        check_reply(method, path.partition("?")[0], reply)
        return reply

    def sign_in(self, login_code: str, **more: object) -> httpx2.Response:
        """POST /v1/sessions; a token that comes back is used from here on."""
        reply = self.call("POST", "/v1/sessions", {"appid": APPID, "login_code": login_code, **more})
        if reply.status_code == 201:
            self.token = reply.json()["session_token"]
        return reply

    def who(self) -> httpx2.Response:
        """GET /v1/session."""
        return self.call("GET", "/v1/session")

    def phone(self, event: dict[str, Any]) -> httpx2.Response:
        """POST /v1/phone with what wx.getPhoneNumber gave."""
        return self.call("POST", "/v1/phone", {"encrypted_data": event["encryptedData"], "iv": event["iv"]})

    def bind(self, username: str, password: str) -> httpx2.Response:
        """POST /v1/binding; the rotated token is used from here on."""
        body = {"method": "password", "username": username, "password": password}
        reply = self.call("POST", "/v1/binding", body)
        if reply.status_code == 200:
            self.token = reply.json()["session_token"]
        return reply


@dataclass
class Service:
    """menjin and WeChat, running.

    Attributes:
        folder: Where the database is.
    """

    url: str
    wechat: str
    world: wxsim.World
    parts: Parts
    folder: Path
    clients: list[Client] = field(default_factory=list)

    @property
    def database(self) -> Path:
        """The database's file."""
        return self.folder / "menjin.db"

    def client(self) -> Client:
        """Return a fresh client."""
        self.clients.append(Client(self.url))
        return self.clients[-1]

    def code(self, person: str = "ming") -> str:
        """Return a fresh login_code."""
        found: str = self.world.phone(person).login()["code"]
        return found

    def signed_in(self, person: str = "ming") -> Client:
        """Return a client that is signed in."""
        client = self.client()
        assert client.sign_in(self.code(person)).status_code == 201
        return client

    def token(self) -> str:
        """Return the token of a session that stays alive."""
        if not self.clients or self.clients[0].who().status_code != 200:
            self.clients.insert(0, self.signed_in())
        return self.clients[0].token

    def upstream(self) -> list[str]:
        """Return the paths of every call to WeChat's server API so far."""
        return [entry.path for entry in self.world.journal.entries if entry.door == "server"]


@contextlib.contextmanager
def serve_app(app: ASGIApp, configure: Callable[[ASGIApp], uvicorn.Config] = to_config) -> Iterator[str]:
    """Serve an ASGI app from a thread on a free port, as `menjin serve` would; yield its URL."""
    bound = listen()
    server = Server(configure(app))
    thread = threading.Thread(target=server.run, args=([bound],), name="menjin", daemon=True)
    thread.start()
    assert server.ready.wait(START_SECONDS), "menjin did not start"
    try:
        yield f"http://{LOOPBACK}:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        bound.close()


def make_parts(folder: Path, world: wxsim.World, wechat: str, app: App) -> Parts:
    """Return menjin's parts: one app, SQLite in `folder`, a directory, WeChat at `wechat`."""
    database = Database(open_async_engine(f"sqlite:///{folder / 'menjin.db'}"))
    return Parts(
        apps=Apps([app]),
        http=AiohttpHttp(),
        stores=sql_stores(database, AesGcmVault("k1", {"k1": VAULT_KEY})),
        pause=TaskPause(),
        directory=MemoryDirectory(MEMBERS),
        base_url=wechat,
        clock=WorldClock(world.clock),
        upstream=UpstreamFigures(failures=10**6, day_probe_every=timedelta(0)),  # nor does one test's outage hold
        figures=NO_LIMITS,  # many tests share one person; those about limits switch them on
    )


@contextlib.contextmanager
def serve_menjin(folder: Path, *, bound: bool = False, **changes: Any) -> Iterator[Service]:  # noqa: ANN401 - any part
    """Serve menjin beside a WeChat.

    Args:
        folder: For the database.
        bound: `sign_in = "bound"` instead of `open`.
        changes: Parts to be replaced.
    """
    with wxsim.serve() as wechat:
        parts = make_parts(folder, wechat.world, wechat.url, BOUND_APP if bound else APP)
        parts = replace(parts, **changes)
        with serve_app(create_app(AsyncMenjin(parts))) as url:
            service = Service(url, wechat.url, wechat.world, parts, folder)
            try:
                yield service
            finally:
                for client in service.clients:
                    client.http.close()
