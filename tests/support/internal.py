"""menjin's two listeners as they run, beside a served wxsim: one server, two ports."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import httpx2
from jsonschema import Draft202012Validator
from starlette.types import ASGIApp

import wxsim
from menjin import AsyncMenjin, Parts
from menjin.clients.model import Scope
from menjin.service.app import create_app
from menjin.service.internal import create_internal_app
from menjin.service.metrics import Metrics
from menjin.service.serving import Doors, to_config
from menjin.values import AppId
from support.clock import ClockStopwatch
from support.doors import APP
from support.serving import PATIENCE, make_parts
from wxsim.serving import LOOPBACK, START_SECONDS, Server, listen

APPID = wxsim.FIRST_APPID
TOKEN_PATH = f"/v1/apps/{APPID}/access-token"
REPORT_PATH = f"{TOKEN_PATH}/reports"
CONTRACT: dict[str, Any] = json.loads(resources.files("menjin.service").joinpath("internal.json").read_text("utf-8"))
READ_AND_REPORT: frozenset[Scope] = frozenset({"access_token:read", "access_token:report"})
READS = (
    "SELECT c.name, l.appid, l.reason FROM audit_lines l JOIN pseudonyms p ON p.pseudonym = l.pseudonym "
    "JOIN service_clients c ON c.client_id = p.subject_id WHERE l.deed = 'access_token_read'"
)
MakeDoors = Callable[[ASGIApp, ASGIApp, int], ASGIApp]


@dataclass
class Internal:
    """Both listeners of one menjin, and WeChat.

    Attributes:
        folder: Where the database is.
    """

    public: str
    url: str
    wechat: wxsim.Served
    parts: Parts
    run: Callable[[Any], Any]
    menjin: AsyncMenjin
    folder: Path

    @property
    def audited(self) -> list[tuple[str, str, int]]:
        """Each first read in the ledger: client's name, appid, generation."""
        with contextlib.closing(sqlite3.connect(self.folder / "menjin.db")) as database:
            rows = database.execute(READS).fetchall()
        return [(name, appid, int(generation)) for name, appid, generation in rows]

    @property
    def world(self) -> wxsim.World:
        """WeChat's state."""
        return self.wechat.world

    def credential(
        self,
        name: str = "orders",
        scopes: frozenset[Scope] = READ_AND_REPORT,
        appids: frozenset[AppId] | None = frozenset({AppId(APPID)}),
    ) -> str:
        """Add a client; return its credential."""
        credential: str = self.run(self.menjin.clients.add(name, appids, scopes)).credential.reveal()
        return credential

    def call(self, method: str, path: str, credential: str = "", **options: Any) -> httpx2.Response:  # noqa: ANN401 - httpx2's
        """Send a request to the internal listener; check the reply against its contract."""
        reply = send(method, f"{self.url}{path}", credential, **options)
        check_reply(method, path, reply)
        return reply

    def read(self, credential: str) -> dict[str, Any]:
        """GET the access_token; fail unless it is 200."""
        reply = self.call("GET", TOKEN_PATH, credential)
        assert reply.status_code == 200, reply.text
        body: dict[str, Any] = reply.json()
        return body

    def report(self, credential: str, token: str) -> str:
        """Report a token; return what came of it."""
        reply = self.call("POST", REPORT_PATH, credential, json={"access_token": token})
        assert reply.status_code == 200, reply.text
        outcome: str = reply.json()["outcome"]
        return outcome

    def is_good(self, token: str) -> bool:
        """Whether WeChat takes a token."""
        return "ip_list" in self.world.get("/cgi-bin/get_api_domain_ip", access_token=token)

    def kill_token(self) -> None:
        """Somebody else with the AppSecret forces a refresh: the token in use dies."""
        body = {"grant_type": "client_credential", "appid": APPID, "secret": wxsim.FIRST_SECRET, "force_refresh": True}
        assert self.world.post("/cgi-bin/stable_token", body)["access_token"]

    def upstream(self) -> list[str]:
        """Return the paths of menjin's calls to WeChat so far."""
        return [entry.path for entry in self.world.journal.entries if entry.door == "server"]


def send(method: str, url: str, credential: str = "", **options: Any) -> httpx2.Response:  # noqa: ANN401 - httpx2's
    """Send one request."""
    headers = {"Authorization": f"Bearer {credential}"} if credential else {}
    headers |= options.pop("headers", {})
    with httpx2.Client(timeout=PATIENCE, trust_env=False) as http:
        return http.request(method, url, headers=headers, **options)


def check_reply(method: str, path: str, reply: httpx2.Response) -> None:
    """Fail unless the internal contract says so: status, type, body, headers. WeChat's shape is not in it."""
    if path.startswith("/cgi-bin/"):
        return
    template = path.partition("?")[0].replace(f"/{APPID}", "/{appid}")
    operation = CONTRACT["paths"].get(template, {}).get(method.lower())
    if operation is None:
        assert reply.status_code in {404, 405}, reply.text
        return
    documented = operation["responses"].get(str(reply.status_code))
    assert documented is not None, f"{method} {path}: {reply.status_code} is not documented: {reply.text}"
    if "$ref" in documented:
        documented = CONTRACT["components"]["responses"][documented["$ref"].rpartition("/")[2]]
    for name in documented.get("headers", {}):
        assert name in reply.headers or name == "Retry-After", f"no header {name}"
    kind, content = next(iter(documented["content"].items()))
    assert reply.headers["content-type"].partition(";")[0] == kind
    if kind.endswith("json"):
        schema = {"components": CONTRACT["components"], **content["schema"]}
        assert not [error.message for error in Draft202012Validator(schema).iter_errors(reply.json())], reply.text


@contextlib.contextmanager
def serve_internal(
    folder: Path,
    *,
    wechat: wxsim.Served | None = None,
    wechat_compatible: bool = False,
    make_doors: MakeDoors = Doors,
    break_parts: Callable[[Parts], Parts] = lambda parts: parts,
    **changes: Any,  # noqa: ANN401 - any part
) -> Iterator[Internal]:
    """Serve menjin on two ports.

    Args:
        folder: For the database; two of them in one folder are two workers.
        wechat: Of another of them; else one of its own.
        wechat_compatible: Whether WeChat's own shape is answered.
        make_doors: Tells the ports apart.
        break_parts: For controls.
        changes: Parts to be replaced.
    """
    with contextlib.ExitStack() as stack:
        served = wechat or stack.enter_context(wxsim.serve())
        metrics = Metrics()
        made = make_parts(folder, served.world, served.url, APP)
        stopwatch = ClockStopwatch(made.clock)
        parts = break_parts(replace(made, token_observer=metrics, stopwatch=stopwatch, **changes))
        menjin = AsyncMenjin(parts)
        public, inside = listen(), listen()
        stack.callback(public.close)
        stack.callback(inside.close)
        found = Internal(_url(public), _url(inside), served, parts, _nothing, menjin, folder)
        internal = create_internal_app(menjin, parts, metrics, wechat_compatible=wechat_compatible)
        app = make_doors(create_app(menjin), internal, inside.getsockname()[1])
        found.run = stack.enter_context(_running(Server(to_config(app)), [public, inside]))
        yield found


@contextlib.contextmanager
def _running(server: Server, sockets: list[Any]) -> Iterator[Callable[[Any], Any]]:
    """Serve from a thread; yield a way to run a coroutine on its loop."""
    loop = asyncio.new_event_loop()

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(server.serve(sockets=sockets))

    thread = threading.Thread(target=work, name="menjin", daemon=True)
    thread.start()
    assert server.ready.wait(START_SECONDS), "menjin did not start"
    try:
        yield lambda flow: asyncio.run_coroutine_threadsafe(flow, loop).result(PATIENCE)
    finally:
        server.should_exit = True
        thread.join()
        loop.close()


def _url(bound: Any) -> str:  # noqa: ANN401 - a socket
    return f"http://{LOOPBACK}:{bound.getsockname()[1]}"


def _nothing(flow: Any) -> Any:  # noqa: ANN401 - replaced once it serves
    raise AssertionError(flow)
