"""Fixtures: menjin over HTTP, beside a WeChat of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.serving import Service, serve_menjin


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service whose app is open."""
    with serve_menjin(tmp_path) as service:
        yield service


@pytest.fixture
def bound_service(tmp_path: Path) -> Iterator[Service]:
    """A service whose app asks for a binding."""
    with serve_menjin(tmp_path, bound=True) as service:
        yield service


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One open service for the whole module, for tests that leave nothing behind."""
    with serve_menjin(tmp_path_factory.mktemp("shared")) as service:
        service.world.bind_open_platform("one")  # else /v1/unionid/paid has nothing to tell
        yield service
