"""The session store on Redis."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from menjin.adapters.redis import scripts
from menjin.adapters.redis.clients import AnyRedis
from menjin.adapters.redis.commands import Commands
from menjin.adapters.redis.durability import describe_losses
from menjin.adapters.redis.records import (
    APPLIED,
    MARKER,
    SWEPT,
    encode_account,
    index_key,
    pointer_key,
    session_key,
    to_fields,
    to_session,
)
from menjin.clock import from_micros, to_micros
from menjin.errors import StoreUnavailable
from menjin.sessions.model import BoundAccount, EndReason, FoundSession, Session
from menjin.sessions.revocations import Revocation
from menjin.sessions.store import FORMER_TOKENS_KEPT
from menjin.sessions.token import read_slot
from menjin.values import IdentityId, SessionId

_LOG = logging.getLogger("menjin.redis")
_KEPT_AFTER_END = timedelta(days=1)
_TOMBSTONE_KEPT = timedelta(days=7)
_BEING_ADDED = timedelta(hours=1)
_REMEMBERED = 10_000


class RedisSessions:
    """Keeps one hash a session, a pointer to it by id, and an index by identity. Redis forgets them by itself.

    Writes may be repeated without harm, so it does not matter whether the client repeats some.

    Args:
        client: redis-py's, single, Sentinel's or Cluster's, of either colour; `open_redis` opens one.
    """

    def __init__(self, client: AnyRedis) -> None:
        self._commands = Commands(client)
        self._slots: dict[str, str] = {}
        self.works_without_loop = self._commands.works_without_loop

    async def add(self, session: Session, token_hash: str) -> None:
        """Keep a new session; the index first, so that what is alive can be listed and ended."""
        slot = read_slot(token_hash)
        subject = session.subject
        keep = _milliseconds(session.ends_at - session.issued_at + _KEPT_AFTER_END)
        entry = f"{slot}:{to_micros(session.issued_at)}"
        fields = to_fields(session, token_hash[len(slot) :])
        await self._commands.run(scripts.PUT, index_key(subject.identity_id), keep, session.session_id, entry)
        await self._commands.set(pointer_key(session.session_id), slot, keep)
        await self._commands.run(
            scripts.PUT, session_key(slot), keep, *(part for pair in fields.items() for part in pair)
        )
        self._remember(session.session_id, slot)

    async def find(self, token_hash: str) -> FoundSession | None:
        """Return the session whose current or former token has this hash; one command."""
        slot = read_slot(token_hash)
        fields = await self._commands.read_hash(session_key(slot))
        if not fields:
            await self._tell_if_emptied()
            return None
        return self._match(fields, token_hash[len(slot) :], slot)

    async def touch(self, session_id: SessionId, last_seen_at: datetime) -> None:
        """Move `last_seen_at`, never backwards."""
        await self._run(scripts.TOUCH, session_id, to_micros(last_seen_at))

    async def rotate(
        self, session_id: SessionId, token_hash: str, new_hash: str, account: BoundAccount | None, now: datetime
    ) -> bool:
        """Replace the current token and the account, if nobody else did first."""
        slot = read_slot(token_hash)
        if read_slot(new_hash) != slot:
            raise ValueError("a session's tokens share one slot; make the new one from the former")
        if await self._find_slot(session_id) != slot:
            return False  # another session's token
        tails = token_hash[len(slot) :], new_hash[len(slot) :]
        rest = encode_account(account), to_micros(now), FORMER_TOKENS_KEPT
        return bool(await self._commands.run(scripts.ROTATE, session_key(slot), *tails, *rest))

    async def end(self, session_id: SessionId, reason: EndReason, now: datetime) -> None:
        """End a session; the first reason stays, and is told for seven days."""
        await self._run(scripts.END, session_id, reason, to_micros(now), _milliseconds(_TOMBSTONE_KEPT))

    async def list_live(self, identity_id: IdentityId, now: datetime) -> tuple[Session, ...]:
        """Return the live sessions of an identity, the newest first."""
        index = await self._commands.read_hash(index_key(identity_id))
        entries = {session_id: entry.partition(":") for session_id, entry in index.items()}
        hashes = await self._commands.read_hashes([session_key(entry[0]) for entry in entries.values()])
        live: list[Session] = []
        stale: list[str] = []
        for (session_id, (slot, _, issued_at)), fields in zip(entries.items(), hashes, strict=True):
            session = _read(fields) if fields else None
            if session is None:
                stale += [session_id] if now - from_micros(int(issued_at)) > _BEING_ADDED else []
            elif session.ended is not None:
                stale.append(session_id)
            elif now < session.expires_at:
                self._remember(session.session_id, slot)
                live.append(session)
        if stale:
            await self._commands.drop_fields(index_key(identity_id), stale)
        return tuple(sorted(live, key=lambda session: (session.issued_at, session.session_id), reverse=True))

    async def confirm(self, session_id: SessionId, authenticated_at: datetime) -> None:
        """Note that the person proved who they are once more."""
        await self._run(scripts.CONFIRM, session_id, to_micros(authenticated_at))

    async def purge(self, before: datetime, limit: int) -> int:  # noqa: ARG002 - the port's; Redis forgets by itself
        """Do nothing and return 0."""
        return 0

    async def prepare(self) -> None:
        """Set the marker, and warn of a Redis that would lose what it holds.

        Raises:
            StoreUnavailable: Redis cannot be asked.
        """
        await self._tell_if_emptied(logging.WARNING)
        for loss in await describe_losses(self._commands):
            _LOG.warning("%s", loss)

    async def ping(self) -> None:
        """Raise StoreUnavailable unless Redis answers."""
        await self._commands.ping()

    async def close(self) -> None:
        """Close the connections."""
        await self._commands.close()

    async def identify(self) -> str:
        """Return which servers these are: another text after a restart, a failover, a change of role.

        Raises:
            StoreUnavailable: Not all of them can be asked.
        """
        servers = await self._commands.info("server")
        roles = await self._commands.info("replication")
        ids = sorted(str(server.get("run_id")) for server in servers)
        return " ".join(ids + sorted(f"{found.get('role')}:{found.get('master_replid')}" for found in roles))

    async def knows_ends(self, servers: str) -> bool:
        """Whether the recent ends were applied to these servers already, by whichever process."""
        return await self._commands.get(APPLIED) == servers

    async def apply_ends(self, ended: Sequence[Revocation], now: datetime, servers: str | None = None) -> None:
        """End sessions once more that a failover may have brought back.

        Args:
            ended: Which, and how.
            now: The moment.
            servers: From `identify`, if these are all of the last 24 h.
        """
        slots = await self._commands.get_each([pointer_key(one.session_id) for one in ended])
        kept = _milliseconds(_TOMBSTONE_KEPT)
        found = [(slot, one.reason) for slot, one in zip(slots, ended, strict=True) if slot is not None]
        calls = [(session_key(slot), reason, to_micros(now), kept) for slot, reason in found]
        await self._commands.run_each(scripts.END, calls)
        if servers is not None:
            await self._commands.set(APPLIED, servers)

    async def read_swept(self) -> int | None:
        """Return the number of the revocation log up to which every end was written here; None if it is not known."""
        found = await self._commands.get(SWEPT)
        return int(found) if found is not None else None

    async def note_swept(self, number: int) -> None:
        """Remember that number."""
        await self._commands.set(SWEPT, str(number))

    def _match(self, fields: Mapping[str, str], tail: str, slot: str) -> FoundSession | None:
        session = _read(fields)
        self._remember(session.session_id, slot)
        if hmac.compare_digest(fields.get("h", ""), tail):
            return FoundSession(session)
        former = {name[2:]: at for name, at in fields.items() if name.startswith("t:")}
        matching = [at for former_tail, at in former.items() if hmac.compare_digest(former_tail, tail)]
        return FoundSession(session, from_micros(int(matching[0]))) if matching else None

    async def _run(self, script: scripts.Script, session_id: SessionId, *arguments: str | int) -> None:
        slot = await self._find_slot(session_id)
        if slot is not None:
            await self._commands.run(script, session_key(slot), *arguments)

    async def _find_slot(self, session_id: SessionId) -> str | None:
        return self._slots.get(session_id) or await self._commands.get(pointer_key(session_id))

    def _remember(self, session_id: SessionId, slot: str) -> None:
        if len(self._slots) >= _REMEMBERED:
            self._slots.clear()
        self._slots[session_id] = slot

    async def _tell_if_emptied(self, level: int = logging.ERROR) -> None:
        if await self._commands.get(MARKER) is None and await self._commands.set_if_missing(MARKER, "1"):
            _LOG.log(level, "this Redis holds nothing of ours: it is new, or was emptied and everybody logs in anew")


def _read(fields: Mapping[str, str]) -> Session:
    try:
        return to_session(fields)
    except ValueError:
        _LOG.error("a kept session is not readable")
    raise StoreUnavailable(store="redis")


def _milliseconds(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)
