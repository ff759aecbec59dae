"""Where a request comes from, as far as it can be trusted, and which bucket of a limit that is.

A header anybody can write is believed only where a proxy of ours wrote it: X-Forwarded-For is read from the
right, through proxies on the list, to the first address that is none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

_NAT64 = IPv6Network("64:ff9b::/96")
_MOST_HOPS = 32
_LONGEST_HOP = 64
UNIX = "unix"

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The proxies whose X-Forwarded-For is believed; by default none.

    Attributes:
        unix: Whether whoever reaches us by a unix socket is one.
    """

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False

    def __contains__(self, address: Address | None) -> bool:
        """Whether `address` (None: a unix socket) is one of them."""
        return self.unix if address is None else any(address in network for network in self.networks)

    def __bool__(self) -> bool:
        return bool(self.networks) or self.unix


NO_PROXIES = TrustedProxies()


def parse_proxies(texts: Iterable[str]) -> TrustedProxies:
    """Return proxies written as addresses, networks such as `10.0.0.0/8`, or `unix`.

    Raises:
        ValueError: One is none of these, has host bits set, or is everybody (`0.0.0.0/0`).
    """
    written = tuple(texts)
    networks = tuple(ip_network(text) for text in written if text != UNIX)
    for network in networks:
        if network.prefixlen == 0:
            raise ValueError(f"{network} is everybody, and everybody could write the header")
    return TrustedProxies(networks, UNIX in written)


@lru_cache(maxsize=4096)
def parse_address(text: str | None) -> Address | None:
    """Return an address, IPv4 if it is IPv4 in IPv6's clothes; None if it is none."""
    if text is None or len(text) > _LONGEST_HOP or "%" in text:
        return None
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped
        if found in _NAT64:
            return IPv4Address(int(found) & 0xFFFFFFFF)
    return found


def to_bucket(address: Address) -> str:
    """Return what shares a limit: an IPv4 address, an IPv6 /64."""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address)


def find_client(peer: str | None, forwarded_for: Sequence[str], trusted: TrustedProxies) -> Address | None:
    """Return the client's address, or None where limiting by it would put everybody into one bucket.

    Args:
        peer: Who holds the connection; None for a unix socket.
        forwarded_for: Every X-Forwarded-For header, in their order.
        trusted: Our proxies.
    """
    hop = parse_address(peer) if peer else None
    if peer and hop is None:
        return None
    if hop not in trusted:
        # A peer of our own network with no proxy configured is most likely an unconfigured proxy.
        return hop if trusted or (hop is not None and hop.is_global) else None
    for written in _from_the_right(forwarded_for):
        found = _parse_hop(written)
        if found is None:
            break
        hop = found
        if hop not in trusted:
            break
    return hop


def read_address(scope: Mapping[str, Any], trusted: TrustedProxies) -> str | None:
    """Return where an ASGI request comes from, as `find_client` finds it."""
    peer = scope.get("client")
    headers = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"]
    found = find_client(peer[0] if peer else None, headers, trusted)
    return str(found) if found is not None else None


def _from_the_right(headers: Sequence[str]) -> list[str]:
    hops = [hop.strip(" \t") for header in headers for hop in header.split(",")]
    return hops[: -_MOST_HOPS - 1 : -1]


def _parse_hop(text: str) -> Address | None:
    """Read an address with or without a port: `a.b.c.d:1`, `[v6]:1`, `v6`."""
    if text.startswith("["):
        inside, bracket, port = text[1:].partition("]")
        return parse_address(inside) if bracket and _is_port(port) else None
    if text.count(":") == 1:
        address, _, port = text.partition(":")
        return parse_address(address) if _is_port(f":{port}") else None
    return parse_address(text)


def _is_port(text: str) -> bool:
    return not text or (text.startswith(":") and text[1:].isascii() and text[1:].isdigit())
