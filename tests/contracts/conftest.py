"""Benches: one a kind of store, opened once, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.benches import KINDS, Bench, open_bench

_ON_DATABASE_SERVERS = ("postgres", "mariadb")
_IN_REDIS = ("redis", "valkey")
_ON_SERVERS = (*_ON_DATABASE_SERVERS, *_IN_REDIS)


def _params(*kinds: str) -> list[Any]:
    return [pytest.param(kind, marks=pytest.mark.servers) if kind.startswith(_ON_SERVERS) else kind for kind in kinds]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the kinds of store that a test does not speak of: they are no skipped tests."""
    kept = [item for item in items if _is_meant(item)]
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if not _is_meant(item)])
        items[:] = kept


def _is_meant(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    kinds = [] if callspec is None else [value for value in callspec.params.values() if value in KINDS]
    names: list[str] = getattr(item, "fixturenames", [])
    only = item.get_closest_marker("kinds")
    return all(
        not ({"session_bench", "token_bench"}.isdisjoint(names) and kind.startswith(_IN_REDIS))
        and not ("sql_bench" in names and kind == "memory")
        and not ("server_bench" in names and not kind.startswith(_ON_DATABASE_SERVERS))
        and (only is None or any(word in kind for word in only.args))
        for kind in kinds
    )


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
def session_bench(bench: Bench) -> Bench:
    """An empty bench of each kind that keeps sessions, Redis among them."""
    return bench


@pytest.fixture
def token_bench(bench: Bench) -> Bench:
    """An empty bench of each kind that keeps access_tokens, Redis among them."""
    return bench


@pytest.fixture
def sql_bench(bench: Bench) -> Bench:
    """An empty bench of each kind that has a database."""
    return bench


@pytest.fixture
def server_bench(bench: Bench) -> Iterator[Bench]:
    """An empty bench of each kind that lives in a server; the server runs again afterwards."""
    yield bench
    bench.server.resume_or_start()
