"""Open data whose requests overlap, in one process and over several, on every store.

A process is an `InTurn` of its own; those of one test share the bench's stores. Each attempt is in flight for a
while, so that they do overlap.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from menjin import Secret, TaskPause, ThreadPause
from menjin.adapters.slots import TaskSlots, ThreadSlots
from menjin.clock import Clock, SystemClock
from menjin.errors import StaleSessionKey, StoreUnavailable
from menjin.limits.fair_queue import ANY_NUMBER
from menjin.login.in_turn import InTurn
from menjin.session_keys.attempts import IN_FLIGHT_AT_MOST, AttemptStore, StillInFlightError, Use, digest_form, mac_key
from menjin.session_keys.flow import SessionKeys
from menjin.values import AppId, OpenId, SessionId
from support.benches import Bench
from support.broken_attempts import FreeClaims, HastyAttempts, SlowAttempts
from support.clock import FakeClock, NoPause

APPID, OPENID = AppId("wx0123456789abcdef"), OpenId("oAbC_0123456789abcdefg")
KEY, OLD_KEY = (Secret(base64.b64encode(bytes([number]) * 16).decode()) for number in (1, 2))
PROCESSES = 4
Attempt = Callable[[Secret], Mapping[str, Any]]


@dataclass
class Processes:
    """Several processes on one bench.

    Attributes:
        broken: Makes an attempt store of the bench's.
        tried: How often each ciphertext was tried with a key.
    """

    bench: Bench
    broken: Callable[..., AttemptStore] = SlowAttempts
    clock: Clock = field(default_factory=SystemClock)
    tried: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        has_loop = self.bench.kind.endswith("-async")
        self.pause = TaskPause() if has_loop else ThreadPause()
        make = TaskSlots if has_loop else ThreadSlots
        attempts = self.broken(self.bench.stores.attempts, self.pause)
        self.keys = SessionKeys(self.bench.stores.keyrings, attempts, self.clock)
        self.doors = [InTurn(make(1, 100, ANY_NUMBER), self.pause, self.clock) for _ in range(PROCESSES)]
        self.take_in(KEY)

    def take_in(self, key: Secret) -> None:
        """Log in."""
        self.bench.run(self.keys.take_in(APPID, OPENID, key, self.clock.now()))

    async def open(self, number: int, ciphertext: str, session: int = 1, iv: str = "iv") -> Mapping[str, Any]:
        """Open a ciphertext, a genuine one unless it is called bad, at one of the processes."""
        asker = (APPID, OPENID, SessionId(f"ses_{session}"))

        def attempt(_: Secret) -> Mapping[str, Any]:
            self.tried[ciphertext] += 1
            if ciphertext.startswith("bad"):
                raise StaleSessionKey
            return {"opened": ciphertext, "time": self.tried[ciphertext]}

        deed = partial(self.keys.open_once, asker, ciphertext, ("phone", iv), attempt)
        return await self.doors[number % len(self.doors)].run(APPID, OPENID, deed)

    def spoil(self, times: int) -> None:
        """Fail so often, one after the other."""
        for number in range(times):
            with pytest.raises(StaleSessionKey):
                self.bench.run(self.open(0, f"bad old {number}"))

    def is_spent(self) -> bool:
        """Whether the key is to be replaced."""
        return self.bench.run(self.keys.claim_spent(APPID, OPENID)) is not None


def opened(results: list[Any]) -> list[Any]:
    """Return the answers; what is no answer is a refusal, and nothing else."""
    answers = [result for result in results if not isinstance(result, BaseException)]
    assert {type(result) for result in results if isinstance(result, BaseException)} <= {StaleSessionKey}
    return answers


def test_genuine_ciphertexts_at_once_all_open(bench: Bench) -> None:
    """Sixteen different ones over four processes: all open, each tried once, and the budget is whole afterwards."""
    processes = Processes(bench)
    results = bench.at_once([partial(processes.open, number, f"good {number}") for number in range(16)])
    assert len(opened(results)) == 16
    assert set(processes.tried.values()) == {1}
    processes.spoil(4)
    assert bench.run(processes.open(0, "good still"))


def test_genuine_ones_at_once_open_beside_four_failures(bench: Bench) -> None:
    """One attempt is left, and four processes want it: all wait for it, all open, and no key is replaced."""
    processes = Processes(bench)
    processes.spoil(4)
    results = bench.at_once([partial(processes.open, number, f"good {number}") for number in range(8)])
    assert len(opened(results)) == 8
    assert not processes.is_spent()


def test_control_attempts_in_flight_taken_for_failures_lose_genuine_ones(bench: Bench) -> None:
    """CONTROL: where whoever finds no attempt left is refused at once, genuine ones are lost."""
    processes = Processes(bench, HastyAttempts)
    processes.spoil(4)
    results = bench.at_once([partial(processes.open, number, f"good {number}") for number in range(8)])
    assert len(opened(results)) < 8


def test_the_same_request_at_once_has_the_same_answer(bench: Bench) -> None:
    """Eight times over four processes: one attempt, and eight times what came of it; so with one that does not open."""
    processes = Processes(bench)
    results = bench.at_once([partial(processes.open, number, "good") for number in range(8)])
    assert results == [{"opened": "good", "time": 1}] * 8
    assert bench.run(processes.open(0, "good")) == {"opened": "good", "time": 1}
    assert opened(bench.at_once([partial(processes.open, number, "bad") for number in range(8)])) == []
    assert processes.tried == {"good": 1, "bad": 1}


def test_of_several_sessions_at_once_one_is_answered(bench: Bench) -> None:
    """One ciphertext from four sessions, with four ivs too: exactly one opens it."""
    processes = Processes(bench)
    for turn in range(3):
        makers = [partial(processes.open, number, f"good {turn}", session=number) for number in range(4)]
        assert len(opened(bench.at_once(makers))) == 1
        makers = [partial(processes.open, number, f"spliced {turn}", iv=f"iv{number}") for number in range(4)]
        assert len(opened(bench.at_once(makers))) == 1


def test_control_without_claims_several_sessions_are_answered(bench: Bench) -> None:
    """CONTROL: where a ciphertext is tried before it is claimed, more than one opens it."""
    processes = Processes(bench, FreeClaims)
    results = bench.at_once([partial(processes.open, number, "good", session=number) for number in range(4)])
    assert len(opened(results)) > 1


def test_forty_bad_ones_at_once_are_tried_five_times(bench: Bench) -> None:
    """Over four sessions and processes: five tried, none kept of the rest; then the key is spent, and all know."""
    processes = Processes(bench)
    makers = [partial(processes.open, number, f"bad {number}", session=number % 4) for number in range(40)]
    assert opened(bench.at_once(makers)) == []
    assert processes.tried.total() == 5
    with pytest.raises(StaleSessionKey):
        bench.run(processes.open(0, "good"))
    assert processes.is_spent()
    attempts = bench.stores.attempts
    uses = [bench.run(attempts.find_use(APPID, OPENID, digest_form(f"bad {number}"))) for number in range(40)]
    assert sum(use is not None for use in uses) == 5
    processes.take_in(OLD_KEY)
    assert bench.run(processes.open(0, "good"))["time"] == 1  # refused without a try, it was not used


def test_bad_and_good_at_once_cost_five_at_most(bench: Bench) -> None:
    """Good ones between bad ones may be refused once the key is spent; more than five bad ones are never tried."""
    processes = Processes(bench)
    names = [f"{'good' if number % 4 == 0 else 'bad'} {number}" for number in range(40)]
    bench.at_once([partial(processes.open, number, name) for number, name in enumerate(names)])
    assert sum(times for name, times in processes.tried.items() if name.startswith("bad")) == 5
    assert processes.is_spent()


def test_both_keys_are_waited_for(bench: Bench) -> None:
    """With a key before the current one, each bears its five, and genuine ones under the one before open at once."""
    processes = Processes(bench)
    processes.take_in(OLD_KEY)
    processes.spoil(4)
    results = bench.at_once([partial(processes.open, number, f"good {number}") for number in range(8)])
    assert len(opened(results)) == 8
    processes.tried.clear()
    opened(bench.at_once([partial(processes.open, number, f"bad {number}") for number in range(20)]))
    assert processes.tried == {next(iter(processes.tried)): 2}


def test_who_waited_is_not_tried_with_a_key_of_later(bench: Bench) -> None:
    """Bad ones that came before a key was replaced spend that one, not its replacement."""
    processes = Processes(bench)
    keys = bench.run(processes.keys.usable(APPID, OPENID))
    processes.take_in(OLD_KEY)

    def attempt(key: Secret) -> Mapping[str, Any]:
        processes.tried["old" if key == KEY else "new"] += 1
        raise StaleSessionKey

    asker = (APPID, OPENID, SessionId("ses_1"))
    for number in range(8):
        with pytest.raises(StaleSessionKey):
            bench.run(processes.keys.open_once(asker, f"bad {number}", ("phone", "iv"), attempt, keys))
    assert processes.tried == {"old": 5}
    assert not processes.is_spent()


def test_what_breaks_off_releases_its_claim(bench: Bench) -> None:
    """A request that ends without an answer uses no ciphertext up; the attempt it had begun stays counted."""
    processes = Processes(bench)

    def attempt(_: Secret) -> Mapping[str, Any]:
        raise RuntimeError

    for _ in range(4):
        with pytest.raises(RuntimeError):
            bench.run(processes.keys.open_once((APPID, OPENID, SessionId("ses_2")), "good", ("phone", "iv"), attempt))
    assert bench.run(processes.open(0, "good"))["opened"] == "good"
    processes.spoil(1)
    with pytest.raises(StillInFlightError):
        bench.run(processes.keys.try_keys(APPID, OPENID, attempt))


def claim_of_a_dead_one(processes: Processes) -> Use:
    """Leave a claim and an attempt behind, as a process does that is killed."""
    attempts, now = processes.bench.stores.attempts, processes.clock.now()
    claim = Use(SessionId("ses_1"), digest_form("phone", "iv"), now, None, is_pending=True)
    assert processes.bench.run(attempts.claim_use(APPID, OPENID, digest_form("good"), claim, None))
    assert processes.bench.run(attempts.begin(APPID, OPENID, mac_key(KEY), now))
    return claim


@dataclass
class _Waiting(NoPause):
    """Turns the clock instead of waiting."""

    turned: FakeClock

    def __post_init__(self) -> None:
        super().__init__()

    async def pause(self, length: Any) -> None:  # noqa: ANN401 - the port's
        """Turn the clock."""
        self.turned.advance(seconds=length.total_seconds())


@pytest.mark.parametrize("session", [1, 2])
def test_a_dead_ones_claim_is_taken_over(bench: Bench, session: int) -> None:
    """The same request waits, and opens after a few seconds; another session is refused till then, no longer."""
    clock = FakeClock()
    processes = Processes(bench, lambda inner, _: inner, clock)
    processes.doors = [InTurn(ThreadSlots(1, 100), _Waiting(clock), clock)]
    begun = clock.now()
    claim = claim_of_a_dead_one(processes)
    deed = partial(processes.open, 0, "good", session=session)
    if session == 2:
        with pytest.raises(StaleSessionKey):
            bench.run(deed())
        clock.advance(seconds=IN_FLIGHT_AT_MOST.total_seconds())
    assert bench.run(deed()) == {"opened": "good", "time": 1}
    assert clock.now() - begun >= IN_FLIGHT_AT_MOST
    late = Use(claim.session_id, claim.form, claim.used_at, {"opened": "late"})
    assert not bench.run(bench.stores.attempts.answer_use(APPID, OPENID, digest_form("good"), late))
    processes.spoil(4)  # what the dead one had begun is spent: of five there are four
    assert processes.is_spent()


@pytest.mark.kinds("memory", "sqlite")  # a server is asked four hundred times, which proves no more
def test_what_never_ends_is_no_refusal(bench: Bench) -> None:
    """Attempts in flight for ever, as far as the clock tells: an outage is told, and nothing is used."""
    clock = FakeClock()
    processes = Processes(bench, lambda inner, _: inner, clock)
    processes.doors = [InTurn(ThreadSlots(1, 100), NoPause(), clock)]
    for _ in range(5):
        bench.run(bench.stores.attempts.begin(APPID, OPENID, mac_key(KEY), clock.now()))
    with pytest.raises(StoreUnavailable):
        bench.run(processes.open(0, "good"))
    assert bench.run(bench.stores.attempts.find_use(APPID, OPENID, digest_form("good"))) is None
    assert not processes.is_spent()
