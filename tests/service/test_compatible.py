"""WeChat's own shape on the internal listener: an SDK becomes a client of the centre by changing an address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from menjin.values import AppId
from support.internal import APPID, Internal, serve_internal
from wxsim import Fault

TOKEN, STABLE = "/cgi-bin/token", "/cgi-bin/stable_token"


@pytest.fixture
def internal(tmp_path: Path) -> Iterator[Internal]:
    """Both listeners, with WeChat's shape."""
    with serve_internal(tmp_path, wechat_compatible=True) as found:
        yield found


def ask(internal: Internal, method: str, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx2's
    """Ask WeChat's way; WeChat's status is 200 whatever happens."""
    reply = internal.call(method, path, **options)
    assert reply.status_code == 200, reply.text
    assert reply.headers["cache-control"] == "no-store"
    body: dict[str, Any] = reply.json()
    return body


def given(secret: str, **more: object) -> dict[str, Any]:
    """Return WeChat's parameters."""
    return {"grant_type": "client_credential", "appid": APPID, "secret": secret, **more}


def test_every_way_of_asking_gets_the_same_token(internal: Internal) -> None:
    """GET and POST, query, form and JSON under any Content-Type, both paths: one token, one call, at most 240 s."""
    secret = internal.credential()
    text = json.dumps(given(secret))
    answers = [
        ask(internal, "GET", TOKEN, params=given(secret)),
        ask(internal, "POST", TOKEN, params=given(secret)),
        ask(internal, "POST", TOKEN, data=given(secret)),
        ask(internal, "POST", TOKEN, json=given(secret)),
        ask(internal, "POST", STABLE, json=given(secret)),
        ask(internal, "POST", STABLE, json=given(secret, force_refresh=False)),
        ask(internal, "POST", STABLE, content=text, headers={"Content-Type": "text/plain"}),
        ask(internal, "POST", STABLE, content=text, headers={"Content-Type": "application/x-www-form-urlencoded"}),
    ]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0] == {"access_token": internal.read(secret)["access_token"], "expires_in": 240}
    assert internal.upstream().count(STABLE) == 1


def test_refusals_are_wechats(internal: Internal) -> None:
    """Each mistake has the errcode that WeChat gives it; an app that is not the client's is no app."""
    secret = internal.credential()
    stranger = internal.credential("other", appids=frozenset({AppId("wx" + "a" * 16)}))
    blind = internal.credential("blind", frozenset({"access_token:report"}))
    good = given(secret)
    trials: list[tuple[int, dict[str, Any]]] = [
        (40002, {**good, "grant_type": "x"}),
        (40002, {}),
        (41002, {**good, "appid": ""}),
        (41002, {**good, "appid": 1}),
        (41004, {**good, "secret": ""}),
        (40125, {**good, "secret": "0" * 32}),
        (40125, {**good, "secret": secret[:-1]}),
        (40013, {**good, "appid": "wx" + "b" * 16}),
        (40013, given(stranger)),
        (40013, given(blind)),
    ]
    for errcode, parameters in trials:
        answer = ask(internal, "POST", STABLE, json=parameters)
        assert answer["errcode"] == errcode, parameters
        assert answer["errmsg"]
        assert secret not in answer["errmsg"]
    assert ask(internal, "GET", STABLE, params=good)["errcode"] == 43002
    for body in (b"{", b"[1]", b"\xff\xfe", b'{"appid": "a", "appid": "b"}', b"{" * 70_000):
        assert ask(internal, "POST", STABLE, content=body)["errcode"] == 47001
    assert internal.upstream() == []


def test_while_wechat_is_away_the_answer_is_its_own_busy(internal: Internal) -> None:
    """Minus one, which every SDK takes as "come back later", and not a wrong secret."""
    secret = internal.credential()
    internal.world.fault(Fault(name="errcode", errcode=-1, path=STABLE, times=None))
    assert ask(internal, "POST", STABLE, json=given(secret))["errcode"] == -1


def test_force_refresh_is_a_report_and_never_blind(internal: Internal) -> None:
    """Of a good token nothing is renewed, however often; of a bad one it is, once, and only for who had that one."""
    first, second = internal.credential("first"), internal.credential("second")
    force = {"force_refresh": True}
    token = ask(internal, "POST", STABLE, json=given(first))["access_token"]
    calls = internal.upstream().count(STABLE)
    for _ in range(20):
        assert ask(internal, "POST", STABLE, json=given(first, **force))["access_token"] == token
    assert internal.upstream().count(STABLE) == calls
    internal.world.clock.advance(60)
    internal.kill_token()
    calls = internal.upstream().count(STABLE)
    assert ask(internal, "POST", STABLE, json=given(second, **force))["access_token"] == token, "new to that one"
    assert internal.upstream().count(STABLE) == calls
    fresh = ask(internal, "POST", STABLE, json=given(first, **force))["access_token"]
    assert fresh != token
    assert internal.is_good(fresh)
    assert ask(internal, "POST", STABLE, json=given(second, **force))["access_token"] == fresh
    assert internal.upstream().count(STABLE) == calls + 1


def test_force_refresh_needs_the_scope_of_reports(internal: Internal) -> None:
    """A client that may only read gets the token in use, good or bad."""
    reader = internal.credential("reader", frozenset({"access_token:read"}))
    token = ask(internal, "POST", STABLE, json=given(reader))["access_token"]
    internal.kill_token()
    calls = internal.upstream().count(STABLE)
    assert ask(internal, "POST", STABLE, json=given(reader, force_refresh=True))["access_token"] == token
    assert internal.upstream().count(STABLE) == calls


def test_nothing_else_of_wechat_is_answered_or_passed_on(internal: Internal) -> None:
    """Other paths of WeChat are 404, with the token or without, and no call goes out."""
    secret = internal.credential()
    token = internal.read(secret)["access_token"]
    calls = len(internal.upstream())
    for path in (
        "/cgi-bin/getcallbackip",
        "/sns/jscode2session",
        "/cgi-bin/token/",
        "/wxa/business/getuserphonenumber",
    ):
        for method in ("GET", "POST"):
            reply = internal.call(method, path, params={**given(secret), "access_token": token})
            assert reply.status_code == 404
    assert len(internal.upstream()) == calls


def test_without_the_switch_it_is_not_there(tmp_path: Path) -> None:
    """By default both paths are 404."""
    with serve_internal(tmp_path) as internal:
        secret = internal.credential()
        assert internal.call("GET", TOKEN, params=given(secret)).status_code == 404
        assert internal.call("POST", STABLE, json=given(secret)).status_code == 404
