"""access_tokens: errors, methods, forms, the IP list, account states."""

from __future__ import annotations

import pytest

from wxsim import FIRST_APPID, FIRST_SECRET, Request, Settings, World


def stable(world: World, **fields: object) -> dict[str, object]:
    """Ask for the stable token."""
    body = {"grant_type": "client_credential", "appid": FIRST_APPID, "secret": FIRST_SECRET}
    answer: dict[str, object] = world.post("/cgi-bin/stable_token", body | fields)
    return answer


@pytest.mark.parametrize(
    ("fields", "errcode"),
    [
        ({"grant_type": "x"}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "x"}, 40125),
        ({"force_refresh": "true"}, 47001),
    ],
)
def test_stable_token_errors(world: World, fields: dict[str, object], errcode: int) -> None:
    """Each wrong field has its errcode."""
    assert stable(world, **fields)["errcode"] == errcode


def test_methods(world: World) -> None:
    """A GET of a POST call is 43002, a POST of a GET call 43001, no body 44002."""
    assert world.get("/cgi-bin/stable_token")["errcode"] == 43002
    assert world.post("/cgi-bin/token", {})["errcode"] == 43001
    answer = world.handle(Request("POST", "/cgi-bin/stable_token")).json()
    assert answer["errcode"] == 44002


@pytest.mark.parametrize(("token", "errcode"), [("", 41001), ("x", 40014), ("99_" + "a" * 60, 40001)])
def test_bad_tokens(world: World, token: str, errcode: int) -> None:
    """No token, a malformed one and an unknown one are told apart."""
    assert world.get("/cgi-bin/get_api_domain_ip", access_token=token)["errcode"] == errcode


def test_token_length_can_be_scaled() -> None:
    """Tokens may be as long as the 512 characters WeChat reserves."""
    world = World(Settings(access_token_length=512))
    token = world.access_token()
    assert len(token) == 512
    assert "ip_list" in world.get("/cgi-bin/get_api_domain_ip", access_token=token)


def test_early_force_is_45009_where_so_set() -> None:
    """A too early forced renewal returns the current token, or 45009 where so set."""
    world = World()
    first = stable(world, force_refresh=True)
    assert stable(world, force_refresh=True)["access_token"] == first["access_token"]
    world.settings = Settings(force_refused="45009")
    assert stable(world, force_refresh=True)["errcode"] == 45009


def test_ip_whitelist(world: World) -> None:
    """The IP list is off by default; when on, it names the address and guards tokens only."""
    assert "access_token" in stable(world)
    token = world.access_token()
    world.settings = Settings(ip_whitelist_enforced=True)
    refused = stable(world)
    assert refused["errcode"] == 40164
    assert "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist" in str(refused["errmsg"])
    assert "ip_list" in world.get("/cgi-bin/get_api_domain_ip", access_token=token)
    world.app(FIRST_APPID).ip_whitelist = ["127.0.0.1"]
    assert "access_token" in stable(world)


def test_account_states(world: World) -> None:
    """A frozen secret and the like answer their errcode to token calls."""
    world.app(FIRST_APPID).token_errcode = 40243
    assert stable(world)["errcode"] == 40243
    clear = {"appid": FIRST_APPID, "appsecret": FIRST_SECRET}
    assert world.post("/cgi-bin/clear_quota/v2", clear)["errcode"] == 0


def test_a_closed_account(world: World) -> None:
    """The token of an app that is gone is refused as the app's."""
    token = world.access_token()
    del world.apps[FIRST_APPID]
    assert world.get("/cgi-bin/get_api_domain_ip", access_token=token)["errcode"] == 40013
