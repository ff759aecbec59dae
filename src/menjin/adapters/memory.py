"""Every store in the memory of one process: for tests, examples and the first minutes."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType

from menjin.login.claims import Claim
from menjin.session_keys.attempts import FAILURES_AT_MOST, IN_FLIGHT_AT_MOST, CountedKey, StillInFlightError, Use
from menjin.session_keys.model import Keyring
from menjin.sessions.model import BoundAccount, EndReason, FoundSession, Session
from menjin.sessions.store import FORMER_TOKENS_KEPT
from menjin.values import AppId, IdentityId, OpenId, SessionId


class MemoryTransactions:
    """Nothing to hold together: each memory store is whole by itself."""

    works_without_loop = True

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[object]:
        """Do nothing."""
        yield self


class MemoryKeyrings:
    """The keyring store."""

    works_without_loop = True

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._rings: dict[tuple[AppId, OpenId], Keyring] = {}

    def people(self) -> Mapping[tuple[AppId, OpenId], Keyring]:
        """Return who has a keyring, and which."""
        return MappingProxyType(self._rings)

    async def find(self, appid: AppId, openid: OpenId) -> Keyring | None:
        """Return the keyring, or None."""
        return self._rings.get((appid, openid))

    async def change(self, appid: AppId, openid: OpenId, rule: Callable[[Keyring | None], Keyring]) -> None:
        """Replace the keyring by what `rule` makes of it."""
        with self._guard:
            self._rings[appid, openid] = rule(self._rings.get((appid, openid)))


_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Tries:
    """Attempts with a key: all that count, and of these the ones in flight, the last of them begun then."""

    counted: int = 0
    in_flight: int = 0
    begun_at: datetime = _NEVER

    def are_over(self, now: datetime) -> bool:
        """Whether none is in flight, or its holder is taken for dead."""
        return not self.in_flight or self.begun_at <= now - IN_FLIGHT_AT_MOST

    def is_spent(self, now: datetime) -> bool:
        """Whether none is left, and none is in flight that may be given back."""
        return self.counted >= FAILURES_AT_MOST and self.are_over(now)


class MemoryAttempts:
    """The attempt store."""

    works_without_loop = True

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._tries: dict[CountedKey, _Tries] = {}
        self._resets: dict[tuple[str, str], datetime] = {}
        self._uses: dict[tuple[str, str, str], Use] = {}

    async def begin(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime) -> int:
        """Count one attempt with a key; 0 if it is spent."""
        key = CountedKey(appid, openid, key_mac)
        with self._guard:
            tries = self._tries.setdefault(key, _Tries())
            if tries.is_spent(now):
                return 0
            if tries.counted >= FAILURES_AT_MOST:
                raise StillInFlightError
            tries.in_flight = 1 if tries.are_over(now) else tries.in_flight + 1
            tries.counted, tries.begun_at = tries.counted + 1, now
            return tries.counted

    async def refund(self, appid: AppId, openid: OpenId, key_mac: str) -> None:
        """Take one attempt back."""
        key = CountedKey(appid, openid, key_mac)
        with self._guard:
            tries = self._tries[key]
            tries.counted, tries.in_flight = tries.counted - 1, max(tries.in_flight - 1, 0)
            if not tries.counted:
                del self._tries[key]

    async def note_failure(self, appid: AppId, openid: OpenId, key_mac: str) -> None:
        """Note that one attempt is over, and failed."""
        with self._guard:
            tries = self._tries[CountedKey(appid, openid, key_mac)]
            tries.in_flight = max(tries.in_flight - 1, 0)

    async def list_untouched(self, before: datetime, most: int) -> Sequence[CountedKey]:
        """Return keys last touched before `before`."""
        with self._guard:
            found = [key for key, tries in self._tries.items() if tries.begun_at < before]
            return sorted(found, key=lambda key: self._tries[key].begun_at)[:most]

    async def forget(self, key: CountedKey, before: datetime) -> None:
        """Forget a key's count, unless it was touched since."""
        with self._guard:
            if key in self._tries and self._tries[key].begun_at < before:
                del self._tries[key]

    async def keep(self, key: CountedKey, now: datetime) -> None:
        """Touch a key's count; nothing is in flight that long."""
        with self._guard:
            if key in self._tries:
                self._tries[key].begun_at, self._tries[key].in_flight = now, 0

    async def begin_reset(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime, before: datetime) -> bool:
        """Note that a spent key's replacement is asked for."""
        with self._guard:
            asked_at = self._resets.get((appid, openid))
            is_spent = self._tries.get(CountedKey(appid, openid, key_mac), _Tries()).is_spent(now)
            if not is_spent or (asked_at is not None and asked_at > before):
                return False
            self._resets[appid, openid] = now
            return True

    async def find_use(self, appid: AppId, openid: OpenId, digest: str) -> Use | None:
        """Return what became of a ciphertext."""
        return self._uses.get((appid, openid, digest))

    async def claim_use(self, appid: AppId, openid: OpenId, digest: str, use: Use, instead_of: Use | None) -> bool:
        """Remember a pending use, unless one is remembered already."""
        with self._guard:
            if self._uses.get((appid, openid, digest)) != instead_of:
                return False
            self._uses[appid, openid, digest] = use
            return True

    async def answer_use(self, appid: AppId, openid: OpenId, digest: str, use: Use) -> bool:
        """Say what came of a claimed ciphertext, if the claim is ours still."""
        with self._guard:
            if self._uses.get((appid, openid, digest)) != replace(use, payload=None, is_pending=True):
                return False
            self._uses[appid, openid, digest] = use
            return True

    async def release_use(self, appid: AppId, openid: OpenId, digest: str, use: Use) -> None:
        """Forget a claim, as it was claimed."""
        with self._guard:
            if self._uses.get((appid, openid, digest)) == use:
                del self._uses[appid, openid, digest]

    async def purge_uses(self, before: datetime) -> int:
        """Forget uses older than `before`."""
        with self._guard:
            gone = [name for name, use in self._uses.items() if use.used_at < before]
            for name in gone:
                del self._uses[name]
            return len(gone)


class MemoryClaims:
    """The claim store."""

    works_without_loop = True

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._claims: dict[str, tuple[datetime, Claim]] = {}

    async def claim(self, code_hash: str, now: datetime, until: datetime, *, is_keyed: bool) -> bool:
        """Claim a code; False if it is claimed already."""
        with self._guard:
            found = self._claims.get(code_hash)
            if found is not None and found[0] > now:
                return False
            self._claims[code_hash] = (until, Claim(is_keyed))
            return True

    async def find(self, code_hash: str) -> Claim | None:
        """Return what is known of a code."""
        found = self._claims.get(code_hash)
        return found[1] if found is not None else None

    async def put_answer(self, code_hash: str, sealed: str, until: datetime) -> None:
        """Keep the answer of a claimed code."""
        with self._guard:
            if code_hash in self._claims:
                end, claim = self._claims[code_hash]
                self._claims[code_hash] = (end, replace(claim, sealed=sealed, answer_until=until))

    async def release(self, code_hash: str) -> None:
        """Give a claim back."""
        with self._guard:
            self._claims.pop(code_hash, None)

    async def purge_claims(self, now: datetime) -> int:
        """Forget claims past their end."""
        with self._guard:
            gone = [code_hash for code_hash, (until, _) in self._claims.items() if until <= now]
            for code_hash in gone:
                del self._claims[code_hash]
            return len(gone)


class MemoryKeyChecks:
    """The check store, over the people a keyring store knows."""

    works_without_loop = True

    def __init__(self, keyrings: MemoryKeyrings) -> None:
        self._keyrings = keyrings
        self._checked: dict[tuple[str, str], tuple[datetime, datetime]] = {}
        self._resting: dict[tuple[str, str], datetime] = {}
        self._refused: dict[tuple[str, str], str] = {}

    async def claim_due(self, appid: AppId, before: datetime, now: datetime, most: int) -> tuple[OpenId, ...]:
        """Return people whose key neither came nor was asked about since `before`."""
        due = [
            openid
            for owner, openid in tuple(self._keyrings.people())
            if owner == appid and self._is_due(appid, openid, before)
        ]
        for openid in due[:most]:
            self._checked[appid, openid] = (now, self._began_at(appid, openid))
        return tuple(due[:most])

    async def rest(self, appid: AppId, openid: OpenId, claimed_at: datetime) -> None:
        """Claim a person no more until their next key comes."""
        at, began_at = self._checked[appid, openid]
        if at == claimed_at:
            self._resting[appid, openid] = began_at

    def _is_due(self, appid: AppId, openid: OpenId, before: datetime) -> bool:
        began_at = self._began_at(appid, openid)
        at, _ = self._checked.get((appid, openid), (began_at, began_at))
        return max(at, began_at) <= before and self._resting.get((appid, openid)) != began_at

    def _began_at(self, appid: AppId, openid: OpenId) -> datetime:
        return self._keyrings.people()[appid, openid].current.began_at

    async def note_refused(self, appid: AppId, openid: OpenId, key_mac: str) -> bool:
        """Note that WeChat refused a key; True if it refused the same one the time before."""
        before, self._refused[appid, openid] = self._refused.get((appid, openid)), key_mac
        return before == key_mac

    async def note_good(self, appid: AppId, openid: OpenId) -> None:
        """Forget an earlier refusal."""
        self._refused.pop((appid, openid), None)


@dataclass(slots=True)
class _Row:
    session: Session
    token_hash: str
    rotated: dict[str, datetime] = field(default_factory=dict)


class MemorySessions:
    """The session store."""

    works_without_loop = True

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._rows: dict[str, _Row] = {}
        self._by_hash: dict[str, str] = {}

    async def add(self, session: Session, token_hash: str) -> None:
        """Keep a new session."""
        with self._guard:
            self._rows[session.session_id] = _Row(session, token_hash)
            self._by_hash[token_hash] = session.session_id

    async def find(self, token_hash: str) -> FoundSession | None:
        """Return the session of a token's hash."""
        with self._guard:
            session_id = self._by_hash.get(token_hash)
            if session_id is None:
                return None
            row = self._rows[session_id]
            return FoundSession(row.session, row.rotated.get(token_hash))

    async def touch(self, session_id: SessionId, last_seen_at: datetime) -> None:
        """Move `last_seen_at`, never backwards."""
        with self._guard:
            row = self._rows.get(session_id)
            if row is not None and last_seen_at > row.session.last_seen_at:
                row.session = replace(row.session, last_seen_at=last_seen_at)

    async def rotate(
        self, session_id: SessionId, token_hash: str, new_hash: str, account: BoundAccount | None, now: datetime
    ) -> bool:
        """Replace the current token and the account, if nobody else did first."""
        with self._guard:
            row = self._rows.get(session_id)
            if row is None or row.token_hash != token_hash or row.session.ended is not None:
                return False
            row.rotated[token_hash] = now
            for forgotten in list(row.rotated)[:-FORMER_TOKENS_KEPT]:
                del row.rotated[forgotten], self._by_hash[forgotten]
            row.token_hash = new_hash
            self._by_hash[new_hash] = session_id
            subject = replace(row.session.subject, account=account)
            row.session = replace(row.session, subject=subject, last_seen_at=now)
            return True

    async def end(self, session_id: SessionId, reason: EndReason, now: datetime) -> None:  # noqa: ARG002 - the port's
        """End a session; the first reason stays."""
        with self._guard:
            self._end(self._rows.get(session_id), reason)

    async def list_live(self, identity_id: IdentityId, now: datetime) -> tuple[Session, ...]:
        """Return the live sessions of an identity, the newest first."""
        with self._guard:
            mine = [row.session for row in self._rows.values() if row.session.subject.identity_id == identity_id]
        live = (session for session in mine if session.ended is None and session.expires_at > now)
        return tuple(sorted(live, key=lambda session: session.issued_at, reverse=True))

    async def confirm(self, session_id: SessionId, authenticated_at: datetime) -> None:
        """Note that the person proved who they are once more."""
        with self._guard:
            row = self._rows.get(session_id)
            if row is not None:
                row.session = replace(row.session, authenticated_at=authenticated_at)

    async def purge(self, before: datetime, limit: int) -> int:
        """Forget sessions whose absolute end lies before `before`."""
        with self._guard:
            gone = [key for key, row in self._rows.items() if row.session.ends_at < before][:limit]
            for session_id in gone:
                row = self._rows.pop(session_id)
                for token_hash in (row.token_hash, *row.rotated):
                    del self._by_hash[token_hash]
            return len(gone)

    @staticmethod
    def _end(row: _Row | None, reason: EndReason) -> None:
        if row is not None and row.session.ended is None:
            row.session = replace(row.session, ended=reason)
