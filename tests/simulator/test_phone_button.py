"""The phone buttons: codes, ciphertexts, costs, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from wxsim import FIRST_APPID, Request, Settings, World, crypto


def test_phone_button_gives_code_and_ciphertext(world: World) -> None:
    """A tap gives a phone_code, the number under the key of the moment, and a cloudID."""
    phone = world.phone("ming")
    key = world.exchange(phone.login()["code"])["session_key"]
    answer = phone.getPhoneNumber(tap=True)
    data = crypto.open_data(key, answer["iv"], answer["encryptedData"], FIRST_APPID)
    assert data["phoneNumber"] == data["purePhoneNumber"] == "13800138000"
    assert data["countryCode"] == "86"
    assert answer["cloudID"]


def test_realtime_phone_button(world: World) -> None:
    """The realtime button gives a code only, and costs more once the trial is gone."""
    world.settings = Settings(phone_trial_calls=0)
    world.app(FIRST_APPID).phone_paid_calls = 2
    world.phone("ming").login()
    assert set(world.phone("ming").getRealtimePhoneNumber(tap=True)) == {"code", "errMsg"}
    world.phone("ming").getPhoneNumber(tap=True)
    ledger = world.handle(Request("GET", "/_sim/phone-ledger")).json()
    assert [line["fen"] for line in ledger["calls"]] == [4, 3]
    assert ledger["fen"] == 7
    broke = world.phone("ming").getPhoneNumber(tap=True)
    assert broke == {"errMsg": "getPhoneNumber:fail appid no enough quota", "errno": 1400001}


@pytest.mark.parametrize(
    ("person", "app", "answer"),
    [
        ({"answers": {"getPhoneNumber": "refuse"}}, {}, {"errMsg": "getPhoneNumber:fail user deny", "errno": 103}),
        ({"phone": None}, {}, {"errMsg": "getPhoneNumber:fail user deny", "errno": 103}),
        (
            {"answers": {"getPhoneNumber": "refuse"}, "devices": {"d1": {"platform": "android"}}},
            {},
            {"errMsg": "getPhoneNumber:fail:user deny", "errno": 103},
        ),
        (
            {"answers": {"getPhoneNumber": "refuse"}, "devices": {"d1": {"base_library": "2.23.0"}}},
            {},
            {"errMsg": "getPhoneNumber:fail user deny"},
        ),
        (
            {"phone_blocked": True},
            {},
            {"errMsg": "getPhoneNumber:fail user getPhoneNumber is blocked", "errno": 1421102},
        ),
        ({}, {"phone_button": False}, {"errMsg": "getPhoneNumber:fail no permission", "errno": 102}),
        (
            {},
            {"declared": {"getUserInfo": 0.0}},
            {
                "errMsg": "getPhoneNumber:fail api scope is not declared in the privacy agreement",
                "errno": 112,
            },
        ),
        (
            {},
            {"banned": ["getPhoneNumber"]},
            {"errMsg": "getPhoneNumber:fail appid privacy api banned", "errno": 1025},
        ),
        (
            {"answers": {"privacy": "refuse"}},
            {},
            {"errMsg": "getPhoneNumber:fail privacy permission is not authorized", "errno": 103},
        ),
    ],
)
def test_phone_button_failures(
    world: World, person: dict[str, Any], app: dict[str, Any], answer: dict[str, Any]
) -> None:
    """Each way the phone button fails has its own words; none of them costs a call."""
    world.change_person("ming", **person)
    for name, value in app.items():
        setattr(world.app(FIRST_APPID), name, value)
    assert world.phone("ming").getPhoneNumber(tap=True) == answer
    assert not world.phone_ledger.lines


def test_a_person_may_bind_a_number_on_the_spot() -> None:
    """Where so set, somebody without a number binds one in the popup and keeps it."""
    world = World(Settings(unbound_phone="bind"))
    assert "code" in world.phone("hong").getPhoneNumber(tap=True)
    number = world.person("hong").phone
    assert number is not None
    assert number.number.startswith("139")


@pytest.mark.parametrize(("library", "gives"), [("2.9.5", False), ("2.21.1", False), ("2.21.2", True), ("3.0.0", True)])
def test_phone_codes_came_with_a_library(world: World, library: str, *, gives: bool) -> None:
    """Before 2.21.2 there is only the ciphertext; versions compare by number, not by letter."""
    world.change_person("ming", devices={"d1": {"base_library": library}})
    world.phone("ming").login()
    answer = world.phone("ming").getPhoneNumber(tap=True)
    assert ("code" in answer) is gives
    assert "encryptedData" in answer


def test_one_tap_may_agree_and_give_the_number(world: World) -> None:
    """The combined button agrees to the contract with the same tap."""
    world.change_person("ming", answers={"privacy": "refuse"})
    answer = world.phone("ming").getPhoneNumber(tap=True, agreePrivacyAuthorization=True)
    assert "code" in answer
