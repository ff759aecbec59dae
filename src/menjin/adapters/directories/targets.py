"""Which addresses a webhook may lie on: public ones over https, others only in networks that are named.

The name is resolved here, each address it has is judged, and the connection goes to one of these very addresses: a name
that answers otherwise a moment later changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
LookUp = Callable[..., Sequence[Any]]
_NAT64 = ip_network("64:ff9b::/96")
_PORTS = {"https": 443, "http": 80}


class TargetRefused(Exception):
    """An address that is not allowed."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What is allowed.

    Attributes:
        scheme: `http` is for named networks alone.
        private: Networks that may be reached although they are not public.
    """

    scheme: str
    private: tuple[Network, ...] = ()

    def check(self, text: str) -> None:
        """Do nothing.

        Raises:
            TargetRefused: The address is not allowed.
        """
        address = _unwrap(ip_address(text.partition("%")[0]))
        named = any(address in network for network in self.private if network.version == address.version)
        public = address.is_global and not address.is_multicast and self.scheme == "https"
        if not named and not public:
            raise TargetRefused


def read_target(url: str, private: Sequence[str] = ()) -> Targets:
    """Return what a webhook's URL may lead to.

    Args:
        url: `https://…`; `http://…` only with networks named.
        private: Networks such as `10.2.0.0/16` or `127.0.0.1/32`.

    Raises:
        ValueError: The URL is not usable, or its address is not allowed.
    """
    parts = urlsplit(url)
    networks = tuple(ip_network(one) for one in private)
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or parts.fragment:
        raise ValueError("the URL is not like https://host/path, without a name and password in it")
    if parts.scheme == "http" and not networks:
        raise ValueError("http:// is for private_networks only: the password would travel in clear")
    targets = Targets(parts.scheme, networks)
    try:
        ip_address(parts.hostname)
    except ValueError:
        return targets
    try:
        targets.check(parts.hostname)
    except TargetRefused:
        raise ValueError("the address is private; name its network in private_networks") from None
    return targets


class GuardedResolver(AbstractResolver):
    """Resolves names, and hands on addresses only if all of a name's are allowed.

    By a thread of its own for each name, since a resolver that hangs must not outlast anybody's deadline.

    Args:
        targets: What is allowed.
        look_up: The machine's resolver.
    """

    def __init__(self, targets: Targets, look_up: LookUp = socket.getaddrinfo) -> None:
        self._targets = targets
        self._look_up = look_up

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return a name's addresses.

        Raises:
            OSError: It has none.
            TargetRefused: One of them is not allowed.
        """
        found = await _look_up(self._look_up, host, port, family)
        for one in found:
            self._targets.check(one["host"])
        return found

    async def close(self) -> None:
        """Do nothing."""


async def _look_up(look_up: LookUp, host: str, port: int, family: int) -> list[ResolveResult]:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[ResolveResult]] = loop.create_future()

    def take(found: list[ResolveResult] | None) -> None:
        if answer.done():
            return  # nobody waits any more
        if found is None:
            answer.set_exception(OSError("no such name"))
        else:
            answer.set_result(found)

    def look() -> None:
        found: list[ResolveResult] | None = None
        with suppress(OSError, UnicodeError):
            infos = look_up(host, port, family=family, type=socket.SOCK_STREAM)
            found = [_to_result(host, port, info) for info in infos]
        with suppress(RuntimeError):  # the loop is gone, and whoever asked with it
            loop.call_soon_threadsafe(take, found)

    threading.Thread(target=look, name="menjin-resolver", daemon=True).start()
    return await answer


def _to_result(host: str, port: int, info: tuple[Any, ...]) -> ResolveResult:
    family, _, protocol, _, place = info
    return ResolveResult(
        hostname=host,
        host=str(place[0]),
        port=port,
        family=int(family),
        proto=int(protocol),
        flags=socket.AI_NUMERICHOST,
    )


def _unwrap(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 one, of whichever way of carrying it."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    return inner or address
