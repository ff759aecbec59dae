"""What one person's live session may ask of WeChat and of the business: so much, and others go on. In both colours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from menjin import NO_LIMITS, Figures
from menjin.errors import TooManyAttempts
from support.town import SHOP, Town

MakeTown = Callable[..., Town]

PAID = "/wxa/getpaidunionid"


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
