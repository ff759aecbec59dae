"""WeChat's rules, one story each, and proof that the stories can fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.mutations import MUTATIONS
from simulator.oracle import Oracle
from simulator.scenarios import SCENARIOS
from wxsim import Rules


@pytest.mark.parametrize("story", SCENARIOS, ids=lambda story: story.__name__)
def test_story(story: Callable[[Oracle], None]) -> None:
    """Each rule of codes, keys, tokens, phone, payment and consent holds."""
    story(Oracle())


@pytest.mark.parametrize("rules", MUTATIONS, ids=lambda rules: rules.__name__)
def test_mutation_is_caught(rules: type[Rules]) -> None:
    """A WeChat with one broken rule is caught by at least one story."""
    caught = []
    for story in SCENARIOS:
        try:
            story(Oracle(rules))
        except AssertionError:
            caught.append(story.__name__)
            break
    assert caught, f"nobody noticed {rules.__name__}"


def test_there_are_enough_mutations() -> None:
    """At least twenty rules are broken on purpose, each in a way of its own."""
    assert len(MUTATIONS) >= 20
    assert len({rules.__name__ for rules in MUTATIONS}) == len(MUTATIONS)
