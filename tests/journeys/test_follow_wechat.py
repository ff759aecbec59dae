"""Sessions that follow WeChat's session_key, for apps that want it; and keys replaced on request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from conftest import MakeHouse
from menjin import FunctionHttp
from menjin.assembly import Deeds, assemble
from menjin.errors import SessionExpired
from menjin.values import Secret
from menjin.wechat.ports import HttpRequest, HttpResponse
from support.doors import APP, House, answer_from
from wxsim import FIRST_APPID, Fault

FOLLOWING = replace(APP, follow_wechat=timedelta(hours=1))
CHECK = "/wxa/checksession"


def sign_in(house: House) -> str:
    """Return ming's session_token."""
    token: str = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    return token


def kill_key(house: House) -> None:
    """Have WeChat rotate the key by a login that menjin never hears of."""
    house.advance(301)
    house.code()


def calls(house: House, path: str) -> int:
    """Return how often WeChat was asked at a path."""
    return sum(entry.path == path for entry in house.world.journal.entries)


def test_two_refusals_an_hour_apart_end_the_sessions(make_house: MakeHouse) -> None:
    """One refusal keeps the session; the second, with no login in between, ends it as expired."""
    house = make_house(FOLLOWING)
    token, other = sign_in(house), sign_in(house)
    kill_key(house)
    house.advance(3600)
    assert house.door.follow_wechat() == 1
    house.door.authenticate(token)
    assert house.door.follow_wechat() == 0
    house.advance(3600)
    assert house.door.follow_wechat() == 1
    for dead in (token, other):
        with pytest.raises(SessionExpired):
            house.door.authenticate(dead)


def test_a_login_in_between_keeps_them(make_house: MakeHouse) -> None:
    """The key refused first is not the one refused next: the session lives."""
    house = make_house(FOLLOWING)
    token = sign_in(house)
    kill_key(house)
    house.advance(3600)
    house.door.follow_wechat()
    sign_in(house)
    kill_key(house)
    house.advance(3600)
    assert house.door.follow_wechat() == 1
    house.door.authenticate(token)


class Meddling(FunctionHttp):
    """A WeChat during whose second check somebody logs in, which gives them another key."""

    deeds: Deeds
    tokens: list[Secret]

    def __init__(self, house: House) -> None:
        super().__init__(answer_from(house.world))
        self._house = house
        self._checks = 0

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        answer = await super().send(request)
        self._checks += CHECK in request.url
        if CHECK in request.url and self._checks == 2:
            self._house.advance(301)
            signed_in = await self.deeds.sign_in.run(FIRST_APPID, self._house.code())
            self.tokens.append(signed_in.session_token)
        return answer


def test_a_login_while_wechat_is_asked_keeps_them(make_house: MakeHouse) -> None:
    """The second refusal was about the key that the login replaced: neither its session ends nor the former one."""
    house = make_house(FOLLOWING)
    meddling = Meddling(house)
    meddling.deeds = assemble(replace(house.parts, http=meddling))
    meddling.tokens = [Secret(sign_in(house))]
    kill_key(house)
    for _ in range(2):
        house.advance(3600)
        assert house.door.run(meddling.deeds.follow.step()) == 1
    assert len(meddling.tokens) == 2
    for token in meddling.tokens:
        house.door.authenticate(token.reveal())


def test_a_good_answer_in_between_starts_anew(make_house: MakeHouse) -> None:
    """Refused, good, refused is not twice in a row."""
    house = make_house(FOLLOWING)
    token = sign_in(house)
    for strike in (True, False, True):
        if strike:
            house.world.fault(Fault(name="errcode", path=CHECK, errcode=87009))
        house.advance(3600)
        assert house.door.follow_wechat() == 1
    house.door.authenticate(token)


def test_any_other_answer_keeps_the_session(make_house: MakeHouse) -> None:
    """Busy, unreadable, quota: nothing is concluded from them."""
    house = make_house(FOLLOWING)
    token = sign_in(house)
    for fault in (
        Fault(name="errcode", path=CHECK, errcode=-1, times=3),
        Fault(name="html", path=CHECK),
        Fault(name="errcode", path=CHECK, errcode=45009),
        Fault(name="errcode", path=CHECK, errcode=40003),
    ):
        house.world.fault(fault)
        house.advance(3600)
        house.door.follow_wechat()
    house.door.authenticate(token)


def test_nobody_is_asked_about_without_need(make_house: MakeHouse) -> None:
    """Without a live session, or in an app that does not follow, WeChat is not asked."""
    house = make_house(FOLLOWING)
    house.door.sign_out(sign_in(house))
    house.advance(3600)
    assert house.door.follow_wechat() == 1
    house.advance(3600)
    assert house.door.follow_wechat() == 0
    assert calls(house, CHECK) == 0
    sign_in(house)
    house.advance(3600)
    assert house.door.follow_wechat() == 1
    assert calls(house, CHECK) == 1


def test_a_turn_of_people_without_a_session_is_not_the_last(make_house: MakeHouse) -> None:
    """Whoever calls again while somebody was due comes to all of them, those who left notwithstanding."""
    house = make_house(FOLLOWING)
    for number in range(60):
        house.world.add_person(f"gone{number}")
        house.door.sign_out(house.door.sign_in(FIRST_APPID, house.code(f"gone{number}")).session_token.reveal())
        house.advance(1)
    sign_in(house)
    house.advance(3600)
    assert [house.door.follow_wechat() for _ in range(3)] == [50, 11, 0]
    assert calls(house, CHECK) == 1


def test_by_default_a_session_has_a_life_of_its_own(house: House) -> None:
    """A dead session_key ends no session."""
    token = sign_in(house)
    kill_key(house)
    for _ in range(3):
        house.advance(3600)
        assert house.door.follow_wechat() == 0
    house.door.authenticate(token)
    assert calls(house, CHECK) == 0


def test_the_key_is_replaced_on_request_and_at_sign_out(make_house: MakeHouse) -> None:
    """On request the key changes and data still opens; at sign-out it changes where the app says so."""
    house = make_house(replace(APP, reset_key_at_sign_out=True))
    token = sign_in(house)
    assert house.door.reset_session_key(token)
    tap = house.world.phone("ming").getPhoneNumber(tap=True)
    assert house.door.open_phone(token, tap["encryptedData"], tap["iv"])
    house.door.sign_out(token)
    assert calls(house, "/wxa/resetusersessionkey") == 2
    token = sign_in(house)
    house.door.end_session(token, house.door.authenticate(token).session.session_id)
    assert calls(house, "/wxa/resetusersessionkey") == 3, "the device list's own entry signs out too"
    kill_key(house)
    assert not house.door.reset_session_key(sign_in_with_dead_key(house))


def sign_in_with_dead_key(house: House) -> str:
    """Return a token whose key WeChat has replaced since."""
    token = sign_in(house)
    kill_key(house)
    return token
