"""What a person, an address and a name may try, and a WeChat that does not answer; in both colours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from menjin import NO_LIMITS, AsyncMenjin, SignedIn
from menjin.binding_errors import VerifiedPhoneRequired
from menjin.errors import (
    AppMisconfigured,
    CredentialsInvalid,
    HeldBack,
    LoginCodeInvalid,
    LoginCodeUsed,
    MenjinError,
    PhoneCodeInvalid,
    QuotaExceeded,
    TooManyAttempts,
    WeChatBusy,
)
from menjin.limits.model import Figures, Rate
from menjin.wechat.ports import HttpPort, HttpRequest, HttpResponse
from support.doors import MEMBERS, Colour, House, open_house
from wxsim import FIRST_APPID, Fault

EXCHANGE, PHONE = "/sns/jscode2session", "/wxa/business/getuserphonenumber"
HERE, ELSEWHERE = "203.0.113.9", "198.51.100.1"
MakeHouse = Callable[..., House]


@pytest.fixture
def make(colour: Colour, tmp_path: Path) -> Iterator[MakeHouse]:
    """A function that opens a house with the figures it is given; limits are the same on any store."""
    houses: list[House] = []

    def open_one(**changes: Any) -> House:  # noqa: ANN401 - what open_house takes
        houses.append(open_house(colour, "memory", tmp_path, **changes))
        return houses[-1]

    yield open_one
    for house in houses:
        house.door.close()


def exchanges(house: House) -> int:
    """Return how often WeChat was asked to exchange a code."""
    return sum(entry.path == EXCHANGE for entry in house.world.journal.entries)


def present_bad_code(house: House, number: int, address: str | None = HERE) -> None:
    """Try a login_code that WeChat does not know."""
    with pytest.raises(LoginCodeInvalid):
        house.door.sign_in(FIRST_APPID, f"0{number:031d}", address=address)


def test_bad_codes_close_an_address_before_wechat_is_asked(make: MakeHouse) -> None:
    """After 30 in a minute the address waits, WeChat hears of it no more, others go on; then it may again."""
    house = make()
    for number in range(28):
        present_bad_code(house, number)
    with pytest.raises(LoginCodeInvalid):
        house.door.sign_in(FIRST_APPID, "no such shape", address=HERE)
    used = house.code()
    house.door.sign_in(FIRST_APPID, used, address=ELSEWHERE)
    with pytest.raises(LoginCodeUsed):
        house.door.sign_in(FIRST_APPID, used, address=HERE)
    asked, code = exchanges(house), house.code()
    with pytest.raises(TooManyAttempts) as caught:
        house.door.sign_in(FIRST_APPID, code, address=HERE)
    assert exchanges(house) == asked
    assert timedelta(0) < caught.value.retry_after <= timedelta(seconds=61)
    house.door.sign_in(FIRST_APPID, house.code(), address=ELSEWHERE)
    house.advance(caught.value.retry_after.total_seconds())
    house.door.sign_in(FIRST_APPID, code, address=HERE)


def test_bad_codes_of_a_live_session_close_its_address_too(make: MakeHouse) -> None:
    """Step-ups and sign-ins share one count: made-up codes, impossible ones, and another person's.

    WeChat is not asked then; the same session steps up from elsewhere, and good codes count nowhere.
    CONTROL: where no address is said, the codes of a live session are not stopped before the person's own limit.
    """
    house = make()
    token = sign_in(house)
    for _ in range(40):
        token = house.door.step_up_by_login_code(token, house.code(), address=HERE).session_token.reveal()
    codes = ["no such shape", house.code("hong"), *(f"1{number:031d}" for number in range(13))]
    for code in codes:
        with pytest.raises(LoginCodeInvalid):
            house.door.step_up_by_login_code(token, code, address=HERE)
    for number in range(15):
        present_bad_code(house, number)
    asked, good = exchanges(house), house.code()
    with pytest.raises(TooManyAttempts):
        house.door.step_up_by_login_code(token, good, address=HERE)
    with pytest.raises(TooManyAttempts):
        house.door.sign_in(FIRST_APPID, good, address=HERE)
    assert exchanges(house) == asked
    token = house.door.step_up_by_login_code(token, good, address=ELSEWHERE).session_token.reveal()
    for number in range(40):
        with pytest.raises(LoginCodeInvalid):
            house.door.step_up_by_login_code(token, f"2{number:031d}")


def test_good_codes_are_not_bad_ones(make: MakeHouse) -> None:
    """Forty people behind one address sign in, and none is turned away."""
    house = make()
    for number in range(40):
        house.world.add_person(f"guest{number}")
        house.door.sign_in(FIRST_APPID, house.code(f"guest{number}"), address=HERE)


def test_without_an_address_nothing_is_limited_by_it(make: MakeHouse) -> None:
    """Unknown, malformed or empty: no bucket that everybody would share. So too with the limits off."""
    for house in (make(), make(figures=NO_LIMITS)):
        for number in range(40):
            for address in (None, "", "unix:", "999.1.1.1"):
                present_bad_code(house, number, address)
    for number in range(700):
        present_bad_code(house, number)


def test_requests_of_an_address_are_bounded(make: MakeHouse) -> None:
    """600 a minute of an IPv6 /64, whichever of its addresses they come from; the 601st is not sent."""
    house = make()
    code = house.code()
    for number in range(600):
        with pytest.raises((LoginCodeInvalid, TooManyAttempts)):
            house.door.sign_in(FIRST_APPID, "no such shape", address=f"2001:db8::{number:x}")
    house.advance(0.5)
    with pytest.raises(TooManyAttempts):
        house.door.sign_in(FIRST_APPID, code, address="2001:db8::ffff")
    house.door.sign_in(FIRST_APPID, code, address="2001:db8:0:1::1")


def test_a_person_logs_in_so_many_times_a_minute_at_most(make: MakeHouse) -> None:
    """With 20 a minute the 21st login of one person is refused, another person's is not."""
    house = make(figures=replace(Figures(), sign_ins_per_openid=Rate(20, timedelta(minutes=1))))
    for _ in range(20):
        house.door.sign_in(FIRST_APPID, house.code())
    with pytest.raises(TooManyAttempts):
        house.door.sign_in(FIRST_APPID, house.code())
    house.door.sign_in(FIRST_APPID, house.code("hong"))
    house.advance(61)
    house.door.sign_in(FIRST_APPID, house.code())


def test_a_login_refused_for_being_one_too_many_still_brings_the_new_key(make: MakeHouse) -> None:
    """WeChat changed its session_key at the refused login: what the person taps then opens in the session they have."""
    house = make(figures=replace(Figures(), sign_ins_per_openid=Rate(1, timedelta(hours=6))))
    token = sign_in(house)
    house.advance(4 * 3600)  # long enough for wxsim to change the key at the next login
    with pytest.raises(TooManyAttempts):
        house.door.sign_in(FIRST_APPID, house.code())
    event = house.world.phone("ming").getPhoneNumber(tap=True)
    assert house.door.open_phone(token, event["encryptedData"], event["iv"]).phone_number.startswith("+86")


def sign_in(house: House, person: str = "ming") -> str:
    """Return a session_token."""
    token: str = house.door.sign_in(FIRST_APPID, house.code(person)).session_token.reveal()
    return token


@pytest.mark.parametrize(
    "names", [["ming"] * 6, ["nobody"] * 6, ["ming", "MING", "ｍｉｎｇ", "mi ng", " ming", "míng"]]
)
def test_five_wrong_passwords_in_a_quarter_of_an_hour(make: MakeHouse, names: list[str]) -> None:
    """Known and unknown names alike, however spelt: the sixth is not tried, be it right; another name may be."""
    house = make()
    token = sign_in(house)
    for name in names[:5]:
        with pytest.raises(CredentialsInvalid):
            house.door.bind_by_password(token, name, "wrong")
    with pytest.raises(TooManyAttempts) as caught:
        house.door.bind_by_password(token, names[5], MEMBERS["ming"])
    house.door.bind_by_password(sign_in(house, "hong"), "hong", MEMBERS["hong"])
    house.advance(caught.value.retry_after.total_seconds())
    house.door.bind_by_password(sign_in(house), "ming", MEMBERS["ming"])


def test_right_passwords_do_not_count(make: MakeHouse) -> None:
    """Somebody who confirms twenty times by password is no attacker; step-up and binding share the count."""
    house = make()
    token = house.door.bind_by_password(sign_in(house), "ming", MEMBERS["ming"]).session_token.reveal()
    for _ in range(20):
        token = house.door.step_up_by_password(token, "ming", MEMBERS["ming"]).session_token.reveal()
    for _ in range(3):
        with pytest.raises(CredentialsInvalid):
            house.door.step_up_by_password(token, "ming", "wrong")
    for _ in range(2):
        with pytest.raises(CredentialsInvalid):
            house.door.bind_by_password(token, "ming", "wrong")
    with pytest.raises(TooManyAttempts):
        house.door.step_up_by_password(token, "ming", MEMBERS["ming"])


def test_a_name_is_not_guessed_by_many_persons(make: MakeHouse) -> None:
    """A hundred wrong passwords an hour for one name, over all openids; nobody is shut out for good."""
    house = make()
    for number in range(20):
        house.world.add_person(f"thief{number}")
        token = sign_in(house, f"thief{number}")
        for _ in range(5):
            with pytest.raises(CredentialsInvalid):
                house.door.bind_by_password(token, "ming", "wrong")
    with pytest.raises(VerifiedPhoneRequired):
        house.door.bind_by_password(sign_in(house), "ming", MEMBERS["ming"])
    house.advance(3661)
    house.door.bind_by_password(sign_in(house), "ming", MEMBERS["ming"])


def test_a_person_does_not_try_one_password_on_many_names(make: MakeHouse) -> None:
    """Thirty names with a popular password, then the person waits; others do not."""
    house = make()
    token = sign_in(house)
    for number in range(30):
        with pytest.raises(CredentialsInvalid):
            house.door.bind_by_password(token, f"member{number}", "123456")
    with pytest.raises(TooManyAttempts):
        house.door.bind_by_password(token, "member30", "123456")
    house.door.bind_by_password(sign_in(house, "hong"), "hong", MEMBERS["hong"])


def test_phone_codes_are_paid_for(make: MakeHouse) -> None:
    """Ten a minute of one person go to WeChat; the eleventh waits and is not spent."""
    house = make()
    token = sign_in(house)
    code = house.world.phone("ming").getPhoneNumber(tap=True)["code"]
    for _ in range(10):
        with pytest.raises(PhoneCodeInvalid):
            house.door.phone_by_code(token, "f" * 64)
    with pytest.raises(TooManyAttempts):
        house.door.phone_by_code(token, code)
    house.advance(61)
    house.door.phone_by_code(token, code)


def test_a_wechat_that_does_not_answer_is_left_alone(make: MakeHouse) -> None:
    """Ten failures in a row, and nothing is sent for five seconds; the code is not spent; one probe ends it."""
    house = make()
    code = house.code()
    house.world.fault(Fault(name="errcode", path=EXCHANGE, times=10, errcode=-1))
    for _ in range(3):
        with pytest.raises(WeChatBusy):
            house.door.sign_in(FIRST_APPID, code)
    with pytest.raises(HeldBack) as caught:
        house.door.sign_in(FIRST_APPID, code)
    asked = exchanges(house)
    assert asked == 10
    with pytest.raises(HeldBack):
        house.door.sign_in(FIRST_APPID, code)
    assert exchanges(house) == asked
    house.advance(caught.value.retry_after.total_seconds())
    house.door.sign_in(FIRST_APPID, code)
    house.door.sign_in(FIRST_APPID, house.code())


@pytest.mark.parametrize("errcode", [40029, 40163, 45011, 40125, 40013, 40226])
def test_no_answer_of_wechats_stops_the_others(make: MakeHouse, errcode: int, caplog: pytest.LogCaptureFixture) -> None:
    """Bad codes, a person's minute limit, a wrong configuration: fifty of them hold back nobody."""
    house = make()
    house.world.fault(Fault(name="errcode", path=EXCHANGE, times=50, errcode=errcode))
    with caplog.at_level(logging.ERROR, "menjin.limits"):
        for number in range(50):
            with pytest.raises(Exception, match=r".") as caught:
                house.door.sign_in(FIRST_APPID, f"0{number:031d}")
            assert not isinstance(caught.value, HeldBack)
    house.door.sign_in(FIRST_APPID, house.code())
    alerts = [record for record in caplog.records if "operator" in record.message]
    assert len(alerts) == (1 if errcode in {40125, 40013} else 0)


def test_a_used_up_day_is_not_asked_again_and_again(make: MakeHouse) -> None:
    """45009 holds that API till midnight in Beijing; logins go on; a probe after five minutes finds it open again."""
    house = make()
    token = sign_in(house)
    house.world.fault(Fault(name="errcode", path=PHONE, errcode=45009))
    code = house.world.phone("ming").getPhoneNumber(tap=True)["code"]
    for _ in range(3):
        with pytest.raises(QuotaExceeded) as caught:
            house.door.phone_by_code(token, code)
    assert caught.value.retry_after == timedelta(hours=8)  # it is 16:00 in Beijing
    assert sum(entry.path == PHONE for entry in house.world.journal.entries) == 1
    sign_in(house, "hong")
    house.advance(300)
    late = house.world.phone("ming").getPhoneNumber(tap=True)["code"]
    house.door.phone_by_code(token, late)
    house.door.phone_by_code(token, house.world.phone("ming").getPhoneNumber(tap=True)["code"])


def test_a_misconfigured_app_is_told_again_after_a_minute(make: MakeHouse, caplog: pytest.LogCaptureFixture) -> None:
    """One alert a minute names app and errcode, never the secret."""
    house = make()
    house.world.fault(Fault(name="errcode", path=EXCHANGE, times=None, errcode=40125))
    for _ in range(2):
        for _ in range(5):
            with pytest.raises(AppMisconfigured):
                house.door.sign_in(FIRST_APPID, house.code())
        house.advance(60)
    assert [record.levelname for record in caplog.records if "40125" in record.message] == ["ERROR", "ERROR"]
    assert FIRST_APPID in caplog.text


def test_a_stranger_cannot_learn_by_the_limit_that_a_name_exists(make: MakeHouse) -> None:
    """The answers to six wrong passwords are the same for a known and an unknown name."""
    told = []
    for name in ("ming", "nobody"):
        house = make()
        token, answers = sign_in(house), []
        for _ in range(6):
            with pytest.raises((CredentialsInvalid, TooManyAttempts)) as caught:
                house.door.bind_by_password(token, name, "wrong")
            answers.append((type(caught.value), getattr(caught.value, "retry_after", None)))
        told.append(answers)
    assert told[0] == told[1]


class SlowWeChat:
    """Carries requests once it is let go: until then every code is on its way."""

    def __init__(self, http: HttpPort) -> None:
        self._http = http
        self.go = asyncio.Event()
        self.sent = 0

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Wait for `go`."""
        self.sent += 1
        await self.go.wait()
        return await self._http.send(request)


def test_a_hundred_bad_codes_at_once_are_thirty_five_at_a_time(tmp_path: Path) -> None:
    """Of 100 at once 70 are refused at once: a code counts as bad till it is known to be good. Five go; 25 wait."""
    house = open_house("async", "memory", tmp_path)

    async def story() -> None:
        slow = SlowWeChat(house.parts.http)
        menjin = AsyncMenjin(replace(house.parts, http=slow))
        async with asyncio.TaskGroup() as group:
            codes = [f"0{number:031d}" for number in range(100)]
            tries = [group.create_task(outcome(menjin.sign_in(FIRST_APPID, code, address=HERE))) for code in codes]
            await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0)
            assert slow.sent == 5
            other = group.create_task(outcome(menjin.sign_in(FIRST_APPID, house.code(), address=ELSEWHERE)))
            await asyncio.sleep(0)
            assert slow.sent == 6
            slow.go.set()
        ended = [each.result() for each in tries]
        assert sum(isinstance(error, LoginCodeInvalid) for error in ended) == 30
        assert sum(isinstance(error, TooManyAttempts) for error in ended) == 70
        assert isinstance(other.result(), SignedIn)

    asyncio.run(story())
    house.door.close()


async def outcome(work: Awaitable[object]) -> object:
    """Return what came of it, or the error."""
    try:
        return await work
    except MenjinError as error:
        return error
