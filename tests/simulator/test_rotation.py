"""session_key rotation by policy, and worlds that are equal by seed."""

from __future__ import annotations

import pytest

from wxsim import Clock, Settings, World


def exchange(world: World, **query: str) -> dict[str, object]:
    """Exchange with exactly these parameters."""
    answer: dict[str, object] = world.get("/sns/jscode2session", **query)
    return answer


@pytest.mark.parametrize(
    ("policy", "gap", "same"),
    [("never", 10**5, True), ("always", 0, False), ("min_interval", 299, True), ("min_interval", 300, False)],
)
def test_rotation_policy(policy: str, gap: float, *, same: bool) -> None:
    """A login rotates the session_key as the policy says."""
    clock = Clock(1_800_000_000, frozen=True)
    world = World(Settings(session_key_policy=policy), clock=clock)  # type: ignore[arg-type] # parametrised
    first = world.exchange(world.phone("ming").login()["code"])["session_key"]
    clock.advance(gap)
    second = world.exchange(world.phone("ming", device="d2").login()["code"])["session_key"]
    assert (first == second) is same


@pytest.mark.parametrize(("answers", "same"), [("current", True), ("at_login", False)])
def test_an_older_code_and_the_key(answers: str, *, same: bool) -> None:
    """Which key an older code brings after a rotation is a setting."""
    clock = Clock(1_800_000_000, frozen=True)
    settings = Settings(session_key_policy="always", exchange_answers_key=answers)  # type: ignore[arg-type] # as above
    world = World(settings, clock=clock)
    older, newer = (world.phone("ming").login()["code"] for _ in range(2))
    keys = [world.exchange(code)["session_key"] for code in (newer, older)]
    assert (keys[0] == keys[1]) is same


def test_equal_seeds_equal_worlds() -> None:
    """The same calls give the same codes, keys and openids; another seed gives others."""

    def life(seed: int) -> list[object]:
        world = World(seed=seed)
        code = world.phone("ming").login()["code"]
        return [code, sorted(world.exchange(code).items())]

    assert life(1) == life(1)
    assert life(1) != life(2)


def test_one_person_does_not_disturb_another() -> None:
    """What hong does never changes ming's codes."""
    quiet, lively = World(), World()
    lively.phone("hong").login()
    assert quiet.phone("ming").login() == lively.phone("ming").login()
