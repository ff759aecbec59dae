"""auth.code2Session: parameters, precedence, forms of the reply."""

from __future__ import annotations

import pytest

from wxsim import FIRST_APPID, FIRST_SECRET, Fault, Request, Settings, World

GOOD = {"appid": FIRST_APPID, "secret": FIRST_SECRET, "grant_type": "authorization_code"}


def exchange(world: World, **query: str) -> dict[str, object]:
    """Exchange with exactly these parameters."""
    answer: dict[str, object] = world.get("/sns/jscode2session", **query)
    return answer


@pytest.mark.parametrize(
    ("query", "errcode"),
    [
        ({}, 41002),
        ({"appid": "nonsense"}, 41004),
        ({"appid": "nonsense", "secret": "nonsense"}, 41008),
        ({"appid": "", "secret": "x", "js_code": "x"}, 41002),
        ({"appid": "nonsense", "secret": "nonsense", "js_code": "x"}, 40002),
        ({**GOOD, "grant_type": "client_credential", "js_code": "x"}, 40002),
        ({**GOOD, "appid": "wx0000000000000000", "secret": "x", "js_code": "x"}, 40013),
        ({**GOOD, "secret": "x", "js_code": "x"}, 40125),
        ({**GOOD, "js_code": "x"}, 40029),
    ],
)
def test_precedence(world: World, query: dict[str, str], errcode: int) -> None:
    """The first of parameters, appid, secret, code that is wrong is named."""
    assert exchange(world, **query)["errcode"] == errcode


def test_precedence_can_be_turned() -> None:
    """The order is a setting, since WeChat documents none."""
    world = World(Settings(exchange_precedence=("code", "secret", "appid", "params")))
    assert exchange(world)["errcode"] == 40029


def test_parameters_in_a_body_are_ignored(world: World) -> None:
    """A client that posts its parameters is told that the appid is missing."""
    body = "&".join(f"{name}={value}" for name, value in GOOD.items()).encode()
    answer = world.handle(Request("POST", "/sns/jscode2session", body=body)).json()
    assert answer["errcode"] == 41002


def test_a_refusal_costs_no_code(world: World) -> None:
    """A wrong secret leaves the code good."""
    code = world.phone("ming").login()["code"]
    exchange(world, **GOOD | {"secret": "x"}, js_code=code)
    assert "openid" in exchange(world, **GOOD, js_code=code)


def test_success_names_no_errcode(world: World) -> None:
    """A success carries session_key and openid and nothing else."""
    code = world.phone("ming").login()["code"]
    assert sorted(exchange(world, **GOOD, js_code=code)) == ["openid", "session_key"]


def test_order_of_keys_varies(world: World) -> None:
    """Both orders of keys come up, so that no client can depend on one."""
    firsts = {next(iter(world.exchange(world.phone("ming").login()["code"]))) for _ in range(30)}
    assert firsts == {"openid", "session_key"}


def test_reply_is_text_plain_as_set(world: World) -> None:
    """The reply is JSON under text/plain, unless set otherwise."""
    assert world.handle(Request("GET", "/sns/jscode2session")).headers["content-type"] == "text/plain"
    world.settings = Settings(sns_content_type="application/json")
    response = world.handle(Request("GET", "/sns/jscode2session"))
    assert response.headers["content-type"] == "application/json"


def test_old_accounts_get_expires_in() -> None:
    """Old accounts are told expires_in, where so set."""
    world = World(Settings(legacy_expires_in=True))
    assert world.exchange(world.phone("ming").login()["code"])["expires_in"] == 7200


def test_the_code_of_a_missing_appid_is_a_mock(world: World) -> None:
    """The developer tools without an appid hand out a literal that no server knows."""
    world.app(FIRST_APPID).mock_code = True
    code = world.phone("ming").login()["code"]
    assert code == "the code is a mock one"
    assert exchange(world, **GOOD, js_code=code)["errcode"] == 40029


@pytest.mark.parametrize(("consumes", "second"), [(False, None), (True, 40163)])
def test_busy_and_the_code(*, consumes: bool, second: int | None) -> None:
    """Whether -1 consumes the code is a setting; by default it does not."""
    world = World(Settings(busy_consumes_code=consumes))
    code = world.phone("ming").login()["code"]
    world.fault(Fault(name="errcode", path="/sns/*"))
    assert world.exchange(code)["errcode"] == -1
    assert world.exchange(code).get("errcode") == second


def test_unknown_paths(world: World) -> None:
    """An unknown path of WeChat's is an errcode, any other a problem of the simulator."""
    assert world.get("/wxa/nonsense")["errcode"] == 40066
    assert world.handle(Request("GET", "/nonsense")).status == 404
