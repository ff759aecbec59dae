"""The store of service clients in the memory of one process."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime

from menjin.clients.model import ServiceClient
from menjin.values import AppId, ClientId


class MemoryClients:
    """Service clients, and who was given which generation of an access_token."""

    works_without_loop = True

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._clients: dict[ClientId, ServiceClient] = {}
        self._reads: dict[tuple[ClientId, AppId, int], datetime] = {}

    async def add(self, client: ServiceClient) -> None:
        """Keep a new client."""
        with self._guard:
            self._clients[client.client_id] = client

    async def find(self, credential_hash: str) -> ServiceClient | None:
        """Return the client with this credential, revoked or not, or None."""
        with self._guard:
            return next((one for one in self._clients.values() if one.credential_hash == credential_hash), None)

    async def list_all(self) -> tuple[ServiceClient, ...]:
        """Return every client, the oldest first."""
        with self._guard:
            return tuple(self._clients.values())

    async def revoke(self, client_id: ClientId, now: datetime) -> bool:
        """Revoke a client from `now` on; False if there is none."""
        with self._guard:
            client = self._clients.get(client_id)
            if client is None:
                return False
            self._clients[client_id] = replace(client, revoked_at=client.revoked_at or now)
            return True

    async def note_read(self, client_id: ClientId, appid: AppId, generation: int, now: datetime) -> bool:
        """Note that a client was given a generation; False if it was before."""
        with self._guard:
            if (client_id, appid, generation) in self._reads:
                return False
            self._reads[client_id, appid, generation] = now
            return True

    async def has_read(self, client_id: ClientId, appid: AppId, generation: int) -> bool:
        """Whether a client was given a generation."""
        with self._guard:
            return (client_id, appid, generation) in self._reads

    async def purge_reads(self, before: datetime) -> int:
        """Forget what was read before a moment; return how much."""
        with self._guard:
            gone = [read for read, read_at in self._reads.items() if read_at < before]
            for read in gone:
                del self._reads[read]
            return len(gone)
