"""Where the demo listens, and who is in it: known before anything heavy is loaded."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

APPID = "wxde30000000000001"  # wxsim.FIRST_APPID, which a test compares
MEMBER = "ming"
PASSWORD = "door-keeper-1"  # noqa: S105 - the demo prints it
# Who may hold the phone of the page; the shop knows both as members, with the passwords of the page.
HOLDERS = {"an": ("安安", "13900000001", "camellia-1"), "bo": ("小波", "13900000002", "camellia-2")}


@dataclass(frozen=True, slots=True)
class Ports:
    """Where to listen on loopback; 0 takes a free port.

    Attributes:
        menjin: menjin's.
        wechat: The simulated WeChat's.
        page: The page's.
        shop: The shop's.
    """

    menjin: int = 8700
    wechat: int = 8701
    page: int = 8703
    shop: int = 8704


@dataclass(frozen=True, slots=True)
class House:
    """A demo's addresses.

    Attributes:
        menjin: menjin's URL.
        wechat: wxsim's URL.
        page: The page's URL.
        shop: The shop's URL.
    """

    menjin: str
    wechat: str
    page: str
    shop: str


@dataclass(frozen=True, slots=True)
class Doors:
    """The listening sockets; whoever connects before a server is up waits for it.

    Attributes:
        menjin: menjin's.
        wechat: The simulated WeChat's.
        page: The page's.
        shop: The shop's.
    """

    menjin: socket.socket
    wechat: socket.socket
    page: socket.socket
    shop: socket.socket

    @property
    def house(self) -> House:
        """Where they lead."""
        return House(to_url(self.menjin), to_url(self.wechat), to_url(self.page), to_url(self.shop))


class PortUnavailable(Exception):
    """Nobody can listen on a port, most likely because somebody does.

    Args:
        port: Which.
        cause: What the system says.
    """

    def __init__(self, port: int, cause: str) -> None:
        super().__init__(
            f"端口 {port} 用不了（多半被占用），换一个，或试试 --port 0 --wechat-port 0 · "
            f"cannot listen on port {port} ({cause}): choose another, or try --port 0 --wechat-port 0"
        )
        self.port = port


@contextlib.contextmanager
def open_doors(ports: Ports) -> Iterator[Doors]:
    """Listen on all ports.

    Raises:
        PortUnavailable: A port is taken.
    """
    with contextlib.ExitStack() as sockets:
        order = (ports.menjin, ports.wechat, ports.page, ports.shop)
        yield Doors(*(sockets.enter_context(listen(port)) for port in order))


def listen(port: int) -> socket.socket:
    """Return a loopback socket that listens."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
        bound.listen(1024)
    except OSError as error:
        bound.close()
        raise PortUnavailable(port, error.strerror or "") from error
    return bound


def to_url(bound: socket.socket) -> str:
    """Return the URL of a listening socket."""
    return f"http://127.0.0.1:{bound.getsockname()[1]}"
