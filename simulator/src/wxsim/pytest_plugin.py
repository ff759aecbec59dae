"""The pytest plugin: a fixture called ``wxsim`` with a world, a clock and a URL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from wxsim.clock import Clock
from wxsim.serving import serve
from wxsim.world import World


class Wxsim:
    """A WeChat for one test.

    Attributes:
        world: the world, to be used in process.
    """

    def __init__(self, stack: contextlib.ExitStack) -> None:
        """Make a new world; the server starts when the URL is first read."""
        self.world: World = World()
        self._stack = stack
        self._url = ""

    @property
    def clock(self) -> Clock:
        """The world's clock, to be put forward."""
        return self.world.clock

    @property
    def url(self) -> str:
        """The base URL of the world, served from a thread."""
        if not self._url:
            self._url = self._stack.enter_context(serve(self.world)).url
        return self._url


@pytest.fixture
def wxsim() -> Iterator[Wxsim]:
    """A WeChat of one's own: ``.world``, ``.clock``, ``.url``."""
    with contextlib.ExitStack() as stack:
        yield Wxsim(stack)
