"""Fixtures of the proofs: a warm process that services are forked from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.fleet import Zygote, run_zygote
from support.servers import RedisServer


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """One for all proofs."""
    with run_zygote() as found:
        yield found


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that the test may kill."""
    server = RedisServer("--appendonly", "yes")
    yield server
    server.remove()
