"""Towns: a library with several apps, in both colours, beside a WeChat that says what the test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.doors import Colour, Storage
from support.town import Town, build_town

MakeTown = Callable[..., Town]


@pytest.fixture
def make_town(colour: Colour, storage: Storage, tmp_path: Path) -> Iterator[MakeTown]:
    """A function that builds a town; its arguments are `build_town`'s."""
    towns: list[Town] = []

    def make(*args: object, **changes: object) -> Town:
        towns.append(build_town(colour, storage, tmp_path, *args, **changes))  # type: ignore[arg-type] # handed on
        return towns[-1]

    yield make
    for town in towns:
        town.door.close()


@pytest.fixture
def town(make_town: MakeTown) -> Town:
    """A town with its four apps: three in one realm, two of them open, and one abroad."""
    return make_town()
