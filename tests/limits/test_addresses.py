"""Whose address a request has, and who may say so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menjin.limits.addresses import NO_PROXIES, find_client, parse_address, parse_proxies, to_bucket

TRUSTED = parse_proxies(["10.0.0.0/8", "fd00::/8"])
PROXY = "10.0.0.1"


def find(peer: str | None, *headers: str, trusted: object = TRUSTED) -> str | None:
    """Return the client's address as text."""
    found = find_client(peer, headers, trusted)  # type: ignore[arg-type] # the tests' shorthand
    return str(found) if found is not None else None


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ([], PROXY),
        (["203.0.113.9"], "203.0.113.9"),
        (["1.2.3.4, 203.0.113.9"], "203.0.113.9"),  # the client wrote 1.2.3.4 itself
        (["1.2.3.4", "203.0.113.9"], "203.0.113.9"),  # in a header of its own
        (["203.0.113.9, 10.0.0.7"], "203.0.113.9"),  # two proxies of ours
        (["1.2.3.4, 203.0.113.9, 10.0.0.7, 10.0.0.8"], "203.0.113.9"),
        (["10.9.9.9"], "10.9.9.9"),  # all trusted: the farthest
        (["203.0.113.9:51234"], "203.0.113.9"),
        (["[2001:db8::1]:443"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["::ffff:203.0.113.9"], "203.0.113.9"),
        (["64:ff9b::cb00:7109"], "203.0.113.9"),
        (["203.0.113.9, unknown"], PROXY),  # malformed: the last hop that can be trusted
        (["203.0.113.9, unknown, 10.0.0.7"], "10.0.0.7"),
        (["203.0.113.9,"], PROXY),
        ([""], PROXY),
        (["1.2.3.4.5"], PROXY),
        (["fe80::1%eth0"], PROXY),
        (["[::1"], PROXY),
        (["203.0.113.9:x"], PROXY),
        (["203.0.113.９"], PROXY),
    ],
)
def test_the_chain_is_read_from_the_right(headers: list[str], client: str) -> None:
    """Through our proxies only, to the first address that is none of them."""
    assert find(PROXY, *headers) == client


@pytest.mark.parametrize("peer", ["203.0.113.50", "2001:db8::7", "192.168.1.4"])
def test_nobody_else_is_believed(peer: str) -> None:
    """A peer that is no proxy of ours cannot be somebody else by a header."""
    assert find(peer, "1.2.3.4") == peer


@given(st.lists(st.text(max_size=30), max_size=5), st.sampled_from(["8.8.8.8", "2606:4700::1111"]))
def test_no_header_moves_a_peer_that_is_not_trusted(headers: list[str], peer: str) -> None:
    """Whatever the headers hold, with and without proxies."""
    assert find(peer, *headers) == find(peer, *headers, trusted=NO_PROXIES) == peer


@given(st.lists(st.text(alphabet="0123456789.,: []abcdef", max_size=60), max_size=4))
def test_what_a_client_writes_left_of_the_proxys_word_changes_nothing(forged: list[str]) -> None:
    """The trusted proxy appends the true peer; everything before it is the client's own."""
    assert find(PROXY, *forged, "198.51.100.7") == "198.51.100.7"


def test_control_reading_from_the_left_is_fooled() -> None:
    """CONTROL: the leftmost entry, as many read it, is whatever the client wrote."""
    header = "1.2.3.4, 203.0.113.9"
    assert header.split(",", maxsplit=1)[0].strip() != find(PROXY, header)


@pytest.mark.parametrize(
    "peer", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1"]
)
def test_a_private_peer_without_proxies_is_nobody(peer: str) -> None:
    """It is most likely an unconfigured proxy: everybody behind it would share one bucket."""
    assert find(peer, "203.0.113.9", trusted=NO_PROXIES) is None


def test_a_unix_socket_is_a_proxy_only_if_named() -> None:
    """Without a peer's address: nobody, unless `unix` is trusted."""
    unix = parse_proxies(["unix"])
    assert find(None, "203.0.113.9", trusted=NO_PROXIES) is None
    assert find(None, "203.0.113.9", trusted=unix) == "203.0.113.9"
    assert find(None, trusted=unix) is None
    assert find("not an address", "203.0.113.9", trusted=unix) is None


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "10.0.0.1/8", "proxy.internal", ""])
def test_a_proxy_is_an_address_or_a_network(text: str) -> None:
    """Everybody, a name, or a network with host bits is a fault of the configuration."""
    with pytest.raises(ValueError, match=r".+"):
        parse_proxies([text])


def test_an_ipv6_line_is_one_bucket() -> None:
    """A /64 shares a limit, since its holder has 2^64 addresses; IPv4 addresses stand alone."""
    first, second, other = (parse_address(text) for text in ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"))
    assert first
    assert second
    assert other
    assert to_bucket(first) == to_bucket(second) != to_bucket(other)
    four, mapped = parse_address("203.0.113.9"), parse_address("::ffff:203.0.113.9")
    assert four
    assert mapped
    assert to_bucket(four) == to_bucket(mapped) == "203.0.113.9"
