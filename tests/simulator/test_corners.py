"""Corners that no story passes: rare errcodes, limits changed on the way, crowds."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from wxsim import FIRST_APPID, FIRST_SECRET, App, Clock, Fault, Request, Settings, World
from wxsim.shelf import Shelf

SECOND = "wxde30000000000002"


def test_a_lost_token_is_rotated_all_the_same(world: World) -> None:
    """When the answer of a forced renewal is lost, the old token is dead anyway."""
    old = world.access_token()
    world.fault(Fault(name="lost", path="/cgi-bin/stable_token"))
    body = {"grant_type": "client_credential", "appid": FIRST_APPID, "secret": FIRST_SECRET}
    url = "/cgi-bin/stable_token"
    struck = world.handle(Request.to("POST", url, {**body, "force_refresh": True}))
    assert struck.delivery is not None
    assert world.get("/cgi-bin/get_api_domain_ip", access_token=old)["errcode"] == 40001
    assert world.post(url, body)["access_token"] == world.access_token() != old


def test_legacy_token_errors(world: World) -> None:
    """The legacy call names a wrong grant_type and a wrong secret."""
    assert world.get("/cgi-bin/token", grant_type="x")["errcode"] == 40002
    query = {"grant_type": "client_credential", "appid": FIRST_APPID, "secret": "x"}
    assert world.get("/cgi-bin/token", **query)["errcode"] == 40125


def test_a_plugins_code_at_a_third_app(world: World) -> None:
    """A plugin's code is for the host's or the plugin's token, not a third app's."""
    world.app(FIRST_APPID).plugins = [SECOND]
    third = world.add_app(App("wxde30000000000003", "03" * 16))
    world.add_app(App(SECOND, "02" * 16))
    body = {"code": world.phone("ming").pluginLogin()["code"]}
    refused = world.post("/wxa/getpluginopenpid", body, access_token=world.access_token(third.appid))
    assert refused["errcode"] == 1005
    taken = world.post("/wxa/getpluginopenpid", body, access_token=world.access_token(SECOND))
    assert taken["openpid"] == world.identities.openpid(FIRST_APPID, SECOND, "ming")


def test_missing_parameters(world: World) -> None:
    """A reset without openid and a hash call without hash are invalid args."""
    token = world.access_token()
    assert world.get("/wxa/resetusersessionkey", access_token=token)["errcode"] == 40097
    assert world.post("/wxa/business/checkencryptedmsg", {}, access_token=token)["errcode"] == 40097


def test_resets_have_a_minute_limit() -> None:
    """Too many resets of an app in a minute are 45011."""
    world = World(Settings(reset_key_per_minute=2), clock=Clock(1_800_000_000, frozen=True))
    token = world.access_token()
    answers = [world.get("/wxa/resetusersessionkey", access_token=token)["errcode"] for _ in range(3)]
    assert answers == [40097, 40097, 45011]


def test_one_path_is_cleared_so_many_times(world: World) -> None:
    """Clearing one path ends at its monthly limit."""
    world.settings = Settings(quota_clear_per_month=1)
    body, token = {"cgi_path": "/wxa/checksession"}, world.access_token()
    answers = [world.post("/cgi-bin/openapi/quota/clear", body, access_token=token)["errcode"] for _ in range(2)]
    assert answers == [0, 45009]


def test_the_phone_button_was_free_once() -> None:
    """Before 2023-08-28 a tap cost nothing."""
    noon = datetime(2023, 8, 27, 12, tzinfo=UTC).timestamp()
    world = World(Settings(phone_trial_calls=0), clock=Clock(noon, frozen=True))
    assert world.phone("ming").getPhoneNumber(tap=True)["errMsg"] == "getPhoneNumber:ok"
    assert world.phone_ledger.lines[0].fen == 0
    world.clock.advance(86_400)
    assert world.phone("ming").getPhoneNumber(tap=True)["errno"] == 1400001


def test_an_avatar_can_be_refused(world: World) -> None:
    """Closing the avatar panel is a failure of its own."""
    world.change_person("ming", answers={"chooseAvatar": "refuse"})
    assert world.phone("ming").chooseAvatar(tap=True)["errMsg"] == "chooseAvatar:fail cancel"


def test_a_prefetch_makes_a_code(world: World) -> None:
    """Data pre-fetch carries a code, which may rotate the key, or the token set before."""
    key = world.exchange(world.phone("ming").login()["code"])["session_key"]
    world.clock.advance(300)
    order = Request.to("POST", "/_sim/prefetch", {"appid": FIRST_APPID, "person": "ming", "path": "pages/index"})
    sent = world.handle(order).json()
    assert sent["path"] == "pages/index"
    assert world.exchange(sent["code"])["session_key"] != key
    world.phone("ming").setBackgroundFetchToken(token="mine")
    again = world.handle(order).json()
    assert again["token"] == "mine"
    assert "code" not in again


def test_limits_can_be_changed_on_the_way(world: World) -> None:
    """The journal and the memory of dead codes follow their settings at once."""
    for _ in range(20):
        world.exchange(world.phone("ming").login()["code"])
    world.settings = Settings(journal_size=5, dead_codes_kept=5)
    assert len(world.journal.entries) == 5
    world.phone("ming").login()
    assert len(world.codes.shelves["login"]) <= 6


def test_a_crowd_has_numbers(world: World) -> None:
    """``#`` in the phone number of a crowd counts, and each number is its owner's alone."""
    body = {"name": "p", "count": 12, "phone": "138########"}
    world.handle(Request.to("POST", "/_sim/people", body))
    numbers = [world.person(f"p{number}").phone for number in range(1, 13)]
    assert [phone.number for phone in numbers if phone] == [f"138{number:08d}" for number in range(1, 13)]


def test_a_number_goes_round(world: World) -> None:
    """A number may come back to somebody who had it before."""
    first = world.person("ming").phone
    world.set_phone(world.person("hong"), first)
    world.set_phone(world.person("ming"), first)
    assert world.person("hong").phone is None
    assert world.person("ming").phone == first
    world.set_phone(world.person("ming"), None)
    world.set_phone(world.person("hong"), first)
    assert world.person("hong").phone == first


def test_a_shelf_is_bounded_even_by_living_things() -> None:
    """Ten times the limit is the end for living values too, the oldest first."""
    shelf: Shelf[int] = Shelf(limit=2)
    for number in range(30):
        shelf.put(str(number), number, until=1e9)
        shelf.sweep(0)
    assert shelf.values() == list(range(10, 30))
    shelf.drop("29")
    assert shelf.get("29") is None


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan")])
def test_time_does_not_go_back(world: World, seconds: float) -> None:
    """A clock refuses to go back or to the end of time."""
    with pytest.raises(ValueError, match="forward"):
        world.clock.advance(seconds)


@pytest.mark.parametrize("kind", ["login", "phone", "plugin"])
def test_lives_can_be_scaled(kind: str) -> None:
    """A longer life of one kind of code is that kind's alone, and is remembered to its end."""
    clock = Clock(1_800_000_000, frozen=True)
    world = World(msgspec.convert({f"{kind}_code_ttl": 5000.0}, Settings), clock=clock)
    world.app(FIRST_APPID).plugins = [SECOND]
    phone, token = world.phone("ming"), world.access_token()
    login, plugin = phone.login()["code"], phone.pluginLogin()["code"]
    tapped = phone.getPhoneNumber(tap=True)["code"]
    clock.advance(4000)
    answers = {
        "login": world.exchange(login),
        "phone": world.post("/wxa/business/getuserphonenumber", {"code": tapped}, access_token=token),
        "plugin": world.post("/wxa/getpluginopenpid", {"code": plugin}, access_token=token),
    }
    assert {name for name, answer in answers.items() if not answer.get("errcode")} == {kind}


def test_a_merchants_own_order(world: World) -> None:
    """A payment keeps the merchant and the order it is given, and is found by both together only."""
    world.bind_open_platform("op1")
    body = {"appid": FIRST_APPID, "person": "ming", "mch_id": "1230000109", "out_trade_no": "order-1"}
    paid = world.handle(Request.to("POST", "/_sim/payments", body)).json()
    assert (paid["mch_id"], paid["out_trade_no"]) == ("1230000109", "order-1")
    query = {"openid": world.identities.openid(FIRST_APPID, "ming"), "access_token": world.access_token()}
    found = world.get("/wxa/getpaidunionid", mch_id="1230000109", out_trade_no="order-1", **query)
    assert found["unionid"]
    other = world.get("/wxa/getpaidunionid", mch_id="1230000110", out_trade_no="order-1", **query)
    assert other["errcode"] == 89300
