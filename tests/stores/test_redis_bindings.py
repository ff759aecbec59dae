"""Binding with sessions in Redis: what has ended with a change is committed with it, whatever becomes of Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from menjin.errors import MenjinError, SessionExpired, SessionRotated, StoreUnavailable
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
    """Redis, out of reach from the first write of a rotation on, until it is `back`."""

    def __init__(self, inner: object) -> None:
        self._inner = inner
        self.is_gone = False

    def __getattr__(self, name: str) -> object:
        if self.is_gone and name in {"rotate", "end"}:
            raise StoreUnavailable
        return getattr(self._inner, name)


def test_what_ended_stays_ended_if_redis_goes_away_after_the_commit(make_redis_town: MakeTown) -> None:
    """The parting is committed, Redis fails, and the other session is refused all the same."""
    broken: list[_GoneAfterCommit] = []

    def break_sessions(stores: object) -> object:
        broken.append(_GoneAfterCommit(stores.sessions))  # type: ignore[attr-defined] # the stores'
        return replace(stores, sessions=broken[0])  # type: ignore[type-var] # a dataclass

    town = make_redis_town(break_sessions)
    ming, tablet = (town.person("ming", SHOP).sign_in() for _ in range(2))
    ming.do("bind_by_password", "ming", MEMBERS["ming"])
    tablet.sign_in()
    broken[0].is_gone = True
    with pytest.raises(MenjinError):
        ming.do("unbind")
    broken[0].is_gone = False
    revocations = town.parts.stores.revocations
    town.door._settle(_step(town, revocations))
    with pytest.raises(SessionExpired):
        town.door.authenticate(tablet.token)


def _step(town: Town, revocations: object) -> object:
    """Follow the log once, in the town's colour."""
    from menjin.bridge import drive  # noqa: PLC0415 - one colour only

    step = revocations.step()  # type: ignore[attr-defined] # the followed log's
    return step if town.door._runner is not None else drive(step)
