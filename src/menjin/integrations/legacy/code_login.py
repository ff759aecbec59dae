"""weapp-session's sessions: a code that signed in once names the session from then on.

A presentation is a code with rawData and signature. The first one claims the code in the store and signs in; the
store sees to it that no other process does as well. The same presentation again, within five minutes, gives the same
session; any other is a used code.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from menjin.aio import AsyncMenjin
from menjin.errors import LoginCodeInvalid, LoginCodeUsed, MenjinError, StaleSessionKey
from menjin.integrations.legacy.sealing import Seals, digest
from menjin.integrations.legacy.sign_in import Surroundings, Sweeper, count_bad_code, ended_on_failure, sign_in
from menjin.integrations.legacy.store import Entry, LegacyStore
from menjin.values import Secret

CODE_KEPT = timedelta(minutes=5)  # WeChat itself forgets a code after so long
_CODE = re.compile(r"[\x21-\x7e]{1,128}")
_LOOK_EVERY = timedelta(milliseconds=100)
_LOOKS = 40


@dataclass(frozen=True, slots=True)
class Grant:
    """The session a code names, and the user info WeChat's key vouched for at its login."""

    session_token: Secret
    user_info: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Presentation:
    """A code, with what proves that it is the client's own.

    Attributes:
        address: Where it comes from, as far as that is known.
    """

    code: Secret
    raw_data: str
    signature: str
    address: str | None = None


class CodeLogins:
    """The logins of one app.

    Args:
        repeatable: For how long the same presentation gives the same session.
    """

    def __init__(
        self,
        *,
        menjin: AsyncMenjin,
        appid: str,
        store: LegacyStore,
        around: Surroundings,
        repeatable: timedelta = CODE_KEPT,
    ) -> None:
        self._menjin = menjin
        self._appid = appid
        self._store = store
        self._seals = Seals("weapp-session", appid, around.randomness)
        self._around = around
        self._repeatable = repeatable
        self._sweeper = Sweeper(store, around.clock)
        self._flights: dict[tuple[str, str], asyncio.Task[Grant | MenjinError]] = {}

    async def log_in(self, shown: Presentation) -> Grant:
        """Return what a presentation gives.

        The work goes on when this caller hangs up: others may wait for it.

        Raises:
            LoginCodeUsed: It was presented before, otherwise or too long ago.
            StaleSessionKey: The signature does not hold; the code is spent.
            TooManyAttempts: The address shows too many bad codes.
            MenjinError: What `AsyncMenjin.sign_in` raises.
        """
        if not _CODE.fullmatch(shown.code.reveal()):
            await count_bad_code(self._menjin, self._appid, shown.address)
            raise LoginCodeInvalid
        key = (self._seals.name(shown.code), digest(shown.raw_data, shown.signature))
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._settle(*key, shown))
            self._flights[key] = flight
            flight.add_done_callback(lambda _done: self._flights.pop(key))
        outcome = await asyncio.shield(flight)
        if isinstance(outcome, MenjinError):
            raise outcome.with_traceback(None)
        return outcome

    async def recall(self, code: Secret) -> Grant | None:
        """Return the session that `code` names; None if there is none.

        A client shows a code alone as soon as it has sent the first request, so one that is under way is awaited.
        """
        name = self._seals.name(code)
        entry = await self._store.find(name, self._around.clock.now())
        return self._open(code, await self._await_filled(name, entry))

    async def _settle(self, name: str, proof: str, shown: Presentation) -> Grant | MenjinError:
        """Return the error rather than raise it: any number of callers may wait for this one answer."""
        try:
            return await self._present(name, proof, shown)
        except MenjinError as error:
            return error

    async def _present(self, name: str, proof: str, shown: Presentation) -> Grant:
        now = self._around.clock.now()
        found = await self._store.claim(name, Entry(proof, now, now + CODE_KEPT), now)
        if found is None:
            return await self._first(name, shown)
        if not hmac.compare_digest(found.proof, proof) or now - found.claimed_at >= self._repeatable:
            await count_bad_code(self._menjin, self._appid, shown.address)
            raise LoginCodeUsed
        grant = self._open(shown.code, await self._await_filled(name, found))
        if grant is None:
            raise LoginCodeUsed
        return grant

    async def _first(self, name: str, shown: Presentation) -> Grant:
        code, signed = shown.code, (shown.raw_data, shown.signature)
        await self._sweeper.note_login()
        try:
            signed_in, user_info = await sign_in(self._menjin, self._appid, code, shown.address, signed=signed)
        except StaleSessionKey:
            await self._store.fill(name, "", self._around.clock.now() + CODE_KEPT)
            raise
        except MenjinError:
            await self._store.forget(name)  # what a code is worth that gave no session, sign_in says best
            raise
        async with ended_on_failure(self._menjin, signed_in):
            content = {"session_token": signed_in.session_token.reveal(), "user_info": user_info}
            await self._store.fill(name, self._seals.seal(code, content), signed_in.session.ends_at)
        return Grant(signed_in.session_token, user_info)

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
