"""The access_token centre when the store, WeChat or time fails it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest

from menjin.apps import LEGACY, TokenMode
from menjin.errors import AppMisconfigured, HeldBack, StoreUnavailable, TimedOut
from support.doors import Colour
from support.token_desk import APPID, LEGACY_PATH, STABLE_PATH, Desk, Desks
from wxsim import Fault

PATHS: dict[TokenMode, str] = {"stable": STABLE_PATH, "legacy": LEGACY_PATH}
MODES: tuple[TokenMode, ...] = ("stable", "legacy")
both_modes = pytest.mark.parametrize("mode", MODES)


@pytest.fixture
def desks(colour: Colour) -> Iterator[Desks]:
    """Processes that share a WeChat, a store and a clock."""
    made = Desks(colour)
    yield made
    made.close()


@both_modes
def test_with_the_store_down_readers_keep_their_token(desks: Desks, mode: TokenMode) -> None:
    """For an hour: no call to WeChat, no error, the same token."""
    desk = desks.make(mode)
    token = desk.text()
    desk.store.down = True
    for _ in range(60):
        desk.advance(60)
        assert desk.text() == token
    assert desk.calls(PATHS[mode]) == 1


def test_with_the_store_down_a_stable_token_is_asked_for_every_30_s_at_most(desks: Desks) -> None:
    """Past its margin each process asks by itself: all get the same token from WeChat, and nobody hammers it."""
    made = [desks.make() for _ in range(3)]
    for desk in made:
        desk.get()
        desk.store.down = True
    made[0].world.fault(Fault(name="status", path=STABLE_PATH, times=9))
    made[0].advance(7200 - 100)
    for _ in range(90):
        for desk in made:
            assert desk.is_taken(desk.text())
        made[0].advance(1)
    assert made[0].calls(STABLE_PATH) <= 1 + 3 * 4
    assert len({desk.text() for desk in made}) == 1
    made[0].advance(60)
    assert len({desk.text() for desk in made}) == 1


def test_with_the_store_down_a_legacy_token_is_never_asked_for(desks: Desks) -> None:
    """Each call would kill the other processes' token: it is served to its end, and then there is none."""
    desk = desks.make(LEGACY)
    token = desk.text()
    desk.store.down = True
    desk.advance(7199)
    assert desk.text() == token
    desk.advance(1)
    with pytest.raises(StoreUnavailable):
        desk.get()
    assert desk.calls(LEGACY_PATH) == 1


def test_a_token_fetched_without_the_store_goes_into_it_when_it_is_back(desks: Desks) -> None:
    """Nobody calls WeChat once more, and the generation is one more for all."""
    desk, other = desks.make(), desks.make()
    desk.get()
    other.get()
    desk.store.down = True
    desk.advance(7000)
    desk.get()
    token = desk.text()
    assert desk.calls(STABLE_PATH) == 2
    desk.store.down = False
    desk.advance(4)
    assert desk.text() == token
    assert other.text() in {token, desk.text()}
    other.advance(4)
    assert (other.text(), other.get().generation) == (token, 2)
    assert desk.calls(STABLE_PATH) == 2


def test_a_cold_process_without_the_store_gets_a_stable_token(desks: Desks) -> None:
    """WeChat gives it the one in use; in legacy mode there is none."""
    warm, cold = desks.make(), desks.make()
    token = warm.text()
    cold.store.down = True
    assert cold.text() == token
    legacy = desks.make(LEGACY)
    legacy.store.down = True
    with pytest.raises(StoreUnavailable):
        legacy.get()


@both_modes
def test_a_result_the_store_did_not_take_is_brought_home_later(desks: Desks, mode: TokenMode) -> None:
    """The lease was taken, WeChat answered, then the store failed: the token is served, and saved when it is back."""
    desk, other = desks.make(mode), desks.make(mode)
    desk.store.fails_after = 2  # load, lease; the result is not saved
    token = desk.text()
    assert desk.is_taken(token)
    desk.store.fails_after = None
    desk.advance(4)
    assert desk.text() == token
    assert other.text() == token
    assert desk.calls(PATHS[mode]) == 1


@dataclass
class Freeze:
    """A process that sleeps between being told that its call may go and its going, while others are awake."""

    desk: Desk
    seconds: float
    meanwhile: Callable[[], object] = lambda: None

    def __call__(self) -> None:
        """Sleep, once."""
        self.desk.gate = lambda: None
        self.desk.advance(self.seconds)
        with ThreadPoolExecutor(1) as others:
            others.submit(self.meanwhile).result(10)


@both_modes
def test_a_holder_that_slept_through_its_lease_takes_nothing_back(desks: Desks, mode: TokenMode) -> None:
    """Another process took over and renewed: the sleeper's late answer is fenced, and every token served is good."""
    desk, other = desks.make(mode), desks.make(mode)
    desk.gate = Freeze(desk, 13, other.get)
    served = desk.text()
    assert served == other.text()
    for _ in range(20):
        assert desk.is_taken(desk.text())
        assert other.is_taken(other.text())
        desk.advance(100)
    outcomes = [renewal.outcome for renewal in desk.noted.renewals]
    assert outcomes[0] == "fenced"


def test_a_late_legacy_call_heals_within_the_overlap(desks: Desks) -> None:
    """The sleeper's call reached WeChat last and killed the other's token: it says so, and the token is replaced."""
    desk, other = desks.make(LEGACY), desks.make(LEGACY)
    desk.gate = Freeze(desk, 13, other.get)
    desk.get()
    for _ in range(10):
        desk.advance(4)
        assert desk.is_taken(desk.text())
        assert other.is_taken(other.text())
    desk.advance(400)  # both calls' overlaps are over
    assert desk.is_taken(desk.text())
    assert other.is_taken(other.text())
    assert desk.calls(LEGACY_PATH) == 3


@both_modes
def test_a_call_that_went_out_after_it_was_given_up_heals_too(desks: Desks, mode: TokenMode) -> None:
    """The sleeper found its time over and its call left all the same, last of all: every token served is good."""
    desk, other = desks.make(mode), desks.make(mode)
    desk.gate, desk.http.gives_up = Freeze(desk, 13, other.get), True
    with suppress(TimedOut):
        desk.get()
    desk.advance(4)
    for _ in range(100):
        assert desk.is_taken(desk.text())
        assert other.is_taken(other.text())
        desk.advance(5)
    assert desk.calls(PATHS[mode]) == (3 if mode == LEGACY else 2)


@both_modes
def test_nothing_is_sent_once_the_lease_is_old(desks: Desks, mode: TokenMode) -> None:
    """Between the lease and the call the process slept: the call does not go out, and the token is asked for anew."""
    desk = desks.make(mode)
    inner = desk.store.inner
    woken: list[object] = []

    class Sleepy:
        load = staticmethod(inner.load)

        @staticmethod
        async def swap(appid: object, seen: str | None, record: object) -> bool:
            taken = await inner.swap(APPID, seen, record)  # type: ignore[arg-type] # the store's own
            if not woken:
                woken.append(appid)
                desk.advance(8)
            return taken

    desk.store.inner = Sleepy()
    with pytest.raises(HeldBack):
        desk.get()
    assert desk.calls(PATHS[mode]) == 0
    desk.advance(4)
    assert desk.is_taken(desk.text())
    assert desk.calls(PATHS[mode]) == 1


def test_a_lost_legacy_answer_costs_the_old_token_its_later_life(desks: Desks) -> None:
    """WeChat may have made a new one: the old one is served for the overlap at most, and replaced before."""
    desk = desks.make(LEGACY)
    desk.get()
    desk.advance(1000)
    desk.world.fault(Fault(name="broken_json", path=LEGACY_PATH))
    with pytest.raises(Exception, match="answer"):
        desk.run(desk.tokens.renew(APPID))
    desk.advance(4)
    for _ in range(8):
        assert desk.is_taken(desk.text())
        desk.advance(60)
    assert desk.calls(LEGACY_PATH) == 3


@both_modes
def test_failed_calls_back_off_and_recover(desks: Desks, mode: TokenMode) -> None:
    """In an hour without WeChat about a call a minute, from four processes together; then a token at once."""
    made = [desks.make(mode) for _ in range(4)]
    made[0].world.fault(Fault(name="status", path=PATHS[mode], times=None))
    for _ in range(360):
        for desk in made:
            with pytest.raises((HeldBack, TimedOut, Exception)):
                desk.get()
        made[0].advance(10)
    assert 50 <= made[0].calls(PATHS[mode]) <= 70
    made[0].world.faults.remove()
    made[0].advance(60)
    assert made[0].is_taken(made[0].text())


def test_a_clock_that_was_turned_back_sends_nothing_on_an_old_lease(desks: Desks) -> None:
    """A lease is fresh by the wall clock and by the stopwatch, or it is not."""
    desk = desks.make()
    desk.get()
    desk.clock.advance(seconds=-3600)
    assert desk.text()
    assert desk.calls(STABLE_PATH) == 1
    assert timedelta(0) <= desk.get().expires_in(desk.clock.now())


def test_a_mended_configuration_is_tried_at_once_by_a_new_process(desks: Desks) -> None:
    """After a wrong app_secret calls pause for five minutes; a process started anew asks without waiting."""
    desk = desks.make()
    desk.world.fault(Fault(name="errcode", path=STABLE_PATH, errcode=40125, times=2))
    for _ in range(10):
        with pytest.raises(AppMisconfigured):
            desk.get()
        desk.advance(10)
    assert desk.calls(STABLE_PATH) == 1
    for _ in range(2):
        with pytest.raises(AppMisconfigured):
            desks.made[-1].get() if len(desks.made) > 1 else desks.make().get()
    assert desk.calls(STABLE_PATH) == 2
    assert desks.make().get().generation == 1
    desk.advance(300)
    assert desk.is_taken(desk.text())


@both_modes
def test_a_store_that_was_emptied_is_filled_again_without_a_call(desks: Desks, mode: TokenMode) -> None:
    """Redis restarted without its data: whoever holds the token puts it back, with its generation and its counts."""
    desk, other = desks.make(mode), desks.make(mode)
    token = desk.get()
    other.get()
    desks.store._records.clear()
    desk.advance(4)
    assert {desk.get(), other.get(), desks.make(mode).get()} == {token}
    assert desk.run(desk.tokens.status(APPID)).calls_today == 1
    assert desk.calls(PATHS[mode]) == 1


@both_modes
def test_a_store_that_lost_its_last_writes_is_mended(desks: Desks, mode: TokenMode) -> None:
    """A promoted replica holds the token before: the newer one takes its place, and nobody is served the older."""
    desk, other = desks.make(mode), desks.make(mode)
    desk.get()
    before = dict(desks.store._records)
    desk.advance(6961)
    desk.get()
    token = desk.get()
    assert token.generation == 2
    desks.store._records.update(before)
    desk.advance(4)
    assert {desk.get(), other.get()} == {token}
    assert desk.calls(PATHS[mode]) == 2


def test_an_old_token_never_displaces_a_newer_one(desks: Desks) -> None:
    """A process that was cut off and comes back takes the store's token, whatever its own was."""
    desk, other = desks.make(), desks.make()
    desk.get()
    other.get()
    desk.store.down = True
    new = other.run(other.tokens.renew(APPID, force=True))
    desk.advance(10)
    desk.get()
    desk.store.down = False
    desk.advance(4)
    assert (desk.get(), other.get()) == (new, new)
