"""Who was given which access_token, kept in the ledger: each client's first read of each generation.

It never costs anybody their token. A read waits a quarter of a second for its line, mostly much more than that takes;
then the line is written beside it. While the database is down the log says so once, and the line is made up for by the
first read after.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from dataclasses import dataclass

from menjin.access_tokens.model import AccessToken
from menjin.clients.flow import Clients
from menjin.clients.model import ServiceClient
from menjin.clock import Stopwatch
from menjin.errors import StoreUnavailable
from menjin.ledger.flow import Ledger
from menjin.login.ports import Transactions
from menjin.values import AppId, ClientId

_LOG = logging.getLogger("menjin.audit")
_PATIENCE = 0.25
_AGAIN_AFTER = 5.0
_SEEN_AT_MOST = 10_000
_ID_LENGTH = 30


@dataclass(frozen=True, slots=True)
class _Seen:
    """A read that is known here.

    Attributes:
        again_at: When its line may be tried once more; None once it is kept.
    """

    generation: int
    again_at: float | None = None


class ReadAudit:
    """Keeps a line for each first read, together with the mark that makes it the first.

    Args:
        clients: Know who read what, also in other processes.
        ledger: Keeps the lines.
        transactions: Of the database that both are in.
        stopwatch: For the time between two tries.
    """

    def __init__(self, clients: Clients, ledger: Ledger, transactions: Transactions, stopwatch: Stopwatch) -> None:
        self._clients = clients
        self._ledger = ledger
        self._transactions = transactions
        self._stopwatch = stopwatch
        self._seen: dict[tuple[ClientId, AppId], _Seen] = {}
        self._under_way: dict[tuple[ClientId, AppId, int], asyncio.Task[None]] = {}

    async def note(self, client: ServiceClient, token: AccessToken) -> None:
        """Keep that a client was given a token, if that is news; raise nothing, and take no longer than a moment."""
        key = (client.client_id, token.appid)
        seen = self._seen.get(key)
        is_known = seen is not None and seen.generation == token.generation
        deed = (*key, token.generation)
        if deed in self._under_way or (is_known and not self._is_due(seen)):
            return
        task = asyncio.create_task(self._keep(client, token.appid, token.generation))
        self._under_way[deed] = task
        task.add_done_callback(lambda done: self._end(deed, done))
        await asyncio.wait({task}, timeout=_PATIENCE)

    async def has_read(self, client: ServiceClient, token: AccessToken) -> bool:
        """Whether a client was given this token; no, if that cannot be looked up."""
        seen = self._seen.get((client.client_id, token.appid))
        if seen is not None and seen.generation == token.generation:
            return True
        try:
            return await self._clients.has_read(client, token.appid, token.generation)
        except StoreUnavailable:
            return False

    def _is_due(self, seen: _Seen | None) -> bool:
        return seen is not None and seen.again_at is not None and self._stopwatch.seconds() >= seen.again_at

    async def _keep(self, client: ServiceClient, appid: AppId, generation: int) -> None:
        key, said = (client.client_id, appid), f"client={client.client_id} name={client.name} appid={appid}"
        line = None
        try:
            async with self._transactions.transaction():
                if await self._clients.note_read(client, appid, generation):
                    line = await self._ledger.write(
                        "access_token_read",
                        to_subject_id(client.client_id),
                        actor="service",
                        appid=appid,
                        reason=str(generation),
                    )
        except StoreUnavailable:
            before = self._seen.get(key)
            self._remember(key, _Seen(generation, self._stopwatch.seconds() + _AGAIN_AFTER))
            if before is None or before.generation != generation:
                _LOG.warning("access_token read, not in the ledger yet: %s generation=%s", said, generation)
            return
        self._remember(key, _Seen(generation))
        if line is not None:
            self._ledger.say(line)
            _LOG.info("access_token read %s generation=%s", said, generation)

    def _remember(self, key: tuple[ClientId, AppId], seen: _Seen) -> None:
        before = self._seen.get(key)
        if before is not None and before.generation > seen.generation:
            return  # that one was written slowly
        if len(self._seen) >= _SEEN_AT_MOST:
            self._seen.clear()
        self._seen[key] = seen

    def _end(self, deed: tuple[ClientId, AppId, int], done: asyncio.Task[None]) -> None:
        self._under_way.pop(deed, None)
        error = None if done.cancelled() else done.exception()
        if error is not None:  # a bug: by its kind only, since its text may hold values
            _LOG.error("access_token read, not in the ledger: %s appid=%s", type(error).__name__, deed[1])


def to_subject_id(client_id: ClientId) -> str:
    """Return what a client is in the table of pseudonyms: its id, or, of a longer one, 30 characters of its hash."""
    if len(client_id) <= _ID_LENGTH:
        return client_id
    return "cli#" + base64.b32encode(hashlib.sha256(client_id.encode()).digest()).decode()[:26].lower()
