"""The store of service clients on SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.tables import CLIENT_READS, SERVICE_CLIENTS
from menjin.clients.model import SCOPES, Scope, ServiceClient
from menjin.clock import from_micros, to_micros
from menjin.values import AppId, ClientId

_ALL_APPS = "*"


class SqlClients:
    """Keeps one row a client, and one a generation of an access_token that it was given."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.works_without_loop = database.works_without_loop

    async def add(self, client: ServiceClient) -> None:
        """Keep a new client."""
        values = {
            "client_id": client.client_id,
            "name": client.name,
            "credential_hash": client.credential_hash,
            "appids": _ALL_APPS if client.appids is None else " ".join(sorted(client.appids)),
            "scopes": " ".join(sorted(client.scopes)),
            "created_at": to_micros(client.created_at) if client.created_at is not None else None,
        }
        async with self._database.transaction() as work:
            await work.run(sa.insert(SERVICE_CLIENTS).values(**values))

    async def find(self, credential_hash: str) -> ServiceClient | None:
        """Return the client with this credential, revoked or not, or None."""
        query = sa.select(SERVICE_CLIENTS).where(SERVICE_CLIENTS.c.credential_hash == credential_hash)
        async with self._database.reading() as work:
            row = await work.first(query)
        return _to_client(row) if row is not None else None

    async def list_all(self) -> tuple[ServiceClient, ...]:
        """Return every client, the oldest first."""
        query = sa.select(SERVICE_CLIENTS).order_by(SERVICE_CLIENTS.c.client_id)
        async with self._database.reading() as work:
            return tuple(_to_client(row) for row in await work.run(query))

    async def revoke(self, client_id: ClientId, now: datetime) -> bool:
        """Revoke a client from `now` on; False if there is none."""
        clients = SERVICE_CLIENTS.c
        is_live = (clients.client_id == client_id, clients.revoked_at.is_(None))
        async with self._database.transaction() as work:
            await work.run(sa.update(SERVICE_CLIENTS).where(*is_live).values(revoked_at=to_micros(now)))
            there = await work.first(sa.select(clients.client_id).where(clients.client_id == client_id))
            return there is not None

    async def note_read(self, client_id: ClientId, appid: AppId, generation: int, now: datetime) -> bool:
        """Note that a client was given a generation; False if it was before."""
        values = {"client_id": client_id, "appid": appid, "generation": generation, "read_at": to_micros(now)}

        async def deed(work: Work) -> bool:
            return await work.add_if_new(CLIENT_READS, values)

        return await self._database.run(deed)

    async def has_read(self, client_id: ClientId, appid: AppId, generation: int) -> bool:
        """Whether a client was given a generation."""
        reads = CLIENT_READS.c
        this = (reads.client_id == client_id, reads.appid == appid, reads.generation == generation)
        async with self._database.reading() as work:
            return await work.first(sa.select(reads.read_at).where(*this)) is not None

    async def purge_reads(self, before: datetime) -> int:
        """Forget what was read before a moment; return how much."""
        old = sa.delete(CLIENT_READS).where(CLIENT_READS.c.read_at < to_micros(before))
        async with self._database.transaction() as work:
            return (await work.run(old)).rowcount


def _to_client(row: sa.Row[Any]) -> ServiceClient:
    appids = None if row.appids == _ALL_APPS else frozenset(AppId(one) for one in row.appids.split())
    known = frozenset(cast("Scope", one) for one in row.scopes.split() if one in SCOPES)
    return ServiceClient(
        client_id=ClientId(row.client_id),
        name=row.name,
        credential_hash=row.credential_hash,
        appids=appids,
        scopes=known,
        created_at=from_micros(row.created_at) if row.created_at is not None else None,
        revoked_at=from_micros(row.revoked_at) if row.revoked_at is not None else None,
    )
