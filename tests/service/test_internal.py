"""The internal listener: who gets an access_token, who does not, and what is told of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from starlette.types import ASGIApp

import wxsim
from menjin import Apps, FunctionHttp, Parts
from menjin.clients.model import ServiceClient
from menjin.errors import StoreUnavailable
from menjin.values import AppId
from support.checked import CHECKED
from support.doors import APP
from support.internal import APPID, CONTRACT, REPORT_PATH, TOKEN_PATH, Internal, send, serve_internal
from wxsim import Fault

INSIDE_ONLY = (
    ("GET", TOKEN_PATH),
    ("POST", REPORT_PATH),
    ("GET", "/metrics"),
    ("GET", "/cgi-bin/token"),
    ("POST", "/cgi-bin/stable_token"),
    ("POST", "/internal/identities"),
)

SCHEMA = schemathesis.openapi.from_dict(CONTRACT)
SCHEMA.config.checks.negative_data_rejection.expected_statuses = ["401", "403", "404", "405", "413", "422"]


@pytest.fixture
def internal(tmp_path: Path) -> Iterator[Internal]:
    """Both listeners."""
    with serve_internal(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internal]:
    """Both listeners, for tests that leave nothing behind."""
    with serve_internal(tmp_path_factory.mktemp("shared"), wechat_compatible=True) as found:
        yield found


def code(reply: httpx2.Response) -> tuple[int, str]:
    """Return a problem's status and code."""
    return reply.status_code, reply.json()["code"]


def test_a_client_gets_the_token_in_use(internal: Internal) -> None:
    """WeChat takes it; it is to be kept 240 s at most, no cache keeps it, and everybody gets the same by one call."""
    first, second = internal.credential("orders"), internal.credential("crm")
    reply = internal.call("GET", TOKEN_PATH, first)
    assert reply.headers["cache-control"] == "no-store"
    body = reply.json()
    assert (body["expires_in"], body["generation"]) == (240, 1)
    assert internal.is_good(body["access_token"])
    assert internal.read(second) == internal.read(first) == body
    assert internal.upstream().count("/cgi-bin/stable_token") == 1


def test_near_its_end_a_token_is_handed_out_for_what_is_left_of_it(internal: Internal) -> None:
    """While WeChat cannot be asked for the next, expires_in is the rest of the token's own life."""
    credential = internal.credential()
    internal.read(credential)
    internal.world.fault(Fault(name="errcode", errcode=-1, path="/cgi-bin/stable_token", times=None))
    internal.world.clock.advance(7100)
    assert 90 <= internal.read(credential)["expires_in"] <= 100
    internal.world.clock.advance(110)
    assert code(internal.call("GET", TOKEN_PATH, credential)) == (503, "wechat_unavailable")


def test_refusals_are_told_apart(internal: Internal) -> None:
    """401: nobody. 403: not this scope, not this app, there or not. 404: all apps, and there is no such. Else 422."""
    reader = internal.credential("reader", frozenset({"access_token:read"}))
    everywhere = internal.credential("all", appids=None)
    stranger, unknown = internal.credential("other", appids=frozenset({AppId("wx" + "a" * 16)})), f"wx{'b' * 16}"
    for wrong in ("", "mjc_" + "A" * 43, "mjs_" + "A" * 43, "x", reader[:-1], wxsim.FIRST_SECRET):
        reply = internal.call("GET", TOKEN_PATH, wrong)
        assert code(reply) == (401, "client_invalid")
        assert reply.headers["www-authenticate"] == "Bearer"
    report = {"json": {"access_token": "x"}}
    assert code(internal.call("POST", REPORT_PATH, reader, **report)) == (403, "client_not_permitted")
    assert code(internal.call("GET", TOKEN_PATH, stranger)) == (403, "client_not_permitted")
    nowhere = f"{internal.url}/v1/apps/{unknown}/access-token"
    assert code(send("GET", nowhere, stranger)) == (403, "client_not_permitted")
    assert code(send("GET", nowhere, everywhere)) == (404, "not_found")
    assert internal.upstream() == []
    for body in ({}, {"access_token": ""}, {"access_token": 1}, {"access_token": "x", "y": 1}):
        reply = internal.call("POST", REPORT_PATH, everywhere, json=body)
        assert code(reply) == (422, "request_invalid")


def test_an_outage_is_503_and_never_401(tmp_path: Path) -> None:
    """While clients cannot be looked up, one that was known a second ago gets 503, not 401, and so does a stranger."""
    down: list[bool] = []

    @dataclass
    class Down:
        """The clients' store, while `down` has something in it."""

        inner: Any

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the inner one has
            if down:
                raise StoreUnavailable
            return getattr(self.inner, name)

    def may_go_down(parts: Parts) -> Parts:
        return replace(parts, stores=replace(parts.stores, clients=Down(parts.stores.clients)))

    with serve_internal(tmp_path, break_parts=may_go_down) as internal:
        credential = internal.credential()
        internal.read(credential)
        down.append(True)
        internal.world.clock.advance(2)
        assert code(internal.call("GET", TOKEN_PATH, credential)) == (503, "store_unavailable")
        assert code(internal.call("GET", TOKEN_PATH, "mjc_" + "A" * 43)) == (503, "store_unavailable")
        assert code(internal.call("GET", TOKEN_PATH, "no credential")) == (401, "client_invalid")
        down.clear()
        assert internal.read(credential)


def revoked_is_refused(folder: Path, break_parts: Callable[[Parts], Parts] = lambda parts: parts) -> bool:
    """Whether another process refuses a client a second after it was revoked."""
    with serve_internal(folder, break_parts=break_parts) as here, serve_internal(folder, wechat=here.wechat) as there:
        credential = here.credential()
        here.read(credential)
        client = here.run(here.menjin.clients.list_all())[0]
        assert there.run(there.menjin.clients.revoke(client.client_id))
        here.world.clock.advance(1)
        return here.call("GET", TOKEN_PATH, credential).status_code == 401


def test_a_revocation_is_obeyed_within_a_second(tmp_path: Path) -> None:
    """Revoked by one process, the client is refused by another a second later, though it knew it a moment ago."""
    assert revoked_is_refused(tmp_path)


def test_control_a_process_that_remembers_clients_longer_obeys_later(tmp_path: Path) -> None:
    """Control: over a store whose answers are a minute old the same trial finds the client still admitted."""

    @dataclass
    class Stale:
        """BROKEN: says of a client what it said first."""

        inner: Any
        first: dict[str, ServiceClient | None]

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the inner one has
            return getattr(self.inner, name)

        async def find(self, credential_hash: str) -> ServiceClient | None:
            """Return the first answer."""
            if credential_hash not in self.first:
                self.first[credential_hash] = await self.inner.find(credential_hash)
            return self.first[credential_hash]

    def stale(parts: Parts) -> Parts:
        return replace(parts, stores=replace(parts.stores, clients=Stale(parts.stores.clients, {})))

    assert not revoked_is_refused(tmp_path, stale)


def test_the_first_read_of_each_generation_is_audited_once(tmp_path: Path) -> None:
    """Of many reads by two clients through two processes, each client's first of each generation; all are counted."""
    with serve_internal(tmp_path) as here, serve_internal(tmp_path, wechat=here.wechat) as there:
        orders, crm = here.credential("orders"), here.credential("crm")
        for _ in range(5):
            for process in (here, there):
                process.read(orders)
        there.read(crm)
        assert sorted(here.audited) == [("crm", APPID, 1), ("orders", APPID, 1)]
        here.kill_token()
        assert here.report(orders, here.read(orders)["access_token"]) == "renewed"
        here.world.clock.advance(5)
        assert here.read(orders)["generation"] == 2
        # The other process looks at the store once a second.
        assert any(there.read(orders)["generation"] == 2 for _ in range(3000))
        assert sorted(here.audited)[1:] == [("orders", APPID, 1), ("orders", APPID, 2)]
        assert f'menjin_access_token_reads_total{{appid="{APPID}",client="orders"}} 7.0' in metrics(here)


def metrics(internal: Internal) -> str:
    """Return what /metrics says."""
    return internal.call("GET", "/metrics").text


def test_reports_act_only_on_a_bad_current_token(internal: Internal) -> None:
    """A hundred reports of an old token and of a good one renew nothing; of the bad current one, one call does."""
    credential = internal.credential()
    token = internal.read(credential)["access_token"]
    before = internal.upstream().count("/cgi-bin/stable_token")
    for _ in range(50):
        assert internal.report(credential, "48_" + "x" * 60) == "not_current"
        assert internal.report(credential, token) == "good"
    assert internal.upstream().count("/cgi-bin/stable_token") == before
    internal.world.clock.advance(60)
    internal.kill_token()
    before = internal.upstream().count("/cgi-bin/stable_token")
    assert not internal.is_good(token)
    assert internal.report(credential, token) == "renewed"
    assert internal.report(credential, token) == "not_current"
    fresh = internal.read(credential)
    assert internal.is_good(fresh["access_token"])
    assert fresh["generation"] == 2
    assert internal.upstream().count("/cgi-bin/stable_token") == before + 1


def test_in_legacy_mode_a_copy_is_gone_before_its_token_dies(tmp_path: Path) -> None:
    """Replaced a moment after it was handed out, a token is good to the end of its expires_in, and not much longer."""
    legacy = Apps([replace(APP, token_mode="legacy")])
    with serve_internal(tmp_path, apps=legacy) as internal:
        credential = internal.credential()
        handed = internal.read(credential)
        internal.run(internal.menjin.access_tokens.renew(APPID))
        internal.world.clock.advance(handed["expires_in"])
        assert internal.is_good(handed["access_token"])
        internal.world.clock.advance(61)
        assert not internal.is_good(handed["access_token"]), "control: a copy kept longer would be dead"
        assert internal.report(credential, handed["access_token"]) == "not_current"
        fresh = internal.read(credential)
        assert internal.is_good(fresh["access_token"])
        assert fresh["generation"] == handed["generation"] + 1
        assert internal.upstream().count("/cgi-bin/token") == 2


def test_metrics_tell_figures_and_no_secret(internal: Internal) -> None:
    """Age, remaining, renewals by cause and outcome, reads, reports, waits; no token, credential or AppSecret."""
    credential = internal.credential()
    token = internal.read(credential)["access_token"]
    internal.report(credential, token)
    internal.world.clock.advance(100)
    told = metrics(internal)
    labels = f'{{appid="{APPID}"}}'
    figures = dict(line.rsplit(" ", 1) for line in told.splitlines() if not line.startswith("#"))
    assert 100 <= float(figures[f"menjin_access_token_age_seconds{labels}"]) < 160
    assert 7000 < float(figures[f"menjin_access_token_remaining_seconds{labels}"]) <= 7100
    renewals = f'menjin_access_token_renewals_total{{appid="{APPID}",cause="cold",mode="stable",outcome="new"}}'
    assert float(figures[renewals]) == 1
    reports = f'menjin_access_token_reports_total{{appid="{APPID}",client="orders",outcome="good"}}'
    assert float(figures[reports]) == 1
    assert float(figures[f'menjin_access_token_wait_seconds_count{{appid="{APPID}",served="yes"}}']) == 1
    for secret in (token, credential, wxsim.FIRST_SECRET, credential[4:], token[3:]):
        assert secret not in told
    assert APPID in told  # control: the scan reads what is there


def test_metrics_are_told_while_the_store_is_down(tmp_path: Path) -> None:
    """What only the store knows is left out; the counts of this process are there."""

    @dataclass
    class Down:
        """Stores of tokens that cannot be asked."""

        works_without_loop: bool = False

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - every method of it
            raise StoreUnavailable

    def without_store(parts: Parts) -> Parts:
        return replace(parts, stores=replace(parts.stores, tokens=Down()), keeps_tokens=False)

    with serve_internal(tmp_path, break_parts=without_store) as internal:
        told = metrics(internal)
    assert "menjin_access_token_renewals_total" in told
    assert "menjin_access_token_age_seconds{" not in told


def find_inside(internal: Internal) -> list[str]:
    """Return the internal paths that the public listener answers, whatever a request says of itself."""
    credential = internal.credential("seeker", appids=None)
    port = internal.url.rpartition(":")[2]
    disguises: list[dict[str, str]] = [
        {},
        {"Host": f"127.0.0.1:{port}"},
        {"X-Forwarded-Host": f"127.0.0.1:{port}", "X-Forwarded-Port": port, "Forwarded": f'host="127.0.0.1:{port}"'},
    ]
    return [
        path
        for method, path in INSIDE_ONLY
        for headers in disguises
        if send(method, f"{internal.public}{path}", credential, headers=headers).status_code != 404
    ]


def test_nothing_of_it_is_on_the_public_listener(shared: Internal) -> None:
    """Every internal path is 404 there, with a good credential and with headers that claim the internal port."""
    assert find_inside(shared) == []
    assert shared.call("GET", "/v1/session").status_code == 404
    assert shared.call("POST", "/v1/sessions").status_code == 404


def test_control_doors_that_believe_the_host_header_are_found_out(tmp_path: Path) -> None:
    """Control: a program that tells its listeners apart by what the request says fails the same search."""

    def believe(public: ASGIApp, internal: ASGIApp, port: int) -> ASGIApp:
        async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
            host = dict(scope.get("headers", ())).get(b"host", b"")
            inside = scope["type"] == "http" and host.endswith(b":%d" % port)
            await (internal if inside else public)(scope, receive, send)

        return app

    with serve_internal(tmp_path, make_doors=believe) as internal:
        assert find_inside(internal) != []


def test_the_business_may_say_a_unionid(internal: Internal) -> None:
    """Only with the scope for it, in its own app; nobody else finds out anything, and a stranger is 401."""
    body = {"appid": APPID, "openid": "oAbC_0123456789abcdefg", "unionid": "uAbC_0123456789abcdefg"}
    teller = internal.credential("crm", frozenset({"identity:assert"}))
    reply = internal.call("POST", "/internal/identities", teller, json=body)
    assert reply.status_code == 200, reply.text
    assert reply.json()["unionid_known"] is True
    elsewhere = {**body, "appid": "wx" + "b" * 16}
    for credential, said, refusal in (
        ("", body, (401, "client_invalid")),
        (internal.credential("reader"), body, (403, "client_not_permitted")),
        (teller, elsewhere, (403, "client_not_permitted")),
    ):
        assert code(internal.call("POST", "/internal/identities", credential, json=said)) == refusal


def test_a_token_of_2000_characters_is_kept_whole(tmp_path: Path) -> None:
    """Read, reported and looked up, it is the same to the last character."""
    long = "48_" + "x" * 1996 + "y"

    def answer(_method: str, url: str, _body: bytes) -> tuple[int, bytes]:
        if "/cgi-bin/stable_token" in url:
            return 200, json.dumps({"access_token": long, "expires_in": 7200}).encode()
        return 200, b'{"ip_list": []}' if url.endswith(f"access_token={long}") else b'{"errcode": 40001}'

    with serve_internal(tmp_path, http=FunctionHttp(answer)) as internal:
        credential = internal.credential()
        assert internal.read(credential)["access_token"] == long
        assert internal.report(credential, long) == "good"
        assert internal.report(credential, long[:-1]) == "not_current"


def test_the_internal_listener_serves_its_contract(shared: Internal) -> None:
    """/openapi.json there is the internal contract; /healthz and /readyz answer."""
    assert shared.call("GET", "/openapi.json").json() == CONTRACT
    assert shared.call("GET", "/healthz").json() == shared.call("GET", "/readyz").json() == {"status": "ok"}


@pytest.fixture(scope="module")
def credential(shared: Internal) -> str:
    """Of a client that may do everything."""
    return shared.credential("fuzz", appids=None)


@SCHEMA.parametrize()
@seed(20261121)
@settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_whatever_the_contract_generates_is_answered_by_it(
    shared: Internal, credential: str, case: schemathesis.Case[Any]
) -> None:
    """Requests made from the contract, good and bad: no 5xx, and every reply as documented."""
    case.call_and_validate(base_url=shared.url, checks=CHECKED, headers={"Authorization": f"Bearer {credential}"})
