"""The access_token centre, as one process and several see it: reading, renewing, reporting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from menjin import ReportOutcome, Secret
from menjin.access_tokens.flow import AccessTokens
from menjin.access_tokens.model import Lease, Record, State
from menjin.adapters.memory_tokens import MemoryTokens
from menjin.apps import LEGACY, TokenMode
from menjin.bridge import drive
from menjin.errors import AppMisconfigured, HeldBack, QuotaExceeded, RequestInvalid
from support.doors import Colour
from support.token_centre import NoLease
from support.token_desk import APPID, CHECK_PATH, LEGACY_PATH, OTHER, STABLE_PATH, Desks
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
def test_one_fetch_serves_every_process(desks: Desks, mode: TokenMode) -> None:
    """Ten processes read a hundred times each: WeChat is asked once, and all hold the same generation."""
    found = {desk.get() for desk in [desks.make(mode) for _ in range(10)] for _ in range(100)}
    assert len(found) == 1
    assert found.pop().generation == 1
    assert desks.made[0].calls(PATHS[mode]) == 1


@both_modes
def test_a_token_is_renewed_once_by_whoever_comes_first(desks: Desks, mode: TokenMode) -> None:
    """240 s before its end one process renews, all serve a good token throughout, and the generation goes up."""
    made = [desks.make(mode) for _ in range(5)]
    old = {desk.text() for desk in made}
    made[0].advance(6961)
    for _ in range(3):
        assert all(desk.is_taken(desk.text()) for desk in made)
        made[0].advance(2)
    new = {desk.text() for desk in made}
    assert len(new) == 1
    assert new.isdisjoint(old)
    assert made[0].get().generation == 2
    assert made[0].calls(PATHS[mode]) == 2


@both_modes
def test_readers_do_not_wait_for_a_renewal(desks: Desks, mode: TokenMode) -> None:
    """A reader of a due token is served the old one though WeChat does not answer; nobody paused."""
    desk = desks.make(mode)
    old = desk.text()
    desk.advance(6961)
    desk.world.fault(Fault(name="status", path=PATHS[mode], times=None))
    assert [desk.text() for _ in range(5)] == [old] * 5
    assert desk.pause.lengths == []


def test_the_background_renews_what_is_in_use_only(desks: Desks) -> None:
    """`step` renews the token somebody read in the last two hours, and fetches none that nobody asked for."""
    desk = desks.make()
    desk.run(desk.tokens.step())
    assert desk.calls(STABLE_PATH) == 0
    desk.get()
    desk.advance(6961)
    desk.run(desk.tokens.step())
    assert desk.calls(STABLE_PATH) == 2
    desk.advance(7200)
    desk.run(desk.tokens.step())
    assert desk.calls(STABLE_PATH) == 2


@both_modes
def test_twenty_cold_readers_of_one_process_are_one_fetch(desks: Desks, mode: TokenMode) -> None:
    """Threads or tasks that come while there is no token wait for the one that fetches."""
    desk = desks.make(mode)
    found = desk.at_once(lambda: desk.tokens.get(APPID), 20)
    assert len({token.value for token in found}) == 1
    assert desk.calls(PATHS[mode]) == 1


def test_two_apps_have_two_tokens(desks: Desks) -> None:
    """Each has its own, and a report about one leaves the other alone."""
    desk = desks.make()
    first, second = desk.text(), desk.text(OTHER.appid)
    assert first != second
    assert desk.report(second) == "NOT_CURRENT"
    assert desk.text(OTHER.appid) == second
    with pytest.raises(RequestInvalid):
        desk.get("wx0123456789abcdef")


def test_the_wait_for_a_holder_that_hangs_is_bounded(desks: Desks) -> None:
    """A cold reader looks again for three seconds, then is told to come back; no second call goes out."""
    desk = desks.make()
    lease = Lease("cold", desk.clock.now(), desk.clock.now() + timedelta(seconds=10))
    desk.run(desks.store.swap(APPID, None, Record("somebody's", "stable", lease=lease)))
    with pytest.raises(HeldBack):
        desk.get()
    assert sum(desk.pause.lengths, timedelta(0)) <= timedelta(seconds=3)
    assert desk.calls(STABLE_PATH) == 0
    assert desk.noted.waits == [False]
    desk.advance(12)
    assert desk.is_taken(desk.text())


def test_reports_of_an_old_token_do_nothing(desks: Desks) -> None:
    """A hundred reports of the token before: no call to WeChat at all."""
    desk = desks.make()
    old = desk.text()
    desk.advance(6961)
    desk.get()
    desk.get()
    before = len(desk.world.journal.entries)
    assert {desk.report(old) for _ in range(100)} == {"NOT_CURRENT"}
    assert len(desk.world.journal.entries) == before


@both_modes
def test_reports_of_a_good_token_renew_nothing(desks: Desks, mode: TokenMode) -> None:
    """A hundred reports of the current token, which WeChat takes: one cheap question, no renewal."""
    desk, other = desks.make(mode), desks.make(mode)
    token = desk.text()
    assert {one.report(token) for _ in range(50) for one in (desk, other)} == {"GOOD"}
    assert desk.calls(CHECK_PATH) == 1
    assert (desk.calls(PATHS[mode]), desk.forced()) == (1, 0)
    desk.advance(11)
    assert desk.report(token) == "GOOD"
    assert desk.calls(CHECK_PATH) == 2


def kill_tokens(desks: Desks) -> None:
    """Have WeChat refuse every token there is."""
    for token, _ in desks.world.tokens.known._values.values():
        token.dies_at = 0.0


@both_modes
def test_reports_of_a_bad_token_replace_it_once(desks: Desks, mode: TokenMode) -> None:
    """Eight processes report the current token, which WeChat refuses: one replaces it, all get the new one."""
    made = [desks.make(mode) for _ in range(8)]
    token = {desk.text() for desk in made}.pop()
    kill_tokens(desks)
    outcomes = [desk.report(token) for desk in made]
    assert outcomes == ["RENEWED"] + ["NOT_CURRENT"] * 7
    assert len({desk.text() for desk in made}) == 1
    assert made[0].is_taken(made[7].text())
    assert made[0].calls(PATHS[mode]) == 2
    assert made[0].forced() == (1 if mode == "stable" else 0)


def test_reports_at_once_in_one_process_replace_once(desks: Desks) -> None:
    """Twenty threads or tasks report a bad token at the same time: one question, one replacement."""
    desk = desks.make()
    token = desk.text()
    kill_tokens(desks)
    found = desk.at_once(lambda: desk.tokens.report(APPID, Secret(token)), 20)
    assert set(found) <= {ReportOutcome.RENEWED, ReportOutcome.NOT_CURRENT}
    assert ReportOutcome.RENEWED in found
    assert desk.forced() == 1
    assert desk.calls(CHECK_PATH) == 1


def test_replacements_are_a_minute_apart_and_six_a_day(desks: Desks) -> None:
    """A token that goes bad over and over is replaced six times a day; in between it is asked for, not forced."""
    desk = desks.make()
    for minute in range(20):
        token = desk.text()
        kill_tokens(desks)
        desk.report(token)
        desk.report(desk.text())
        desk.advance(61)
        assert desk.forced() == min(minute + 1, 6)
    desk.advance(86400)
    token = desk.text()
    kill_tokens(desks)
    desk.report(token)
    assert desk.forced() == 7


def test_a_report_while_wechat_says_nothing_is_held_back(desks: Desks) -> None:
    """Whether the token is bad cannot be told: nothing is replaced, and further reports do not ask again at once."""
    desk = desks.make()
    token = desk.text()
    desk.world.fault(Fault(name="status", path=CHECK_PATH, times=None))
    assert {desk.report(token) for _ in range(20)} == {"HELD_BACK"}
    assert desk.calls(CHECK_PATH) == 1
    assert desk.calls(STABLE_PATH) == 1


def test_refused_for_ever_is_one_renewal_one_retry_one_error(desks: Desks) -> None:
    """40001 whatever the token: two calls, one replacement, a clear error; the next call costs no replacement."""
    desk = desks.make()
    desk.get()
    for path in ("/wxa/*", CHECK_PATH):
        desk.world.fault(Fault(name="errcode", path=path, errcode=40001, times=None))
    for calls in (2, 4):
        with pytest.raises(AppMisconfigured) as caught:
            desk.call("POST", "/wxa/business/getuserphonenumber", body={"code": "0" * 64})
        assert caught.value.errcode == 40001
        assert desk.calls("/wxa/business/getuserphonenumber") == calls
        assert desk.forced() == 1


def test_an_exhausted_quota_is_one_alert_and_no_storm(desks: Desks, caplog: pytest.LogCaptureFixture) -> None:
    """45009: readers get the errcode at once, WeChat is asked once in five minutes, an operator is told once."""
    made = [desks.make() for _ in range(4)]
    made[0].world.fault(Fault(name="errcode", path=STABLE_PATH, errcode=45009, times=None))
    for _ in range(30):
        for desk in made:
            with pytest.raises(QuotaExceeded):
                desk.get()
        made[0].advance(20)
    assert made[0].calls(STABLE_PATH) == 2
    assert [record.levelname for record in caplog.records if "operator" in record.message] == ["ERROR"]


def test_an_operator_renews_and_reads_where_it_stands(desks: Desks) -> None:
    """`renew(force=True)` replaces a stable token at once; the status holds no secret."""
    desk = desks.make()
    assert desk.run(desk.tokens.status(APPID)).state is State.EXPIRED
    old = desk.text()
    same = desk.run(desk.tokens.renew(APPID))
    assert (same.value.reveal(), same.generation) == (old, 1)
    new = desk.run(desk.tokens.renew(APPID, force=True))
    assert new.generation == 2
    assert desk.text() == new.value.reveal()
    status = desk.run(desk.tokens.status(APPID))
    assert (status.state, status.generation, status.last_cause) == (State.FRESH, 2, "operator")
    assert (status.calls_today, status.forced_today) == (3, 1)
    assert new.value.reveal() not in str(status)
    causes = [(renewal.cause, renewal.outcome) for renewal in desk.noted.renewals]
    assert causes == [("cold", "new"), ("operator", "unchanged"), ("operator", "new")]


def test_a_hanging_wechat_holds_up_nobody_but_whoever_asked(desks: Desks) -> None:
    """While one reader's fetch is out and lost, another process is told so at once by the shared record."""
    desk, other = desks.make(), desks.make()
    desk.world.fault(Fault(name="status", path=STABLE_PATH, times=None))
    with pytest.raises(Exception, match="WeChat"):
        desk.get()
    calls = desk.calls(STABLE_PATH)
    with pytest.raises(HeldBack):
        other.get()
    assert desk.calls(STABLE_PATH) == calls


def test_a_report_of_a_token_nobody_gave_does_nothing(desks: Desks) -> None:
    """Without any token, and of a text that is none."""
    desk = desks.make(LEGACY)
    assert desk.report("50_nobody-gave-this") == "NOT_CURRENT"
    desk.get()
    assert desk.report("") == "NOT_CURRENT"
    assert desk.calls(LEGACY_PATH) == 1


def test_a_thread_waits_for_the_one_that_fetches() -> None:
    """The others wait while the answer is on its way, and are served by it."""
    desks = Desks("sync")
    desk = desks.make()
    asked, answer = threading.Event(), threading.Event()

    def gate() -> None:
        asked.set()
        assert answer.wait(10)

    desk.gate = gate
    readers = [threading.Thread(target=desk.get) for _ in range(5)]
    readers[0].start()
    assert asked.wait(10)
    for reader in readers[1:]:
        reader.start()
    answer.set()
    for reader in readers:
        reader.join(10)
    assert desk.calls(STABLE_PATH) == 1
    assert desk.noted.waits == [True] * 5
    desks.close()


class Everybody:
    """BROKEN: everybody does it."""

    async def run(self, key: str, work: Callable[[], Coroutine[Any, Any, None]], patience: timedelta) -> None:
        """Do it."""
        del key, patience
        await work()


def test_control_where_everybody_fetches_two_calls_go_out_at_once() -> None:
    """CONTROL: without the one who fetches for all, and without the lease, a second thread asks WeChat too."""
    desks = Desks("sync")
    desk = desks.make()
    means = replace(desk.tokens._means, once=Everybody(), store=NoLease(MemoryTokens()))
    broken = AccessTokens(desk.tokens._apps, means)
    both = threading.Barrier(2)
    desk.gate = lambda: both.wait(10)  # breaks unless two calls are out at the same time
    readers = [threading.Thread(target=lambda: drive(broken.get(APPID))) for _ in range(2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(20)
    assert not both.broken
    assert desk.calls(STABLE_PATH) == 2
    desks.close()
