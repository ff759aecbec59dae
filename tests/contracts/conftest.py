"""Benches: one a kind of store, opened once, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.benches import KINDS, Bench, open_bench

_ON_SERVERS = ("postgres", "mariadb")


def _params(*kinds: str) -> list[Any]:
    return [pytest.param(kind, marks=pytest.mark.servers) if kind.startswith(_ON_SERVERS) else kind for kind in kinds]


def _open(request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = open_bench(request.param, folders.mktemp("bench"), request.getfixturevalue)
    yield bench
    bench.close()


@pytest.fixture(scope="session", params=_params(*KINDS))
def kept_bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench of each kind, for the whole run."""
    yield from _open(request, tmp_path_factory)


@pytest.fixture
def bench(kept_bench: Bench) -> Bench:
    """An empty bench of each kind."""
    kept_bench.wipe()
    return kept_bench


@pytest.fixture
def sql_bench(bench: Bench) -> Bench:
    """An empty bench of each kind that has a database."""
    if bench.url is None:
        pytest.skip("memory has no database")
    return bench


@pytest.fixture
def server_bench(bench: Bench) -> Iterator[Bench]:
    """An empty bench of each kind that lives in a server; the server runs again afterwards."""
    if not bench.kind.startswith(_ON_SERVERS):
        pytest.skip("lives in no server")
    yield bench
    bench.server.resume_or_start()
