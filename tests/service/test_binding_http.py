"""Binding over HTTP: conflicts as data, parting, payments, a gateway's headers, and what the business tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from menjin import App, AppId, Apps, AsyncMenjin, Secret
from menjin.limits.addresses import TrustedProxies, parse_proxies
from menjin.service.app import create_app
from support.doors import APP, BOUND_APP, MEMBERS
from support.internal import Internal, serve_internal
from support.serving import APPID, Client, Service, make_parts, serve_app, serve_menjin
from wxsim import serve
from wxsim.models import App as SimApp

CLOUD = parse_proxies(["127.0.0.1/32"])


def tap(service: Service, person: str) -> str:
    """Return the phone_code of a person's tap."""
    code: str = service.world.phone(person).getPhoneNumber(tap=True)["code"]
    return code


def bind(client: Client, **body: str) -> httpx2.Response:
    """POST /v1/binding; a new token is used from here on."""
    reply = client.call("POST", "/v1/binding", body)
    if reply.status_code == 200:
        client.token = reply.json()["session_token"]
    return reply


def test_a_conflict_says_what_may_be_done(service: Service) -> None:
    """409 with choices and a ticket; the ticket and the password move the person, once."""
    ming = service.signed_in()
    assert bind(ming, method="phone", phone_code=tap(service, "ming")).json()["account"]["phone_masked"] is not None
    assert ming.bind("ming", MEMBERS["ming"]).status_code == 200
    service.world.change_person("hong", phone="13800138000")
    hong = service.signed_in("hong")
    reply = bind(hong, method="phone", phone_code=tap(service, "hong"))
    problem = reply.json()
    assert (reply.status_code, problem["code"], problem["action"]) == (409, "binding_conflict", "bind")
    assert problem["choices"] == ["sign_in_as_other", "move_with_password", "ask_operator"]
    ticket = problem["bind_ticket"]
    credentials = {"username": "ming", "password": MEMBERS["ming"]}
    assert bind(hong, method="phone", bind_ticket=ticket).json()["code"] == "bind_ticket_invalid"
    moved = bind(hong, method="password", bind_ticket=ticket, **credentials)
    assert moved.json()["account"]["id"] == ming.who().json()["account"]["id"]
    assert bind(hong, method="password", bind_ticket=ticket, **credentials).json()["code"] == "bind_ticket_invalid"


def test_parting_over_http(service: Service) -> None:
    """DELETE /v1/binding gives a token of a session without an account; the last way in is 409."""
    ming = service.signed_in()
    assert ming.call("DELETE", "/v1/binding").json()["code"] == "last_way_in"
    ming.bind("ming", MEMBERS["ming"])
    reply = ming.call("DELETE", "/v1/binding")
    assert (reply.status_code, reply.json()["binding"]) == (200, "required")
    ming.token = reply.json()["session_token"]
    assert ming.call("DELETE", "/v1/binding").json()["code"] == "binding_required"


def test_step_up_by_phone_code(service: Service) -> None:
    """A tap proves the person, if the number is the account's; a body with two proofs is refused."""
    ming = service.signed_in()
    bind(ming, method="phone", phone_code=tap(service, "ming"))
    reply = ming.call("POST", "/v1/session/step-up", {"phone_code": tap(service, "ming")})
    assert reply.status_code == 200
    ming.token = reply.json()["session_token"]
    both = {"phone_code": "x", "login_code": "y"}
    assert ming.call("POST", "/v1/session/step-up", both).status_code == 422


def test_a_payment_over_http(service: Service) -> None:
    """WeChat tells the unionid of who paid, for five minutes; later, or of another, it is payment_unknown."""
    service.world.bind_open_platform("one")
    ming, hong = service.signed_in(), service.signed_in("hong")
    paid = service.world.pay("ming")
    order = {"mch_id": paid.mch_id, "out_trade_no": paid.out_trade_no}
    for body in ({"transaction_id": paid.transaction_id}, order):
        assert ming.call("POST", "/v1/unionid/paid", body).json() == {"unionid_known": True}
    reply = hong.call("POST", "/v1/unionid/paid", order)
    assert (reply.status_code, reply.json()["code"], reply.json()["action"]) == (409, "payment_unknown", "retry")
    assert int(reply.headers["retry-after"]) >= 1


def test_alias_and_tenant_over_http(tmp_path: Path) -> None:
    """`app` stands for the appid, `tenant` comes back with the session; either one unknown is 422."""
    app = replace(APP, alias="shop", tenants=frozenset({"hotel-1"}))
    with serve_menjin(tmp_path, apps=Apps([app])) as service:
        client = service.client()

        def sign_in(**body: str) -> httpx2.Response:
            return client.call("POST", "/v1/sessions", {"login_code": service.code(), **body})

        reply = sign_in(app="shop", tenant="hotel-1")
        client.token = reply.json()["session_token"]
        assert (client.who().json()["tenant"], client.who().json()["appid"]) == ("hotel-1", APPID)
        client.token = ""
        for bad in ({"app": "nowhere"}, {"app": "shop", "appid": APPID}, {}, {"app": "shop", "tenant": "hotel-2"}):
            assert sign_in(**bad).json()["code"] == "request_invalid"


@pytest.fixture(params=[CLOUD, parse_proxies([]), parse_proxies(["10.9.8.7/32"])], ids=["trusted", "off", "others"])
def cloud(request: pytest.FixtureRequest) -> TrustedProxies:
    """The gateways believed: the one the test comes from, none, or another."""
    found: TrustedProxies = request.param
    return found


def test_cloud_headers_count_from_a_trusted_peer_only(tmp_path: Path, cloud: TrustedProxies) -> None:
    """X-WX-* add a unionid where the peer is trusted; repeated, misspelt or without a source, they do not count."""
    sister = App(AppId("wx5400000000000002"), Secret("2" * 32), sign_in="bound", open_platform="one")
    with serve() as wechat:
        wechat.world.bind_open_platform("one")
        wechat.world.add_app(SimApp(sister.appid, sister.app_secret.reveal()))
        parts = make_parts(tmp_path, wechat.world, wechat.url, replace(APP, open_platform="one"))
        parts = replace(parts, apps=Apps([replace(APP, open_platform="one"), sister]))
        with serve_app(create_app(AsyncMenjin(parts), wechat_cloud=cloud)) as url:
            client = Client(url)
            try:
                client.sign_in(wechat.world.phone("ming").login()["code"])
                known = client.who().json()["account"]["id"]
                client.token = ""
                openid = wechat.world.identities.openid(sister.appid, "ming")
                unionid = wechat.world.identities.unionid("one", "ming")
                said = {"X-WX-APPID": sister.appid, "X-WX-OPENID": openid, "X-WX-UNIONID": unionid}

                def account(headers: list[tuple[str, str]]) -> str | None:
                    code = wechat.world.phone("ming", sister.appid).login()["code"]
                    body = {"appid": sister.appid, "login_code": code}
                    reply = client.http.post("/v1/sessions", json=body, headers=headers)
                    found = reply.json()["account"]
                    return None if found is None else found["id"]

                source = ("X-WX-SOURCE", "wx_client")
                assert account([*said.items()]) is None
                assert account([*said.items(), source, ("X-WX-UNIONID", unionid)]) is None
                assert account([*said.items(), source, ("X_WX_UNIONID", "u" * 28)]) is None
                assert account([*(said | {"X-WX-OPENID": "o" * 28}).items(), source]) is None
                trusted = account([*said.items(), source])
                assert trusted == (known if cloud is CLOUD else None)
            finally:
                client.http.close()


@pytest.fixture
def internal(tmp_path: Path) -> Iterator[Internal]:
    """Both listeners; the app is bound to an Open Platform account and asks for a binding."""
    app = replace(BOUND_APP, open_platform="one")
    with serve_internal(tmp_path, apps=Apps([app])) as found:
        yield found


def test_the_business_asserts_an_identity(internal: Internal) -> None:
    """With the scope, for the app; an unknown openid is noted, and asking twice is no fault."""
    path = "/internal/identities"
    credential = internal.credential("cloud", frozenset({"identity:assert"}))
    body = {"appid": APPID, "openid": "o" * 28, "unionid": "u" * 28}
    for _ in range(2):
        reply = internal.call("POST", path, credential, json=body)
        assert (reply.status_code, reply.json()) == (200, {"unionid_known": True, "account": None})
    reader = internal.credential("reader")
    assert internal.call("POST", path, reader, json=body).status_code == 403
    assert internal.call("POST", path, json=body).status_code == 401
    elsewhere = body | {"appid": "wx0000000000000000"}
    assert internal.call("POST", path, credential, json=elsewhere).status_code == 403
    for bad in (body | {"openid": "x"}, body | {"unionid": "u" * 28 + " "}, {"appid": APPID}, body | {"more": 1}):
        assert internal.call("POST", path, credential, json=bad).status_code == 422
