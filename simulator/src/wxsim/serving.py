"""A world served from a thread: for tests in any framework, and for the command line."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import msgspec
import uvicorn

from wxsim.asgi import create_app
from wxsim.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wxsim.clock import Clock

LOOPBACK = "127.0.0.1"
START_SECONDS = 20


class Served(msgspec.Struct, frozen=True):
    """A world behind a URL.

    Attributes:
        url: base URL without a slash at the end.
        world: the world itself.
    """

    url: str
    world: World

    @property
    def clock(self) -> Clock:
        """The world's clock."""
        return self.world.clock


class Server(uvicorn.Server):
    """A uvicorn server that says when it is ready.

    Attributes:
        ready: set as soon as the server answers.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        """Make a server that is not ready yet."""
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets=sockets)
        self.ready.set()


def listen(host: str = LOOPBACK, port: int = 0) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises:
        OSError: the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        # Listening from here on: whoever reads the URL may connect at once.
        bound.listen(1024)
    except OSError:
        bound.close()
        raise
    return bound


def make_server(world: World) -> Server:
    """Return a uvicorn server for ``world`` that is quiet and leaves at once."""
    config = uvicorn.Config(
        create_app(world),
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        # Longer than clients keep a connection, so that none meets a closing one.
        timeout_keep_alive=75,
        lifespan="off",
    )
    return Server(config)


@contextlib.contextmanager
def serve(world: World | None = None, *, host: str = LOOPBACK, port: int = 0) -> Iterator[Served]:
    """Serve a world from a thread for as long as the context lasts.

    Args:
        world: the world; a new one when left out.
        host: address to listen on; loopback unless told otherwise.
        port: port to listen on; a free one when left out.

    Raises:
        RuntimeError: the server did not start.
    """
    world = world or World()
    bound = listen(host, port)
    server = make_server(world)
    thread = threading.Thread(target=server.run, args=([bound],), name="wxsim", daemon=True)
    thread.start()
    if not server.ready.wait(START_SECONDS):
        message = "wxsim did not start"
        raise RuntimeError(message)
    shown = f"[{host}]" if ":" in host else host
    try:
        yield Served(f"http://{shown}:{bound.getsockname()[1]}", world)
    finally:
        server.should_exit = True
        thread.join()
        bound.close()
