"""The library on Redis: policies, listing, binding, in both colours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from menjin.clock import SystemRandomness
from menjin.errors import KickedOut, Replaced, SessionExpired, SessionInvalid, SessionRotated, SignedOut
from menjin.login.results import SignedIn
from menjin.sessions.flow import Sessions
from menjin.sessions.model import Device
from stores.conftest import MakeRedisHouse
from support.clock import FakeClock
from support.doors import APP, BOUND_APP, MEMBERS, Colour, House
from support.redis_rig import Runner, StillStopwatch, make_session, open_stores
from support.servers import RedisServer
from wxsim import FIRST_APPID

pytestmark = pytest.mark.servers


def sign_in(house: House, device: str = "") -> SignedIn:
    """Sign ming in, a second after whoever came before."""
    house.advance(1)
    found: SignedIn = house.door.sign_in(FIRST_APPID, house.code(), Device(device * 32, device) if device else None)
    return found


def is_alive(house: House, signed_in: SignedIn) -> bool:
    """Whether a session_token is accepted; if not, it must have been replaced."""
    try:
        house.door.authenticate(signed_in.session_token.reveal())
    except Replaced:
        return False
    return True


def test_a_single_session_replaces_the_former(make_redis_house: MakeRedisHouse) -> None:
    """With devices = single the newest login stays."""
    house = make_redis_house(replace(APP, devices="single"))
    logins = [sign_in(house) for _ in range(3)]
    assert [is_alive(house, one) for one in logins] == [False, False, True]


def test_one_session_a_device(make_redis_house: MakeRedisHouse) -> None:
    """With one_per_device a device's former session gives way, another device's stays."""
    house = make_redis_house(replace(APP, devices="one_per_device"))
    logins = [sign_in(house, device) for device in ("a", "b", "a")]
    assert [is_alive(house, one) for one in logins] == [False, True, True]


def test_the_oldest_beyond_max_sessions_gives_way(make_redis_house: MakeRedisHouse) -> None:
    """Three may live; the fourth login replaces the oldest."""
    house = make_redis_house(replace(APP, max_sessions=3))
    logins = [sign_in(house) for _ in range(5)]
    assert [is_alive(house, one) for one in logins] == [False, False, True, True, True]


def test_a_life_on_redis(make_redis_house: MakeRedisHouse) -> None:
    """Sign in, use, bind with a new token, sign out: each end is told apart."""
    house = make_redis_house(BOUND_APP)
    elsewhere, here = sign_in(house), sign_in(house)
    bound = house.door.bind_by_password(here.session_token.reveal(), "ming", MEMBERS["ming"])
    with pytest.raises(SessionRotated):
        house.door.authenticate(here.session_token.reveal())
    with pytest.raises(SessionExpired):
        house.door.authenticate(elsewhere.session_token.reveal())
    house.advance(60)
    with pytest.raises(SessionInvalid):
        house.door.authenticate(here.session_token.reveal())
    token = bound.session_token.reveal()
    assert house.door.authenticate(token).account == bound.account
    house.door.sign_out(token)
    house.door.sign_out(token)
    with pytest.raises(SignedOut):
        house.door.authenticate(token)


def test_idle_and_absolute_ends_on_redis(make_redis_house: MakeRedisHouse) -> None:
    """Used daily a session lives for thirty days, unused for seven it is over, and both are told as expired."""
    house = make_redis_house()
    used, idle = sign_in(house), sign_in(house)
    for _ in range(29):
        house.advance(86400)
        house.door.authenticate(used.session_token.reveal())
    house.advance(86400)
    for one in (used, idle):
        with pytest.raises(SessionExpired):
            house.door.authenticate(one.session_token.reveal())


def test_the_device_list_and_its_ends(colour: Colour, redis: RedisServer, tmp_path: Path, run: Runner) -> None:
    """The flows list an identity's sessions and end one or all others; the caller's stays."""
    clock = FakeClock()
    stores = open_stores(colour, redis.url, tmp_path, clock=clock, stopwatch=StillStopwatch())
    sessions = Sessions(stores.sessions, stores.revocations, clock, SystemRandomness())
    run(stores.prepare())
    subject = make_session()[0].subject
    logins = []
    for device in ("a", "b", "c"):
        clock.advance(seconds=1)
        logins.append(run(sessions.issue(APP, subject, Device(device * 32, device))))
    kept, second, third = logins
    assert run(sessions.list_live(kept.session)) == (third.session, second.session, kept.session)
    run(sessions.end(second.session, "kicked_out"))
    with pytest.raises(KickedOut):
        run(sessions.authenticate(second.session_token))
    run(sessions.authenticate(third.session_token))
    assert run(sessions.end_others(kept.session, "kicked_out")) == 1
    with pytest.raises(KickedOut):
        run(sessions.authenticate(third.session_token))
    assert run(sessions.authenticate(kept.session_token)) == kept.session
    run(stores.close())
