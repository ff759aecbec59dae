"""Binding with sessions in Redis: what has ended with a change is committed with it, whatever becomes of Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from menjin import ByOpenId
from menjin.errors import BindingRequired, KickedOut, MenjinError, SessionExpired, SessionRotated, StoreUnavailable
from menjin.values import OpenId
from support.clock import ClockStopwatch, FakeClock
from support.doors import MEMBERS, Colour
from support.redis_rig import StillStopwatch, open_stores
from support.servers import RedisServer
from support.town import DESK, SHOP, Town, build_town

pytestmark = pytest.mark.servers
NUMBER = "13800138000"
MakeTown = Callable[..., Town]


@pytest.fixture
def make_redis_town(colour: Colour, redis: RedisServer, tmp_path: Path) -> Iterator[MakeTown]:
    """A function that builds a town whose sessions are in Redis; stores may be changed on the way."""
    towns: list[Town] = []

    def make(change: Callable[..., object] = lambda stores: stores) -> Town:
        clock = FakeClock()
        stores = open_stores(colour, redis.url, tmp_path, clock=clock, stopwatch=StillStopwatch())
        stopwatch = ClockStopwatch(clock)
        town = build_town(colour, "memory", tmp_path, stores=change(stores), clock=clock, stopwatch=stopwatch)  # type: ignore[arg-type] # stores
        towns.append(replace(town, clock=clock))
        return towns[-1]

    yield make
    for town in towns:
        town.door.close()


def test_a_binding_rotates_one_session_and_ends_the_others(make_redis_town: MakeTown) -> None:
    """As with one database: the caller's token rotates, the identity's other sessions end as expired."""
    town = make_redis_town()
    ming, tablet = (town.person("ming", DESK, NUMBER).sign_in() for _ in range(2))
    old = ming.token
    ming.do("bind_by_password", "ming", MEMBERS["ming"])
    ming.do("bind_by_phone", town.wechat.tap("ming", DESK))
    account = town.door.authenticate(ming.token).account
    assert (account.external_id, account.phone_masked) == ("ming", "+86 138****8000")
    for token, error in ((old, SessionRotated), (tablet.token, SessionExpired)):
        with pytest.raises(error):
            town.door.authenticate(token)
    assert ming.do("unbind").account is None
    assert town.door.authenticate(ming.token).account is None


class _GoneAfterCommit:
    """Redis, out of reach from the first write of a rotation on, until it is `back`; or to be listed from, too."""

    def __init__(self, inner: object) -> None:
        self._inner = inner
        self.is_gone = False
        self.gone = {"rotate", "end"}

    def __getattr__(self, name: str) -> object:
        if self.is_gone and name in self.gone:
            raise StoreUnavailable
        return getattr(self._inner, name)


def test_what_ended_stays_ended_if_redis_goes_away_after_the_commit(make_redis_town: MakeTown) -> None:
    """The parting is committed, Redis fails, and the other session is refused all the same."""
    town, broken = _breakable(make_redis_town)
    ming, tablet = (town.person("ming", SHOP).sign_in() for _ in range(2))
    ming.do("bind_by_password", "ming", MEMBERS["ming"])
    tablet.sign_in()
    broken.is_gone = True
    with pytest.raises(MenjinError):
        ming.do("unbind")
    broken.is_gone = False
    revocations = town.parts.stores.revocations
    town.door._settle(_step(town, revocations))
    with pytest.raises(SessionExpired):
        town.door.authenticate(tablet.token)


def test_an_operators_change_is_not_begun_without_redis(make_redis_town: MakeTown) -> None:
    """Sessions are listed first: without them nothing changes; the same call does it all once Redis is back."""
    town, broken = _breakable(make_redis_town)
    ming = town.person("ming", SHOP).sign_in()
    ming.do("bind_by_password", "ming", MEMBERS["ming"])
    reference = ByOpenId(SHOP, OpenId(ming.openid))
    broken.gone |= {"list_live"}
    for deed in (("unbind", reference), ("bind", reference, "other"), ("disable", reference), ("revoke", reference)):
        broken.is_gone = True
        with pytest.raises(StoreUnavailable):
            town.door.do("operator", *deed)
        broken.is_gone = False
        seen = town.door.do("operator", "show", reference)
        assert (seen.account.external_id, seen.account.disabled) == ("ming", False)
    assert town.door.authenticate(ming.token).account is not None
    assert town.door.do("operator", "unbind", reference).deed == "unbound"
    with pytest.raises(SessionExpired):
        town.door.authenticate(ming.token)


@pytest.mark.parametrize(
    ("deed", "error"), [("unbind", SessionExpired), ("move", SessionExpired), ("revoke", KickedOut)]
)
def test_an_operators_ends_are_committed_with_the_change(
    make_redis_town: MakeTown, deed: str, error: type[MenjinError]
) -> None:
    """Redis goes away after the listing: every session that was listed is refused all the same."""
    town, broken = _breakable(make_redis_town)
    phones = [town.person("ming", SHOP).sign_in() for _ in range(2)]
    phones[0].do("bind_by_password", "ming", MEMBERS["ming"])
    phones[1].sign_in()
    reference = ByOpenId(SHOP, OpenId(phones[0].openid))
    broken.is_gone = True
    words = ("bind", reference, "hong") if deed == "move" else (deed, reference)
    more: dict[str, Any] = {"move": True} if deed == "move" else {}
    with pytest.raises(StoreUnavailable):
        town.door.do("operator", *words, **more)
    broken.is_gone = False
    town.door._settle(_step(town, town.parts.stores.revocations))
    for phone in phones:
        with pytest.raises(error):
            town.door.authenticate(phone.token)


def test_a_repetition_ends_sessions_that_are_left_over(make_redis_town: MakeTown) -> None:
    """Bound or parted already, sessions that say otherwise end; once none does, `bind` is `kept`, `unbind` refused."""
    town = make_redis_town()
    ming = town.person("ming", SHOP).sign_in()
    reference = ByOpenId(SHOP, OpenId(ming.openid))
    accounts = town.parts.stores.accounts

    async def attach(account_id: object) -> None:
        async with accounts.transaction() as work:
            identity = await work.find_identity(SHOP.appid, reference.openid)
            assert identity is not None
            if account_id is None:
                await work.detach_identity(identity.identity_id, town.clock.now())
            else:
                await work.put_account_of_identity(identity.identity_id, account_id)  # type: ignore[arg-type] # an id

    def says(deed: str, *words: str) -> str:
        return str(town.door.do("operator", deed, reference, *words).deed)

    hong = town.person("hong", SHOP).sign_in()
    hong.do("bind_by_password", "hong", MEMBERS["hong"])
    town.door.run(attach(hong.account_id))  # as if by a call that did not get further
    assert says("bind", "hong") == "kept"
    with pytest.raises(SessionExpired):
        town.door.authenticate(ming.token)
    assert town.door.authenticate(hong.token).account is not None
    ming.sign_in()
    town.door.run(attach(None))
    assert says("unbind") == "kept"
    with pytest.raises(SessionExpired):
        town.door.authenticate(ming.token)
    with pytest.raises(BindingRequired):
        says("unbind")


def _breakable(make_redis_town: MakeTown) -> tuple[Town, _GoneAfterCommit]:
    broken: list[_GoneAfterCommit] = []

    def break_sessions(stores: object) -> object:
        broken.append(_GoneAfterCommit(stores.sessions))  # type: ignore[attr-defined] # the stores'
        return replace(stores, sessions=broken[0])  # type: ignore[type-var] # a dataclass

    return make_redis_town(break_sessions), broken[0]


def _step(town: Town, revocations: object) -> object:
    """Follow the log once, in the town's colour."""
    from menjin.bridge import drive  # noqa: PLC0415 - one colour only

    step = revocations.step()  # type: ignore[attr-defined] # the followed log's
    return step if town.door._runner is not None else drive(step)
