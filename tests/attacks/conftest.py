"""The stage of the attacks, in both colours and on each store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from menjin import App
from support import stage as stages
from support.doors import Colour, Storage
from support.stage import OPEN_APP, Stage


@pytest.fixture
def set_stage(colour: Colour, storage: Storage, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """A function that sets a stage with the apps it is given."""
    found: list[Stage] = []

    def make(*apps: App) -> Stage:
        found.append(stages.set_stage(colour, storage, tmp_path, apps))
        return found[-1]

    yield make
    for stage in found:
        stage.door.close()


@pytest.fixture
def stage(set_stage: Callable[..., Stage]) -> Stage:
    """The stage with one app, sign_in = "open"."""
    return set_stage(OPEN_APP)
