"""The rest of the server API: tokens, keys, phone numbers, quotas, request ids."""

from __future__ import annotations

import base64

import pytest

from wxsim import FIRST_APPID, PhoneNumber, Request, Settings, World, crypto

SECOND = "wxde30000000000002"


def signed(world: World, **changes: str) -> dict[str, str]:
    """Return the query of a signed call about ming after a login."""
    reply = world.exchange(world.phone("ming").login()["code"])
    signature = crypto.session_signature(reply["session_key"], b"")
    query = {"access_token": world.access_token(), "openid": reply["openid"]}
    return query | {"signature": signature, "sig_method": "hmac_sha256"} | changes


@pytest.mark.parametrize("path", ["/wxa/checksession", "/wxa/resetusersessionkey", "/wxa/business/getuserencryptkey"])
def test_signed_calls(world: World, path: str) -> None:
    """A good signature is taken in either case, a wrong one is 87009, another method 87008."""
    query = signed(world)
    assert world.get(path, **query | {"sig_method": "md5"})["errcode"] == 87008
    assert world.get(path, **query | {"signature": "0" * 64})["errcode"] == 87009
    assert world.get(path, **query | {"openid": "o" * 28})["errcode"] == 40003
    upper = query | {"signature": query["signature"].upper()}
    response = world.handle(Request("GET", path, upper))
    assert response.json()["errcode"] == 0
    assert "upper case" in response.headers["x-wxsim-warning"]


def test_upper_case_signature_refused_where_so_set() -> None:
    """WeChat may be strict about hex: a setting."""
    world = World(Settings(signature_any_case=False))
    query = signed(world)
    query["signature"] = query["signature"].upper()
    assert world.get("/wxa/checksession", **query)["errcode"] == 87009


def test_a_dead_key(world: World) -> None:
    """A dead key is 87009 to checksession and 87007 to the calls that need it."""
    query = signed(world)
    world.clock.advance(3 * 86_400)
    query["access_token"] = world.access_token()
    assert world.get("/wxa/checksession", **query)["errcode"] == 87009
    assert world.get("/wxa/resetusersessionkey", **query)["errcode"] == 87007


@pytest.mark.parametrize(
    ("settings", "full", "code"),
    [
        (Settings(), "+85291234567", "852"),
        (Settings(foreign_phone_format="{cc}{number}", country_code_as_number=True), "85291234567", 852),
    ],
)
def test_foreign_numbers(settings: Settings, full: str, code: object) -> None:
    """A foreign number carries its country code, written as set."""
    world = World(settings)
    world.set_phone(world.person("hong"), PhoneNumber("91234567", "852"))
    tapped = world.phone("hong").getPhoneNumber(tap=True)
    token = world.access_token()
    answer = world.post("/wxa/business/getuserphonenumber", {"code": tapped["code"]}, access_token=token)
    info = answer["phone_info"]
    assert (info["phoneNumber"], info["purePhoneNumber"], info["countryCode"]) == (full, "91234567", code)


@pytest.mark.parametrize(("body", "errcode"), [({}, 40097), ([], 47001), ({"code": 1}, 47001), ({"code": "x"}, 40029)])
def test_phone_code_errors(world: World, body: object, errcode: int) -> None:
    """A missing, ill-typed or unknown phone_code has its errcode."""
    token = world.access_token()
    answer = world.post("/wxa/business/getuserphonenumber", body, access_token=token)
    assert answer["errcode"] == errcode


def test_openid_mismatch_errcode_is_a_setting() -> None:
    """Nobody knows what a swapped phone_code is answered with."""
    world = World(Settings(phone_code_openid_errcode=40029))
    code = world.phone("ming").getPhoneNumber(tap=True)["code"]
    body = {"code": code, "openid": world.identities.openid(FIRST_APPID, "hong")}
    answer = world.post("/wxa/business/getuserphonenumber", body, access_token=world.access_token())
    assert answer["errcode"] == 40029


def test_user_encrypt_keys(world: World) -> None:
    """The server lists the phone's keys: up to three, dead ones with expire_in 0."""
    phone, versions = world.phone("ming"), []
    query = signed(world)
    for _ in range(4):
        latest = phone.getLatestUserKey()
        versions.append(latest["version"])
        world.clock.advance(3600)
    latest = phone.getLatestUserKey()
    query["access_token"] = world.access_token()
    listed = world.get("/wxa/business/getuserencryptkey", **query)["key_info_list"]
    assert [key["version"] for key in listed] == [5, 4, 3]
    assert [key["expire_in"] for key in listed] == [3600, 0, 0]
    assert listed[0]["encrypt_key"] == latest["encryptKey"]
    assert len(base64.b64decode(latest["encryptKey"])) == len(latest["iv"]) == 16
    assert versions == [1, 2, 3, 4]
    assert latest["expireTime"] == int(world.clock.now()) + 3600
    assert world.handle(Request("POST", "/wxa/business/getuserencryptkey", query)).json()["errcode"] == 0


def test_plugin_openpid(world: World) -> None:
    """A plugin's code becomes an openpid: once, five minutes, for host or plugin."""
    world.app(FIRST_APPID).plugins = [SECOND]
    token = world.access_token()

    def openpid(code: str) -> dict[str, object]:
        answer: dict[str, object] = world.post("/wxa/getpluginopenpid", {"code": code}, access_token=token)
        return answer

    code = world.phone("ming").pluginLogin()["code"]
    first = openpid(code)
    assert str(first["openpid"]).startswith("G")
    assert openpid(code)["errcode"] == 1007
    assert openpid(world.phone("ming").pluginLogin()["code"]) == first
    late = world.phone("ming").pluginLogin()["code"]
    world.clock.advance(300)
    assert openpid(late)["errcode"] == 1007
    assert world.post("/wxa/getpluginopenpid", [], access_token=token)["errcode"] == 1022
    assert world.post("/wxa/getpluginopenpid", {}, access_token=token)["errcode"] == 1001


def test_payment_by_merchants_order(world: World) -> None:
    """A payment is found by mch_id and out_trade_no too."""
    world.bind_open_platform("op1")
    paid = world.pay("ming")
    query = {"openid": world.identities.openid(FIRST_APPID, "ming"), "access_token": world.access_token()}
    answer = world.get("/wxa/getpaidunionid", mch_id=paid.mch_id, out_trade_no=paid.out_trade_no, **query)
    assert answer["unionid"] == world.identities.unionid("op1", "ming")
    assert world.get("/wxa/getpaidunionid", transaction_id="1", **query)["errcode"] == 89300
