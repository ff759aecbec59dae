"""What one person's live session may ask of WeChat and of the business: so much, and others go on. In both colours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from menjin import NO_LIMITS, Figures, Secret
from menjin.accounts.directory import Member
from menjin.errors import TooManyAttempts
from support.town import SHOP, Town

MakeTown = Callable[..., Town]

PAID, CHECK = "/wxa/getpaidunionid", "/wxa/business/checkencryptedmsg"


def ask_for_payments(town: Town, times: int) -> set[str]:
    """Have somebody ask for as many payments that nobody made; return what came of it."""
    ming = town.person("ming").sign_in()
    return {ming.code_of("record_paid_unionid", transaction_id=str(number)) for number in range(times)}


def test_unknown_payments_do_not_use_up_the_apps_day(town: Town) -> None:
    """Twenty an hour, three calls each; the next is refused before WeChat is asked, another person's is not.

    A payment that was made counts as well: whoever has one could have it asked for again and again.
    """
    assert ask_for_payments(town, 20) == {"payment_unknown"}
    assert town.wechat.asked.count(PAID) == 60
    ming, hong = town.person("ming").sign_in(), town.person("hong").sign_in()
    town.wechat.paid.update({"42001": (SHOP.appid, "ming"), "42002": (SHOP.appid, "hong")})
    with pytest.raises(TooManyAttempts) as caught:
        ming.do("record_paid_unionid", transaction_id="42001")
    assert timedelta(0) < caught.value.retry_after <= timedelta(seconds=3660)
    assert town.wechat.asked.count(PAID) == 60
    assert [hong.code_of("record_paid_unionid", transaction_id="42002") for _ in range(21)].count("ok") == 20
    town.clock.advance(seconds=caught.value.retry_after.total_seconds())
    assert ming.do("record_paid_unionid", transaction_id="42001") is True


def test_control_without_the_limit_every_unknown_payment_is_asked_for(make_town: MakeTown) -> None:
    """CONTROL: with the figures off a hundred requests are three hundred calls."""
    town = make_town(figures=NO_LIMITS)
    assert ask_for_payments(town, 100) == {"payment_unknown"}
    assert town.wechat.asked.count(PAID) == 300


def test_the_figure_of_payments_is_a_setting() -> None:
    """Twenty an hour unless somebody says otherwise."""
    rate = Figures().payments_per_openid
    assert (rate.most, rate.window) == (20, timedelta(hours=1))


class CountingDirectory:
    """Counts how often it is asked for a number."""

    def __init__(self) -> None:
        self.asked = 0

    async def verify_password(self, username: str, password: Secret) -> Member | None:  # noqa: ARG002 - the port's
        """Return nobody."""
        return None

    async def find_by_phone(self, phone_number: str) -> Member | None:  # noqa: ARG002 - the port's
        """Return nobody."""
        self.asked += 1
        return None


def replay_ciphertext(town: Town, times: int) -> list[str]:
    """Have somebody bind by one ciphertext again and again; return what came of it."""
    ming = town.person("ming", number="13800138000").sign_in()
    encrypted = ming.seal_phone(genuine=True)
    return [ming.code_of("bind_by_phone", encrypted=encrypted) for _ in range(times)]


def repeat_number(town: Town, times: int) -> list[str]:
    """Have somebody bind by the number verified just before, again and again; return what came of it."""
    hong = town.person("hong", number="13900139000").sign_in()
    hong.bind_phone()
    return [hong.code_of("bind_by_phone") for _ in range(times)]


def test_one_ciphertext_is_not_asked_about_without_end(make_town: MakeTown) -> None:
    """Replayed, it costs a call to WeChat and one to the directory each time: twenty a minute, then neither is asked.

    A phone_code goes by its own count, another person by theirs, and a minute later it may be tried again.
    """
    directory = CountingDirectory()
    town = make_town(directory=directory)
    answers = replay_ciphertext(town, 30)
    assert (answers.count("ok"), answers.count("too_many_attempts")) == (20, 10)
    assert (town.wechat.asked.count(CHECK), directory.asked) == (20, 20)
    ming, hong = town.person("ming").sign_in(), town.person("hong", number="13900139000").sign_in()
    ming.bind_phone()
    assert hong.code_of("bind_by_phone", encrypted=hong.seal_phone(genuine=True)) == "ok"
    town.clock.advance(seconds=61)
    assert ming.code_of("bind_by_phone") == "ok"


def test_a_verified_number_is_not_looked_up_without_end(make_town: MakeTown) -> None:
    """Without a code the directory is asked twenty times a minute at most; made-up tickets are counted beside them."""
    directory = CountingDirectory()
    town = make_town(directory=directory)
    answers = repeat_number(town, 30)
    assert (answers.count("ok"), answers.count("too_many_attempts")) == (20, 10)
    assert directory.asked == 1 + 20
    ming = town.person("ming").sign_in()
    tickets = [ming.code_of("bind_by_phone", bind_ticket="mjb_" + "A" * 32) for _ in range(21)]
    assert tickets == ["bind_ticket_invalid"] * 20 + ["too_many_attempts"]


def test_control_without_the_limit_every_repetition_is_a_call(make_town: MakeTown) -> None:
    """CONTROL: with the figures off WeChat and the directory are asked each time."""
    directory = CountingDirectory()
    town = make_town(directory=directory, figures=NO_LIMITS)
    assert set(replay_ciphertext(town, 30) + repeat_number(town, 30)) == {"ok"}
    assert (town.wechat.asked.count(CHECK), directory.asked) == (30, 61)


def rotate_on_and_on(town: Town, times: int) -> list[str]:
    """Have somebody rotate their session again and again; return what came of it."""
    ming = town.person("ming").sign_in()
    return [ming.code_of("rotate") for _ in range(times)]


def test_a_session_does_not_rotate_without_end(town: Town) -> None:
    """Sixty times a minute, whichever of their sessions it is; the session lives, and rotates again a minute later."""
    answers = rotate_on_and_on(town, 70)
    assert answers == ["ok"] * 60 + ["too_many_attempts"] * 10
    ming, hong = town.person("ming").sign_in(), town.person("hong").sign_in()
    assert (ming.code_of("rotate"), hong.code_of("rotate")) == ("too_many_attempts", "ok")
    town.door.authenticate(ming.token)
    town.clock.advance(seconds=61)
    assert ming.code_of("rotate") == "ok"


def test_control_without_the_limit_a_session_rotates_on_and_on(make_town: MakeTown) -> None:
    """CONTROL: with the figures off there is no end to it."""
    assert rotate_on_and_on(make_town(figures=NO_LIMITS), 70) == ["ok"] * 70
