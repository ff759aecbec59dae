"""Services with one part deliberately broken: the controls of the proofs. And the business's directory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import uvicorn

from menjin import AsyncMenjin, Parts, Stores, TaskPause, memory_stores
from menjin.errors import StoreUnavailable
from menjin.login.claims import Claim
from menjin.service.app import create_app
from menjin.service.settings import load_settings, to_parts
from menjin.session_keys.attempts import FAILURES_AT_MOST
from menjin.session_keys.model import Keyring
from menjin.session_keys.rules import PREVIOUS_KEPT
from menjin.session_keys.store import KeyringStore
from menjin.sessions.model import FoundSession
from menjin.sessions.revocations import NoRevocations
from menjin.values import AppId, OpenId
from support.broken_accounts import break_numbers, break_steps
from support.broken_attempts import FreeClaims, HastyAttempts, SlowAttempts
from support.over import Over


def verify(username: str, password: str) -> str | None:
    """Be the business's directory: everybody's password is their name and `!`."""
    return username if password == f"{username}!" else None


@dataclass
class Crossed(Over):
    """BROKEN: one look-up in fifty is answered with what the one before it found."""

    count: int = 0
    last: FoundSession | None = None

    async def find(self, token_hash: str) -> FoundSession | None:
        """Return the session of a token's hash, or another's."""
        found: FoundSession | None = await self.inner.find(token_hash)
        self.count += 1
        before, self.last = self.last, found
        return before if self.count % 50 == 0 and before is not None else found


class OldTokensLive(Over):
    """BROKEN: a token goes on working after its rotation."""

    async def find(self, token_hash: str) -> FoundSession | None:
        """Return the session of a token's hash, whenever it was rotated."""
        found: FoundSession | None = await self.inner.find(token_hash)
        return replace(found, rotated_at=None) if found is not None else None


class OutageAsUnknown(Over):
    """BROKEN: a store that cannot be asked knows nobody."""

    async def find(self, token_hash: str) -> FoundSession | None:
        """Return the session of a token's hash, or None."""
        try:
            found: FoundSession | None = await self.inner.find(token_hash)
        except StoreUnavailable:
            return None
        return found


@dataclass
class NeverAsksAgain(Over):
    """BROKEN: what was found once is believed for ever."""

    found: dict[str, FoundSession] = field(default_factory=dict)

    async def find(self, token_hash: str) -> FoundSession | None:
        """Return the session of a token's hash as it was."""
        if token_hash not in self.found:
            fresh: FoundSession | None = await self.inner.find(token_hash)
            if fresh is None:
                return None
            self.found[token_hash] = fresh
        return self.found[token_hash]


@dataclass
class CountedAttempts(Over):
    """Not broken: writes a byte into a file for each attempt that was granted, so that tests can count them."""

    path: Path

    async def begin(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime) -> int:
        """Count one attempt."""
        count: int = await self.inner.begin(appid, openid, key_mac, now)
        if count:
            note_grant(self.path)
        return count


@dataclass
class RacyAttempts(Over):
    """BROKEN: reads the count from a file, and writes it a little later."""

    path: Path

    async def begin(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime) -> int:  # noqa: ARG002 - the port's
        """Count one attempt, too late."""
        file = self.path.with_name(f"count-{key_mac}")
        count = 1 + (int(file.read_text("ascii") or 0) if file.exists() else 0)
        await asyncio.sleep(0.1)
        file.write_text(str(count), "ascii")
        if count > FAILURES_AT_MOST:
            return 0
        note_grant(self.path)
        return count


def note_grant(path: Path) -> None:
    """Add a byte, whole, from whatever process."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(file, b".")
    os.close(file)


class EverybodyMay(Over):
    """BROKEN: every claim on a code is granted."""

    async def claim(self, code_hash: str, now: datetime, until: datetime, *, is_keyed: bool) -> bool:
        """Grant it."""
        await self.inner.claim(code_hash, now, until, is_keyed=is_keyed)
        return True

    async def find(self, code_hash: str) -> Claim | None:
        """Return what is known of a code."""
        found: Claim | None = await self.inner.find(code_hash)
        return found


class ByArrival(Over):
    """BROKEN: the key whose answer came last is the current one."""

    inner: KeyringStore

    async def change(self, appid: AppId, openid: OpenId, rule: Callable[[Keyring | None], Keyring]) -> None:
        """Put the new key first, whenever its request began."""
        new = rule(None).current

        def put_first(ring: Keyring | None) -> Keyring:
            if ring is None or ring.current.key == new.key:
                return Keyring(new)
            return Keyring(new, ring.current, new.began_at + PREVIOUS_KEPT)

        await self.inner.change(appid, openid, put_first)


def _break(parts: Parts, build: str, folder: Path) -> Parts:
    stores = parts.stores
    broken: dict[str, Callable[[], Stores]] = {
        "memory": memory_stores,
        "crossed": lambda: replace(stores, sessions=Crossed(stores.sessions)),
        "old_tokens_live": lambda: replace(stores, sessions=OldTokensLive(stores.sessions)),
        "outage_as_unknown": lambda: replace(stores, sessions=OutageAsUnknown(stores.sessions)),
        "never_asks_again": lambda: replace(
            stores, sessions=NeverAsksAgain(stores.sessions), revocations=NoRevocations()
        ),
        "counted_attempts": lambda: replace(stores, attempts=CountedAttempts(stores.attempts, folder / "grants")),
        "steps_apart": lambda: break_steps(stores),
        "numbers_free": lambda: break_numbers(stores),
        "slow_attempts": lambda: replace(stores, attempts=SlowAttempts(stores.attempts, TaskPause())),
        "hasty_attempts": lambda: replace(stores, attempts=HastyAttempts(stores.attempts, TaskPause())),
        "free_claims": lambda: replace(stores, attempts=FreeClaims(stores.attempts, TaskPause())),
        "racy_attempts": lambda: replace(stores, attempts=RacyAttempts(stores.attempts, folder / "grants")),
    }
    return replace(parts, stores=broken[build]())


def serve(build: str, config: str, port: int) -> None:
    """Serve a broken build, otherwise as `menjin serve` does."""
    path = Path(config)
    parts = _break(to_parts(load_settings(path)), build, path.parent)
    uvicorn.run(create_app(AsyncMenjin(parts)), port=port, access_log=False, log_level="error", server_header=False)
