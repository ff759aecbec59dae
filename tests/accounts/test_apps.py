"""Several mini programs: aliases, tenants, and nothing of one app's that works at another's door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from menjin import Apps
from menjin.errors import ConfigurationError, LoginCodeInvalid, RequestInvalid
from menjin.login.beside import Beside, CloudIdentity
from menjin.values import OpenId, UnionId
from support.doors import MEMBERS
from support.town import ABROAD, DESK, MALL, SHOP, Town, openid_of

MakeTown = Callable[..., Town]
NUMBER = "13800138000"


def test_an_alias_is_as_good_as_the_appid(town: Town) -> None:
    """The app's own name leads to it; it is the appid that sessions and events carry."""
    done = town.door.sign_in("desk", town.wechat.code("ming", DESK))
    assert done.session.subject.appid == DESK.appid
    with pytest.raises(RequestInvalid):
        town.door.sign_in("Desk", town.wechat.code("ming", DESK))


@pytest.mark.parametrize("alias", ["shop", SHOP.appid, "wx5400000000000009", "WX5400000000000001"])
def test_an_alias_is_nobody_elses_name(alias: str) -> None:
    """Neither another app's alias, nor anything like an appid."""
    with pytest.raises(ConfigurationError):
        Apps((SHOP, replace(DESK, alias=alias)))


def test_a_tenant_is_kept_in_session_principal_and_events(make_town: MakeTown) -> None:
    """A login may name a tenant of the app's list; it stays through rotation and binding, and events say it."""
    town = make_town((replace(SHOP, tenants=frozenset({"hotel-1", "酒店"})), DESK))
    ming = town.person("ming", number=NUMBER).sign_in(beside=Beside(tenant="酒店"))
    ming.do("rotate")
    ming.bind_phone()
    assert town.door.authenticate(ming.token).session.subject.tenant == "酒店"
    assert {event.tenant for event in town.heard.events} == {"酒店"}
    for app, tenant in ((SHOP, "hotel-2"), (SHOP, ""), (SHOP, "Hotel-1"), (DESK, "hotel-1")):
        with pytest.raises(RequestInvalid):
            town.person("ming", app).sign_in(beside=Beside(tenant=tenant))


def test_a_code_is_good_at_its_own_apps_door_only(town: Town) -> None:
    """A login_code or phone_code of one app is worth nothing in another."""
    with pytest.raises(LoginCodeInvalid):
        town.door.sign_in(DESK.appid, town.wechat.code("ming", SHOP))
    ming = town.person("ming", number=NUMBER).sign_in()
    elsewhere = town.person("ming", MALL).sign_in()
    code = town.wechat.tap("ming", MALL)
    assert ming.code_of("bind_by_phone", code) == "phone_code_invalid"
    assert ming.code_of("step_up_by_login_code", town.wechat.code("ming", MALL)) == "login_code_invalid"
    assert elsewhere.code_of("step_up_by_login_code", town.wechat.code("ming", MALL)) == "ok"


def test_open_data_of_another_app_does_not_open(town: Town) -> None:
    """A ciphertext made in one app, even under the same key, is refused by its watermark in the other."""
    shop, mall = town.person("ming", number=NUMBER).sign_in(), town.person("ming", MALL).sign_in()
    made = mall.seal_phone(genuine=True)
    assert shop.code_of("bind_by_phone", encrypted=made) == "stale_session_key"
    assert mall.code_of("bind_by_phone", encrypted=made) == "ok"


def test_a_ticket_of_another_apps_session_is_nobodys(town: Town) -> None:
    """The same person's two sessions in two apps do not share tickets or verified numbers."""
    town.person("hong", number=NUMBER).sign_in().bind_phone()
    hong = town.person("hong").sign_in()
    hong.do("bind_by_password", "ming", MEMBERS["ming"])
    ming, abroad = town.person("ming", SHOP, NUMBER).sign_in(), town.person("ming", ABROAD).sign_in()
    ticket = ming.refused("bind_by_phone", town.wechat.tap("ming", SHOP)).bind_ticket
    assert ticket is not None
    code = abroad.code_of("bind_by_password", "ming", MEMBERS["ming"], bind_ticket=ticket.reveal())
    assert code == "bind_ticket_invalid"
    assert abroad.code_of("bind_by_phone") == "verified_phone_required"


def test_each_app_has_its_own_policy(town: Town) -> None:
    """The open app makes an account, the bound one finds it by unionid, the one abroad shares nothing with them."""
    desk = town.person("ming", DESK).sign_in()
    assert desk.account_id is None
    shop = town.person("ming").sign_in()
    assert desk.sign_in().account_id == shop.account_id
    assert town.person("ming", ABROAD).sign_in().account_id not in {None, shop.account_id}


def test_a_gateways_word_adds_a_unionid_and_nothing_else(make_town: MakeTown) -> None:
    """It counts for the person whom the login_code names; for another openid, or another app, it is dropped."""
    town = make_town(platforms=False)
    town.wechat.platforms[SHOP.appid] = "one"
    shop = town.person("ming").sign_in()
    unionid = UnionId(town.wechat.unionid("ming", SHOP) or "")

    def word(name: str, app: object = DESK) -> Beside:
        assert app in {DESK, MALL}
        where = DESK if app is DESK else MALL
        return Beside(cloud=CloudIdentity(where.appid, OpenId(openid_of(name, where)), unionid))

    assert town.person("hong", DESK).sign_in(beside=word("ming")).account_id is None
    assert town.person("ming", DESK).sign_in(beside=word("ming", MALL)).account_id is None
    assert town.person("ming", DESK).sign_in(beside=word("ming")).account_id == shop.account_id
