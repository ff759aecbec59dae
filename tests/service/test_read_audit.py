"""Reads of access_tokens in the ledger: once, together with their mark, and never at the cost of a token."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from menjin import Apps, Parts, Secret
from menjin.access_tokens.flow import AccessTokens
from menjin.access_tokens.model import AccessToken
from menjin.adapters.client_memory import MemoryClients
from menjin.adapters.memory import MemoryTransactions
from menjin.adapters.memory_ledger import MemoryLedger
from menjin.clients.flow import Clients
from menjin.clients.model import ServiceClient
from menjin.errors import StoreUnavailable
from menjin.ledger.flow import Ledger
from menjin.ledger.model import Line
from menjin.ledger.request import within_request
from menjin.ledger.store import LedgerStore
from menjin.service.metrics import Metrics
from menjin.service.read_audit import ReadAudit, to_subject_id
from menjin.service.token_desk import TokenDesk
from menjin.values import ClientId
from support.clock import ClockStopwatch, CountedRandomness, FakeClock
from support.doors import APP
from support.internal import APPID, READ_AND_REPORT, serve_internal


class SlowLedger(MemoryLedger):
    """Takes its time.

    Attributes:
        goes_on: What it waits for.
        has_written: Told of each line.
    """

    def __init__(self) -> None:
        super().__init__()
        self.goes_on, self.has_written = asyncio.Event(), asyncio.Event()
        self.goes_on.set()

    async def add(self, line: Line) -> None:
        """Keep a line, in the end."""
        await self.goes_on.wait()
        await super().add(line)
        self.has_written.set()


class Switch(MemoryTransactions):
    """A database that is down while it is told to be.

    Attributes:
        is_down: Whether it is.
    """

    is_down = False

    def ask(self) -> None:
        """Fail while it is down.

        Raises:
            StoreUnavailable: It is.
        """
        if self.is_down:
            raise StoreUnavailable

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[object]:
        """Open one, or fail."""
        self.ask()
        yield self


class OneToken:
    """A centre whose token is always in hand.

    Args:
        clock: Tells the time.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.generation = 1

    async def get(self, _appid: str) -> AccessToken:
        """Return it."""
        now = self._clock.now()
        return AccessToken(APP.appid, Secret("a" * 136), self.generation, now, now + timedelta(hours=2))


class Stand:
    """A desk with one client.

    Args:
        make_audit: Makes the audit; for controls.
    """

    def __init__(self, make_audit: type[ReadAudit] = ReadAudit) -> None:
        self.clock, self.ledger, self.database = FakeClock(), SlowLedger(), Switch()
        self.tokens = OneToken(self.clock)
        self.clients = Clients(MemoryClients(), (), self.clock, CountedRandomness())
        stopwatch = ClockStopwatch(self.clock)
        ledger = Ledger(self.ledger, self.clock, CountedRandomness())
        self.desk = TokenDesk(
            tokens=cast("AccessTokens", self.tokens),
            clients=self.clients,
            apps=Apps([APP]),
            clock=self.clock,
            margin=timedelta(minutes=4),
            metrics=Metrics(),
            audit=make_audit(self.clients, ledger, self.database, stopwatch),
        )

    async def open(self) -> tuple[Secret, ServiceClient]:
        """Add the client."""
        added = await self.clients.add("orders", None, READ_AND_REPORT)
        return added.credential, added.client

    async def lines(self, client: ServiceClient) -> list[Line]:
        """Return the client's lines."""
        return list(await self.ledger.list_lines(client.client_id))


def test_a_line_a_generation() -> None:
    """With app, generation, request and `service`; a second read of the same generation has none."""

    async def play() -> None:
        stand = Stand()
        credential, client = await stand.open()
        for generation in (1, 1, 2, 2):
            stand.tokens.generation = generation
            with within_request(f"req-{generation}"):
                await stand.desk.read(credential, APP.appid)
        lines = await stand.lines(client)
        seen = [(line.deed, line.actor, line.appid, line.reason, line.request_id) for line in lines]
        assert seen == [("access_token_read", "service", APP.appid, str(one), f"req-{one}") for one in (1, 2)]

    asyncio.run(play())


def test_a_generation_read_while_the_one_before_is_written_has_its_line() -> None:
    """The ledger is slow with the first line; the second read of that moment, of a newer token, is not forgotten."""

    async def play() -> None:
        stand = Stand()
        credential, client = await stand.open()
        stand.ledger.goes_on.clear()
        await stand.desk.read(credential, APP.appid)
        stand.tokens.generation = 2
        await stand.desk.read(credential, APP.appid)
        stand.ledger.goes_on.set()
        for _ in range(100):
            await asyncio.sleep(0)
        assert sorted(str(line.reason) for line in await stand.lines(client)) == ["1", "2"]

    asyncio.run(play())


async def read_while_down(stand: Stand) -> tuple[Secret, ServiceClient]:
    """Read thrice while the ledger is down."""
    credential, client = await stand.open()
    stand.database.is_down = True
    for _ in range(3):
        assert (await stand.desk.read(credential, APP.appid)).access_token == Secret("a" * 136)
    return credential, client


def test_an_outage_refuses_nobody_and_is_made_up_for(caplog: pytest.LogCaptureFixture) -> None:
    """Tokens all the same, one warning; back again, a read five seconds later writes the line, once."""
    caplog.set_level(logging.INFO, "menjin.audit")

    async def play() -> None:
        stand = Stand()
        credential, client = await read_while_down(stand)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert client.client_id in caplog.text
        assert "a" * 136 not in caplog.text
        stand.database.is_down = False
        await stand.desk.read(credential, APP.appid)
        assert await stand.lines(client) == []  # not at every read: the store may be on its knees
        stand.clock.advance(seconds=5)
        for _ in range(2):
            await stand.desk.read(credential, APP.appid)
        assert [line.reason for line in await stand.lines(client)] == ["1"]

    asyncio.run(play())


class StrictAudit(ReadAudit):
    """BROKEN: without a line there is no token."""

    async def note(self, client: ServiceClient, token: AccessToken) -> None:
        """Keep the line, or fail."""
        async with self._transactions.transaction():
            await self._ledger.write("access_token_read", client.client_id, actor="service", appid=token.appid)


def test_control_an_audit_that_refuses() -> None:
    """CONTROL: an audit whose failure reaches the reader refuses tokens in an outage."""
    with pytest.raises(StoreUnavailable):
        asyncio.run(read_while_down(Stand(StrictAudit)))


def test_a_ledger_that_hangs_holds_up_nobody() -> None:
    """A read does not wait for it, nor do those behind it; the line is written when it answers."""

    async def play() -> None:
        stand = Stand()
        credential, client = await stand.open()
        stand.ledger.goes_on.clear()
        async with asyncio.timeout(10):
            for _ in range(20):
                await stand.desk.read(credential, APP.appid)
        assert await stand.lines(client) == []
        stand.ledger.goes_on.set()
        async with asyncio.timeout(10):
            await stand.ledger.has_written.wait()
        assert len(await stand.lines(client)) == 1

    asyncio.run(play())


def test_over_http_while_the_ledger_is_down(tmp_path: Path) -> None:
    """The listener hands out tokens; mark and line are one transaction, so the mark was not left without its line."""
    switch = Switch()
    switch.is_down = True

    def break_ledger(parts: Parts) -> Parts:
        whole = parts.stores.ledger
        return replace(parts, stores=replace(parts.stores, ledger=cast("LedgerStore", SwitchedLedger(whole, switch))))

    with serve_internal(tmp_path, break_parts=break_ledger) as internal:
        credential = internal.credential()
        internal.read(credential)
        assert internal.audited == []
        switch.is_down = False
        internal.world.clock.advance(5)
        internal.read(credential)
        assert internal.audited == [("orders", APPID, 1)]


class SwitchedLedger:
    """A ledger that is down while another says so.

    Args:
        inner: Keeps the lines.
        switch: Says so.
    """

    def __init__(self, inner: LedgerStore, switch: Switch) -> None:
        self._inner = inner
        self._switch = switch

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands in for every method
        return getattr(self._inner, name)

    async def keep_pseudonym(self, subject_id: str, fresh: str) -> str:
        """Keep it, or fail."""
        self._switch.ask()
        return await self._inner.keep_pseudonym(subject_id, fresh)


def test_a_long_name_of_the_configuration_fits() -> None:
    """The table of pseudonyms takes 30 characters: a longer id is its hash, others are as they are."""
    long, other = ClientId("cfg_" + "n" * 64), ClientId("cfg_" + "n" * 63)
    assert to_subject_id(ClientId("cfg_orders")) == "cfg_orders"
    assert len(to_subject_id(long)) == 30
    assert to_subject_id(long) == to_subject_id(ClientId("cfg_" + "n" * 64)) != to_subject_id(other)
