"""How far a host reaches."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal


def find_reach(host: str) -> Literal["loopback", "private", "public"]:
    """Return where a host can be reached from; a name leads nobody knows where, and is public."""
    if host == "localhost":
        return "loopback"
    try:
        address = ip_address(host)
    except ValueError:
        return "public"
    if address.is_loopback:
        return "loopback"
    return "private" if address.is_private and not address.is_unspecified else "public"
