"""One login a code, however often and wherever it is presented.

A presentation is a code with its proof (rawData and signature, or encryptedData and iv). The first one claims the
code in the store and asks WeChat; the store sees to it that no other process does as well. What another one gets is
the protocol's matter: the same session again (for five minutes, and only for the same proof), or "used".
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from menjin.adapters.waiting import TaskPause
from menjin.aio import AsyncMenjin
from menjin.clock import Clock, Pause, Randomness, SystemClock, SystemRandomness
from menjin.errors import LoginCodeInvalid, LoginCodeUsed, MenjinError, OpenDataInvalid, StaleSessionKey
from menjin.integrations.legacy.sealing import Seals, digest
from menjin.integrations.legacy.store import Entry, LegacyStore
from menjin.login.results import SignedIn
from menjin.values import Secret

CODE_KEPT = timedelta(minutes=5)  # WeChat itself forgets a code after so long
_CODE = re.compile(r"[\x21-\x7e]{1,128}")
_LOOK_EVERY = timedelta(milliseconds=100)
_LOOKS = 40
_PURGE_EVERY = 256


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Time, waiting and random bytes; the system's own unless a test brings others."""

    clock: Clock = field(default_factory=SystemClock)
    pause: Pause = field(default_factory=TaskPause)
    randomness: Randomness = field(default_factory=SystemRandomness)


@dataclass(frozen=True, slots=True)
class Proof:
    """What came beside the code: user info in clear with its signature, or encrypted with its iv, or nothing."""

    signed: tuple[str, str] | None = None
    encrypted: tuple[str, str] | None = None

    @property
    def digest(self) -> str:
        """A hash that tells one presentation of a code from another."""
        return digest(*(self.signed or ("", "")), *(self.encrypted or ("", "")))


@dataclass(frozen=True, slots=True)
class Grant:
    """What a login gave.

    Attributes:
        user_info: What WeChat's key vouched for; empty if the client sent none.
        signed_in: The login itself; None if this is the answer to a repetition.
    """

    session_token: Secret
    user_info: Mapping[str, Any]
    signed_in: SignedIn | None = None


class CodeLogins:
    """Logins of one app in one protocol.

    Args:
        seals: Of the same protocol and app.
        repeatable: For how long the same presentation gives the same session; zero if it never does.
    """

    def __init__(
        self,
        *,
        menjin: AsyncMenjin,
        appid: str,
        store: LegacyStore,
        seals: Seals,
        around: Surroundings,
        repeatable: timedelta = timedelta(0),
    ) -> None:
        self._menjin = menjin
        self._appid = appid
        self._store = store
        self._seals = seals
        self._around = around
        self._repeatable = repeatable
        self._logins = 0
        self._flights: dict[tuple[str, str], asyncio.Task[Grant | MenjinError]] = {}

    async def log_in(self, code: Secret, proof: Proof) -> Grant:
        """Return what the code gives.

        The work goes on when this caller hangs up: others may wait for it.

        Raises:
            LoginCodeUsed: It was presented before, otherwise or too long ago, or WeChat says so.
            StaleSessionKey: The proof does not hold; the code is spent, the session ended.
            MenjinError: What `AsyncMenjin.sign_in` raises.
        """
        if not _CODE.fullmatch(code.reveal()):
            raise LoginCodeInvalid
        key = (self._seals.name(code), proof.digest)
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._settle(key[0], code, proof))
            self._flights[key] = flight
            flight.add_done_callback(lambda _done: self._flights.pop(key))
        elif not self._repeatable:
            raise LoginCodeUsed
        outcome = await asyncio.shield(flight)
        if isinstance(outcome, MenjinError):
            raise outcome.with_traceback(None)
        return outcome

    async def recall(self, code: Secret) -> Grant | None:
        """Return the login that `code` names; None if there is none.

        A client shows a code alone as soon as it has sent the first request, so one that is under way is awaited.
        """
        name = self._seals.name(code)
        entry = await self._store.find(name, self._around.clock.now())
        return self._open(code, await self._await_filled(name, entry))

    async def _settle(self, name: str, code: Secret, proof: Proof) -> Grant | MenjinError:
        """Return the error rather than raise it: any number of callers may wait for this one answer."""
        try:
            return await self._present(name, code, proof)
        except MenjinError as error:
            return error

    async def _present(self, name: str, code: Secret, proof: Proof) -> Grant:
        now = self._around.clock.now()
        found = await self._store.claim(name, Entry(proof.digest, now, now + CODE_KEPT), now)
        if found is None:
            await self._purge_now_and_then()
            return await self._first(name, code, proof)
        same = hmac.compare_digest(found.proof, proof.digest)
        if not same or now - found.claimed_at >= self._repeatable:
            raise LoginCodeUsed
        grant = self._open(code, await self._await_filled(name, found))
        if grant is None:
            raise LoginCodeUsed
        return grant

    async def _first(self, name: str, code: Secret, proof: Proof) -> Grant:
        try:
            signed_in = await self._menjin.sign_in(self._appid, code.reveal())
        except MenjinError:
            await self._store.forget(name)  # what a code is worth that gave no session, WeChat says best
            raise
        grant = Grant(signed_in.session_token, await self._check(name, signed_in, proof), signed_in)
        if self._repeatable:
            content = {"session_token": grant.session_token.reveal(), "user_info": grant.user_info}
            await self._store.fill(name, self._seals.seal(code, content), signed_in.session.ends_at)
        else:
            await self._spend(name)
        return grant

    async def _check(self, name: str, signed_in: SignedIn, proof: Proof) -> Mapping[str, Any]:
        if proof.signed is None and proof.encrypted is None:
            return {}
        token = signed_in.session_token.reveal()
        try:
            opened = await self._menjin.open_user_info(token, encrypted=proof.encrypted, signed=proof.signed)
        except (StaleSessionKey, OpenDataInvalid):
            await self._spend(name)
            await self._menjin.sign_out(token)
            raise
        return opened.data

    async def _spend(self, name: str) -> None:
        await self._store.fill(name, "", self._around.clock.now() + CODE_KEPT)

    async def _purge_now_and_then(self) -> None:
        """Drop what has ended, a thousand entries every 256 logins: more leave than come, and no job is needed."""
        self._logins += 1
        if self._logins % _PURGE_EVERY == 0:
            await self._store.purge(self._around.clock.now())

    async def _await_filled(self, name: str, entry: Entry | None) -> str | None:
        """Return what an entry holds, when whoever is working on it is done; None if nothing came of it."""
        for _ in range(_LOOKS):
            if entry is None or entry.sealed is not None:
                break
            await self._around.pause.pause(_LOOK_EVERY)
            entry = await self._store.find(name, self._around.clock.now())
        return entry.sealed if entry is not None else None

    def _open(self, code: Secret, sealed: str | None) -> Grant | None:
        content = self._seals.open(code, sealed) if sealed else None
        return Grant(Secret(content["session_token"]), content["user_info"]) if content is not None else None
