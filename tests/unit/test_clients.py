"""Service clients: who is admitted, for what, and what their credentials look like."""

from __future__ import annotations

from itertools import product

import pytest

from menjin import Secret
from menjin.adapters.client_memory import MemoryClients
from menjin.bridge import drive
from menjin.clients.credential import hash_credential, is_credential_hash, make_credential
from menjin.clients.flow import Clients
from menjin.clients.model import SCOPES, Scope, ServiceClient
from menjin.errors import ClientInvalid, ClientNotPermitted
from menjin.values import AppId, ClientId
from support.clock import CountedRandomness, FakeClock

APPID, OTHER = AppId("wx0123456789abcdef"), AppId("wx00000000000000aa")


def open_clients(*configured: ServiceClient) -> tuple[Clients, FakeClock]:
    """Return the flow over memory, and its clock."""
    clock = FakeClock()
    return Clients(MemoryClients(), configured, clock, CountedRandomness()), clock


def test_a_client_may_what_it_was_given_and_nothing_else() -> None:
    """Over every scope, every grant, and its own app, another or none."""
    clients, _ = open_clients()
    for appids, granted in product((frozenset({APPID}), None), SCOPES):
        made = drive(clients.add("x", appids, frozenset({granted})))
        for scope, appid in product(SCOPES, (APPID, OTHER, None)):
            may = scope == granted and (appids is None or appid in {APPID, None})
            if may:
                assert drive(clients.authorise(made.credential, scope, appid)) == made.client
            else:
                with pytest.raises(ClientNotPermitted):
                    drive(clients.authorise(made.credential, scope, appid))


@pytest.mark.parametrize(
    "text",
    ["", "mjc_", "mjc_" + "A" * 42, "mjc_" + "A" * 44, "mjs_" + "A" * 43, "mjc_" + "é" * 43, "mjc_" + "A" * 43 + "\n"],
)
def test_what_is_no_credential_is_refused_without_the_store(text: str) -> None:
    """By its form alone, in constant words."""
    with pytest.raises(ClientInvalid):
        hash_credential(Secret(text))


def test_credentials_are_256_random_bits() -> None:
    """None is like another, and what is kept of it is a hash."""
    randomness = CountedRandomness()
    made = [make_credential(randomness).reveal() for _ in range(100)]
    assert len(set(made)) == 100
    assert {len(one) for one in made} == {47}
    assert is_credential_hash(hash_credential(Secret(made[0])))
    assert not is_credential_hash(made[0])


def test_a_client_of_the_configuration_needs_no_store() -> None:
    """It is admitted while the store is empty, and comes first in the list."""
    credential = make_credential(CountedRandomness())
    scopes: frozenset[Scope] = frozenset({"access_token:read"})
    named = ServiceClient(ClientId("cfg_a"), "a", hash_credential(credential), None, scopes)
    clients, _ = open_clients(named)
    assert drive(clients.authorise(credential, "access_token:read", APPID)) == named
    assert drive(clients.list_all()) == (named,)


def test_a_revoked_client_is_refused_at_once_here_and_elsewhere_within_a_second() -> None:
    """Another process that admitted it a moment ago forgets that within a second, also if its clock jumps back."""
    store, clock = MemoryClients(), FakeClock()
    here, there = (Clients(store, (), clock, CountedRandomness()) for _ in range(2))
    made = drive(here.add("x", None, frozenset(SCOPES)))
    drive(there.authorise(made.credential, "access_token:read", APPID))
    assert drive(here.revoke(made.client.client_id))
    with pytest.raises(ClientInvalid):
        drive(here.authorise(made.credential, "access_token:read", APPID))
    clock.advance(milliseconds=999)
    with pytest.raises(ClientInvalid):
        drive(there.authorise(made.credential, "access_token:read", APPID))
    again = drive(here.add("y", None, frozenset(SCOPES)))
    drive(there.authorise(again.credential, "access_token:read", APPID))
    drive(here.revoke(again.client.client_id))
    clock.advance(hours=-1)
    with pytest.raises(ClientInvalid):
        drive(there.authorise(again.credential, "access_token:read", APPID))


def test_a_credential_is_in_no_repr() -> None:
    """Neither it nor its hash shows where a client or a new one is printed."""
    clients, _ = open_clients()
    made = drive(clients.add("x", None, frozenset(SCOPES)))
    assert made.credential.reveal() not in repr(made)
    assert made.client.credential_hash not in repr(made)


def test_reads_are_forgotten_after_a_month() -> None:
    """Purging keeps what is younger."""
    clients, clock = open_clients()
    client = drive(clients.add("x", None, frozenset(SCOPES))).client
    assert drive(clients.note_read(client, APPID, 1))
    clock.advance(days=20)
    assert drive(clients.note_read(client, APPID, 2))
    assert drive(clients.purge()) == 0
    clock.advance(days=11)
    assert drive(clients.purge()) == 1
    assert not drive(clients.has_read(client, APPID, 1))
