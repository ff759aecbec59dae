"""A unionid that comes late, by whichever way, leads to one account; one that could be forged leads nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from menjin.binding_errors import PaymentUnknown
from menjin.errors import RequestInvalid, SessionExpired
from support.doors import Storage
from support.sealing import seal_payload
from support.town import ABROAD, DESK, MALL, SHOP, Person, Town

MakeTown = Callable[..., Town]


def user_info(person: Person, unionid: str) -> tuple[str, str]:
    """Return user info in which WeChat, or a forger, names a unionid beside the person's openid."""
    stamp = {"timestamp": int(person.town.clock.now().timestamp()), "appid": person.app.appid}
    texts = dict.fromkeys(("nickName", "language", "city", "province", "country", "avatarUrl"), "x")
    payload = {"openId": person.openid, **texts, "gender": 0, "unionId": unionid, "watermark": stamp}
    return seal_payload(payload).texts()


def test_a_late_open_platform_joins_what_is_one_person(make_town: MakeTown) -> None:
    """Bound to an Open Platform account after a first login, an app's people are known in its sisters then."""
    town = make_town(platforms=False)
    first = town.person("ming").sign_in().account_id
    town.wechat.platforms = {SHOP.appid: "one", DESK.appid: "one"}
    assert town.person("ming").sign_in().account_id == first
    assert town.person("ming", DESK).sign_in().account_id == first


def test_a_unionid_noted_before_the_configuration_knew_counts(make_town: MakeTown, storage: Storage) -> None:
    """WeChat said the unionid while the configuration named no Open Platform account; once it does, it leads on."""
    lonely = replace(SHOP, open_platform=None)
    town = make_town((lonely, DESK))
    town.wechat.platforms[SHOP.appid] = "one"
    first = town.person("ming", lonely).sign_in().account_id
    assert town.person("ming", DESK).sign_in().account_id is None
    kept = town.parts.stores if storage == "memory" else None
    later = make_town((SHOP, DESK), stores=kept, randomness=town.parts.randomness)
    assert later.person("ming", DESK).sign_in().account_id == first


def test_an_app_that_moves_keeps_its_people(town: Town) -> None:
    """At another Open Platform account everybody has another unionid: the openid finds them, the new one is noted."""
    first = town.person("ming").sign_in().account_id
    town.wechat.platforms[SHOP.appid] = "elsewhere"
    moved = town.person("ming").sign_in()
    assert moved.account_id == first
    assert town.door.authenticate(moved.token).session.subject.unionid == town.wechat.unionid("ming", SHOP)
    assert town.person("ming", MALL).sign_in().account_id == first


def test_two_accounts_of_one_person_are_a_conflict_and_stay(make_town: MakeTown) -> None:
    """Both were made before WeChat knew that they are one person: each keeps its own, and a listener hears of it."""
    town = make_town(platforms=False)
    ids = [town.person("ming", app).sign_in().account_id for app in (SHOP, MALL)]
    town.wechat.platforms = {SHOP.appid: "one", MALL.appid: "one"}
    assert [town.person("ming", app).sign_in().account_id for app in (SHOP, MALL)] == ids
    assert "unionid_conflict" in town.heard.names()


def test_a_payment_tells_the_unionid(make_town: MakeTown) -> None:
    """Asked after a payment, WeChat's word binds the identity to the account that has the unionid."""
    town = make_town(platforms=False)
    town.wechat.platforms[SHOP.appid] = "one"
    known = town.person("ming").sign_in().account_id
    ming = town.person("ming", DESK).sign_in()
    assert ming.account_id is None
    town.wechat.unionids[DESK.appid, "ming"] = town.wechat.unionid("ming", SHOP) or ""
    town.wechat.paid["42001"] = (DESK.appid, "ming")
    assert ming.do("record_paid_unionid", transaction_id="42001") is True
    with pytest.raises(SessionExpired):
        town.door.authenticate(ming.token)
    town.wechat.unionids.clear()
    assert ming.sign_in().account_id == known
    assert town.heard.names().count("unionid_recorded") == 1


def test_a_payment_not_known_yet_is_asked_for_again(town: Town) -> None:
    """Its notice may be faster than WeChat's own books: asked three times, then payment_unknown, to retry."""
    ming = town.person("ming").sign_in()
    with pytest.raises(PaymentUnknown) as caught:
        ming.do("record_paid_unionid", mch_id="1900000109", out_trade_no="1")
    assert town.wechat.asked.count("/wxa/getpaidunionid") == 3
    assert (caught.value.action, caught.value.retry_after.total_seconds()) == ("retry", 5)
    town.wechat.paid["42001"] = (SHOP.appid, "ming")
    hong = town.person("hong").sign_in()
    assert hong.code_of("record_paid_unionid", transaction_id="42001") == "payment_unknown"


def test_the_business_tells_a_unionid(make_town: MakeTown) -> None:
    """`accounts.record_unionid` takes an identity, known or not yet, to the account of its unionid."""
    town = make_town(platforms=False)
    town.wechat.platforms[SHOP.appid] = "one"
    shop = town.person("ming").sign_in()
    unionid = town.wechat.unionid("ming", SHOP) or ""
    desk, mall = town.person("ming", DESK).sign_in(), town.person("ming", MALL)
    record = town.door._menjin.accounts.record_unionid
    for person, name in ((desk, DESK.alias), (mall, MALL.appid)):
        resolved = town.door._settle(record(name, person.openid, unionid))
        assert (resolved.conflict, resolved.account.account_id) == (False, shop.account_id)
    with pytest.raises(SessionExpired):
        town.door.authenticate(desk.token)
    assert desk.sign_in().account_id == mall.sign_in().account_id == shop.account_id
    hong = town.person("hong").sign_in()
    assert town.door._settle(record("shop", hong.openid, unionid)).conflict
    assert hong.sign_in().account_id != shop.account_id
    for bad in (("nowhere", hong.openid, unionid), ("shop", "x", unionid), ("shop", hong.openid, unionid + " ")):
        with pytest.raises(RequestInvalid):
            town.door._settle(record(*bad))


def test_a_forged_unionid_is_a_trojan_that_opens_nothing(make_town: MakeTown) -> None:
    """Noted from user data before its owner's first login, a unionid does not lead them into the forger's account."""
    town = make_town(platforms=False)
    thief = town.person("thief").sign_in()
    town.wechat.platforms[MALL.appid] = "one"
    owned = town.wechat.unionid("ming", MALL) or ""
    thief.do("open_user_info", encrypted=user_info(thief, owned))
    assert town.door.authenticate(thief.sign_in().token).session.subject.unionid == owned
    ming = town.person("ming", MALL).sign_in()
    assert ming.account_id != thief.account_id
    assert town.person("ming", DESK).sign_in().account_id is None


def test_what_wechat_said_is_not_overwritten_by_a_ciphertext(town: Town) -> None:
    """User data with another unionid than WeChat's own word changes nothing."""
    ming = town.person("ming").sign_in()
    ming.do("open_user_info", encrypted=user_info(ming, "u" * 28))
    assert ming.sign_in().account_id == town.person("ming", DESK).sign_in().account_id


def test_realms_and_platforms_do_not_mix(town: Town) -> None:
    """The same unionid under another Open Platform account, or in another realm, is nobody's."""
    ming = town.person("ming").sign_in()
    town.wechat.unionids[ABROAD.appid, "ming"] = town.wechat.unionid("ming", SHOP) or ""
    there = town.person("ming", ABROAD).sign_in()
    assert there.account_id not in {None, ming.account_id}
