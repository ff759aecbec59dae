"""The stores of each kind in each colour."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.doors import Colour, Storage, make_stores
from support.shop import Shop


@pytest.fixture
def shop(colour: Colour, storage: Storage, tmp_path: Path) -> Iterator[Shop]:
    """Stores with their tables."""
    runner = asyncio.Runner() if colour == "async" else None
    found = Shop(make_stores(storage, colour, tmp_path), runner)
    found.run(found.stores.prepare())
    yield found
    found.run(found.stores.close())
    if runner is not None:
        runner.close()
