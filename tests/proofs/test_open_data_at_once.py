"""Open data whose requests overlap, at several processes over HTTP; each attempt is in flight for a while."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from menjin.clock import SystemRandomness
from soak.oracle import NO_RESET, texts
from support.fleet import APPID, Fleet, Zygote, make_world, run_fleet
from support.load import Answer, Caller
from support.servers import PostgresServer

PROCESSES = 4
Taken = tuple[str, dict[str, str]]


@dataclass
class Town:
    """People at a fleet, and what they ask."""

    fleet: Fleet

    def log_in(self, person: str, times: int = 1) -> list[str]:
        """Log somebody in so often; return the session_tokens."""

        async def run() -> list[str]:
            async with Caller() as caller:
                urls = [self.fleet.urls[number % len(self.fleet.urls)] for number in range(times)]
                answers = [await caller.sign_in(url, self.fleet.code(person)) for url in urls]
                return [answer.body["session_token"] for answer in answers]

        return asyncio.run(run())

    def seal(self, person: str) -> dict[str, str]:
        """Return fresh user info of somebody, as their phone does."""
        found = self.fleet.world.phone(person, APPID).getUserInfo(withCredentials=True)
        return {"encrypted_data": found["encryptedData"], "iv": found["iv"]}

    def ask(self, taken: list[Taken]) -> list[Answer]:
        """Send bodies with their tokens, all at once, to the processes in turn."""

        async def run() -> list[Answer]:
            async with Caller() as caller:
                calls = [
                    caller.call("POST", f"{url}/v1/open-data", {"kind": "user_info", **body}, token=token)
                    for url, (token, body) in zip(self.fleet.urls * len(taken), taken, strict=False)
                ]
                return await asyncio.gather(*calls)

        return asyncio.run(run())

    def spoil(self, token: str, times: int) -> None:
        """Fail so often, one after the other."""
        for _ in range(times):
            (answer,) = self.ask([(token, nonsense())])
            assert answer.code == "stale_session_key"

    def resets(self) -> int:
        """Return how often WeChat was asked for another key."""
        return [entry.path for entry in self.fleet.world.journal.entries].count("/wxa/resetusersessionkey")


def nonsense() -> dict[str, str]:
    """Return a ciphertext that opens with no key."""
    return texts(SystemRandomness().random_bytes(48), bytes(16))


def count(answers: list[Answer]) -> dict[str, int]:
    """Return how often there was which answer."""
    return dict(Counter(answer.text for answer in answers))


@contextmanager
def run_town(zygote: Zygote, build: str, **more: Any) -> Iterator[Town]:  # noqa: ANN401 - as for run_fleet
    """Have a fleet of a build."""
    with run_fleet(zygote, PROCESSES, build=build, **more) as fleet:
        yield Town(fleet)


@pytest.fixture(scope="module", params=["", "slow_attempts"])
def town(zygote: Zygote, request: pytest.FixtureRequest) -> Iterator[Town]:
    """The real build, and one whose attempts take their time."""
    with run_town(zygote, request.param) as found:
        yield found


def test_genuine_ones_at_once_are_all_answered(town: Town) -> None:
    """Twenty different ones of one session: 200 each, and repeated 200 again."""
    (token,) = town.log_in("many")
    taken = [(token, town.seal("many")) for _ in range(20)]
    first, again = town.ask(taken), town.ask(taken)
    assert count(first) == count(again) == {"200": 20}
    assert [answer.body for answer in first] == [answer.body for answer in again]


def test_the_same_request_at_once_has_one_answer(town: Town) -> None:
    """Eight times at once, and afterwards: the same answer."""
    (token,) = town.log_in("again")
    taken = [(token, town.seal("again"))] * 8
    answers = town.ask(taken) + town.ask(taken)
    assert count(answers) == {"200": 16}
    assert {str(answer.body) for answer in answers} == {str(answers[0].body)}


def test_one_ciphertext_of_four_sessions_opens_once(town: Town) -> None:
    """Whichever session is first has the answer, the others are told that the key is stale."""
    tokens = town.log_in("four", 4)
    for _ in range(5):
        body = town.seal("four")
        assert count(town.ask([(token, body) for token in tokens])) == {"200": 1, "409 stale_session_key": 3}


def test_genuine_ones_at_once_open_beside_four_failures(town: Town) -> None:
    """One attempt is left: all wait for it, all are answered, and no key is replaced."""
    (token,) = town.log_in("worn")
    town.spoil(token, 4)
    for _ in range(4):
        assert count(town.ask([(token, town.seal("worn")) for _ in range(2)])) == {"200": 2}
    assert count(town.ask([(token, town.seal("worn")) for _ in range(8)])) == {"200": 8}
    assert town.resets() == 0


def test_control_attempts_in_flight_taken_for_failures_lose_genuine_ones(zygote: Zygote) -> None:
    """CONTROL: where whoever finds no attempt left is refused at once, some of eight are lost."""
    with run_town(zygote, "hasty_attempts") as town:
        (token,) = town.log_in("worn")
        town.spoil(token, 4)
        answers = count(town.ask([(token, town.seal("worn")) for _ in range(8)]))
    assert answers["409 stale_session_key"] > 0


def test_control_without_claims_one_ciphertext_opens_several_times(zygote: Zygote) -> None:
    """CONTROL: where a ciphertext is tried before it is claimed, more than one session is answered."""
    with run_town(zygote, "free_claims") as town:
        tokens, body = town.log_in("four", 4), town.seal("four")
        answers = count(town.ask([(token, body) for token in tokens]))
    assert answers["200"] > 1


def test_forty_bad_ones_at_once_are_tried_five_times(zygote: Zygote) -> None:
    """Over four sessions and four processes: the key is used five times, and is spent."""
    world = make_world(session_key_policy="never")
    world.fault(NO_RESET)
    with run_town(zygote, "counted_attempts", world=world) as town:
        tokens = town.log_in("mallory", 4)
        answers = town.ask([(tokens[number // PROCESSES % 4], nonsense()) for number in range(40)])
        assert count(answers) == {"409 stale_session_key": 40}
        assert len((town.fleet.folder / "grants").read_bytes()) == 5
        assert count(town.ask([(tokens[0], town.seal("mallory"))])) == {"409 stale_session_key": 1}


@pytest.mark.servers
def test_on_postgresql_too(zygote: Zygote, postgres_server: PostgresServer) -> None:
    """The same, where several processes do write at once: genuine ones all open, one of several sessions does."""
    with run_town(zygote, "slow_attempts", database=postgres_server.fresh_database()) as town:
        tokens = town.log_in("elephant", 4)
        town.spoil(tokens[0], 4)
        assert count(town.ask([(tokens[0], town.seal("elephant")) for _ in range(8)])) == {"200": 8}
        body = town.seal("elephant")
        assert count(town.ask([(token, body) for token in tokens])) == {"200": 1, "409 stale_session_key": 3}
