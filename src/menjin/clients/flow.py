"""Adding, revoking and admitting service clients."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from menjin.clients.credential import hash_credential, make_credential
from menjin.clients.model import Scope, ServiceClient, is_client_name
from menjin.clients.store import ClientStore
from menjin.clock import Clock, Randomness
from menjin.errors import ClientInvalid, ClientNotPermitted, Fault, RequestInvalid
from menjin.values import AppId, ClientId, Secret, is_own_id, new_id

# A revocation is obeyed within a second: what is remembered is younger than this, counted from before the look-up.
_REMEMBERED = timedelta(milliseconds=800)
_REMEMBERED_AT_MOST = 1000
_READS_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client just added, with its credential, which is shown once and kept nowhere."""

    client: ServiceClient
    credential: Secret


class Clients:
    """Knows who may ask on a service's behalf.

    Args:
        store: Those added while it runs.
        configured: Those the configuration names; they need no store.
        clock: Tells the time.
        randomness: Makes credentials and ids.
    """

    def __init__(
        self, store: ClientStore, configured: Iterable[ServiceClient], clock: Clock, randomness: Randomness
    ) -> None:
        self._store = store
        self._configured = tuple(configured)
        self._clock = clock
        self._randomness = randomness
        self._remembered: dict[str, tuple[datetime, ServiceClient]] = {}

    async def add(self, name: str, appids: frozenset[AppId] | None, scopes: frozenset[Scope]) -> NewClient:
        """Add a client.

        Args:
            name: For people.
            appids: The apps it may name; None: all.
            scopes: What it may do.

        Raises:
            RequestInvalid: The name is not 1 to 64 characters of `A-Za-z0-9_.-`.
            StoreUnavailable: The store cannot be asked.
        """
        if not is_client_name(name):
            raise RequestInvalid(Fault("name", "1 to 64 characters of A-Za-z0-9_.-"))
        now = self._clock.now()
        credential = make_credential(self._randomness)
        client_id = ClientId(new_id("cli_", now, self._randomness.random_bytes(10)))
        client = ServiceClient(client_id, name, hash_credential(credential), appids, scopes, now)
        await self._store.add(client)
        return NewClient(client, credential)

    async def list_all(self) -> tuple[ServiceClient, ...]:
        """Return every client: those of the configuration, then the others, the oldest first.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        return (*self._configured, *await self._store.list_all())

    async def revoke(self, client_id: ClientId) -> bool:
        """Revoke a client; every running process refuses it within a second. False if there is none.

        One that the configuration names is revoked there.

        Raises:
            StoreUnavailable: The store cannot be asked; it may not be revoked.
        """
        return is_own_id(client_id) and await self._store.revoke(client_id, self._clock.now())

    async def authorise(self, credential: Secret, scope: Scope, appid: AppId | None) -> ServiceClient:
        """Return who a credential is, if it may do this.

        Args:
            credential: As it came.
            scope: What is asked for.
            appid: The app it is asked for; None for deeds that name none. Whether we have that app is
                another question: a client must not find out about apps that are not its own.

        Raises:
            ClientInvalid: No client has this credential, or it was revoked.
            ClientNotPermitted: It may not, or not for this app.
            StoreUnavailable: The store cannot be asked.
        """
        client = await self._find(hash_credential(credential))
        if not client.may(scope, appid):
            raise ClientNotPermitted
        return client

    async def note_read(self, client: ServiceClient, appid: AppId, generation: int) -> bool:
        """Note that a client was given a generation of an app's access_token; whether it is the first time.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        return await self._store.note_read(client.client_id, appid, generation, self._clock.now())

    async def has_read(self, client: ServiceClient, appid: AppId, generation: int) -> bool:
        """Whether a client was given a generation of an app's access_token.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        return await self._store.has_read(client.client_id, appid, generation)

    async def purge(self) -> int:
        """Forget who read what more than a month ago; return how much.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        return await self._store.purge_reads(self._clock.now() - _READS_KEPT)

    async def _find(self, credential_hash: str) -> ServiceClient:
        named = [one for one in self._configured if hmac.compare_digest(one.credential_hash, credential_hash)]
        if named:
            return named[0]
        began = self._clock.now()
        kept = self._remembered.get(credential_hash)
        if kept is not None and timedelta(0) <= began - kept[0] < _REMEMBERED:
            return kept[1]
        found = await self._store.find(credential_hash)
        if found is None or not hmac.compare_digest(found.credential_hash, credential_hash):
            raise ClientInvalid
        if found.revoked_at is not None:
            self._remembered.pop(credential_hash, None)
            raise ClientInvalid
        if len(self._remembered) >= _REMEMBERED_AT_MOST:
            self._remembered.clear()
        self._remembered[credential_hash] = (began, found)
        return found
