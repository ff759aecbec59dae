"""What the wing needs from outside: a place for service clients."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from menjin.clients.model import ServiceClient
from menjin.values import AppId, ClientId


class ClientStore(Protocol):
    """Keeps service clients; one that was revoked stays, for the record."""

    async def add(self, client: ServiceClient) -> None:
        """Keep a new client.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        ...

    async def find(self, credential_hash: str) -> ServiceClient | None:
        """Return the client with this credential, revoked or not, or None.

        Raises:
            StoreUnavailable: The store cannot be asked; nothing is known of the caller.
        """
        ...

    async def list_all(self) -> tuple[ServiceClient, ...]:
        """Return every client, the oldest first.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        ...

    async def revoke(self, client_id: ClientId, now: datetime) -> bool:
        """Revoke a client from `now` on; False if there is none. A second time changes nothing.

        Raises:
            StoreUnavailable: The store cannot be asked; it may not be revoked.
        """
        ...

    async def note_read(self, client_id: ClientId, appid: AppId, generation: int, now: datetime) -> bool:
        """Note that a client was given a generation of an app's access_token; False if it was before.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        ...

    async def has_read(self, client_id: ClientId, appid: AppId, generation: int) -> bool:
        """Whether a client was given a generation of an app's access_token.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        ...

    async def purge_reads(self, before: datetime) -> int:
        """Forget what was read before a moment; return how much.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        ...
