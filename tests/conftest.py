"""Fixtures for every test: the library in both colours on each store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from menjin import App
from support.doors import APP, Colour, House, Storage, open_house

pytest_plugins = ["support.servers"]

MakeHouse = Callable[..., House]


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Colour:
    """Each test that asks for it runs in both colours."""
    found: Colour = request.param
    return found


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """Each test that asks for it runs on each store."""
    found: Storage = request.param
    return found


@pytest.fixture
def make_house(colour: Colour, storage: Storage, tmp_path: Path) -> Iterator[MakeHouse]:
    """A function that opens a house with the apps it is given."""
    houses: list[House] = []

    def make(*apps: App) -> House:
        houses.append(open_house(colour, storage, tmp_path, apps or (APP,)))
        return houses[-1]

    yield make
    for house in houses:
        house.door.close()


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    """A house with one app, sign_in = "open"."""
    return make_house()
