"""What every store of service clients promises."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from menjin.clients.model import SCOPES, ServiceClient
from menjin.values import AppId, ClientId
from support.benches import Bench
from support.clock import START

APPID, OTHER = AppId("wx0123456789abcdef"), AppId("wx00000000000000aa")
FIRST = ServiceClient(
    ClientId("cli_" + "0" * 26), "orders 订单", "a" * 64, frozenset({APPID, OTHER}), frozenset(SCOPES[:2]), START
)
SECOND = ServiceClient(ClientId("cli_" + "1" * 26), "orders 订单", "b" * 64, None, frozenset(), START)


def test_clients_come_back_as_they_were_kept(bench: Bench) -> None:
    """Found by their hash, byte for byte, and listed in the order they were added; two may share a name."""
    clients = bench.stores.clients
    for one in (FIRST, SECOND):
        bench.run(clients.add(one))
    assert bench.run(clients.find("a" * 64)) == FIRST
    assert bench.run(clients.find("b" * 64)) == SECOND
    assert bench.run(clients.find("A" * 64)) is None
    assert bench.run(clients.find("a" * 63)) is None
    assert bench.run(clients.list_all()) == (FIRST, SECOND)


def test_a_revoked_client_stays_for_the_record(bench: Bench) -> None:
    """The first revocation's moment stays; revoking nobody says so; others are untouched."""
    clients = bench.stores.clients
    for one in (FIRST, SECOND):
        bench.run(clients.add(one))
    assert bench.run(clients.revoke(FIRST.client_id, START + timedelta(minutes=1)))
    assert bench.run(clients.revoke(FIRST.client_id, START + timedelta(minutes=2)))
    assert not bench.run(clients.revoke(ClientId("cli_none"), START))
    found = bench.run(clients.find("a" * 64))
    assert found is not None
    assert found.revoked_at == START + timedelta(minutes=1)
    assert bench.run(clients.find("b" * 64)) == SECOND


def test_of_twenty_first_reads_at_once_one_is_the_first(bench: Bench) -> None:
    """A generation counts as first read once, whatever the number of processes; the next one counts anew."""
    clients = bench.stores.clients
    note = partial(clients.note_read, FIRST.client_id, APPID)
    results = bench.at_once([partial(note, 7, START)] * 20)
    assert sorted(results, key=repr) == [False] * 19 + [True]
    assert bench.run(note(8, START))
    assert bench.run(clients.note_read(FIRST.client_id, OTHER, 7, START))
    assert bench.run(clients.has_read(FIRST.client_id, APPID, 8))
    assert not bench.run(clients.has_read(FIRST.client_id, OTHER, 8))
    assert not bench.run(clients.has_read(SECOND.client_id, APPID, 8))


def test_old_reads_are_forgotten(bench: Bench) -> None:
    """Purging takes what is older than the moment, and nothing else."""
    clients = bench.stores.clients
    bench.run(clients.note_read(FIRST.client_id, APPID, 1, START))
    bench.run(clients.note_read(FIRST.client_id, APPID, 2, START + timedelta(days=1)))
    assert bench.run(clients.purge_reads(START)) == 0
    assert bench.run(clients.purge_reads(START + timedelta(hours=1))) == 1
    assert not bench.run(clients.has_read(FIRST.client_id, APPID, 1))
    assert bench.run(clients.has_read(FIRST.client_id, APPID, 2))
