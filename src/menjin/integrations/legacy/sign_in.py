"""A login by the library's own door, with the user info that came beside the code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from menjin.adapters.waiting import TaskPause
from menjin.aio import AsyncMenjin
from menjin.clock import Clock, Pause, Randomness, SystemClock, SystemRandomness
from menjin.errors import OpenDataInvalid, StaleSessionKey
from menjin.integrations.legacy.store import LegacyStore
from menjin.login.results import SignedIn
from menjin.values import Secret

_PURGE_EVERY = 256


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Time, waiting and random bytes; the system's own unless a test brings others."""

    clock: Clock = field(default_factory=SystemClock)
    pause: Pause = field(default_factory=TaskPause)
    randomness: Randomness = field(default_factory=SystemRandomness)


async def sign_in(
    menjin: AsyncMenjin,
    appid: str,
    code: Secret,
    *,
    signed: tuple[str, str] | None = None,
    encrypted: tuple[str, str] | None = None,
) -> tuple[SignedIn, Mapping[str, Any]]:
    """Sign in; return the login and its user info, empty if none came.

    Raises:
        StaleSessionKey: The user info does not hold; the code is spent, and the session ended again.
        OpenDataInvalid: The same.
        MenjinError: What `AsyncMenjin.sign_in` raises.
    """
    signed_in = await menjin.sign_in(appid, code.reveal())
    if signed is None and encrypted is None:
        return signed_in, {}
    token = signed_in.session_token.reveal()
    try:
        opened = await menjin.open_user_info(token, encrypted=encrypted, signed=signed)
    except (StaleSessionKey, OpenDataInvalid):
        await menjin.sign_out(token)
        raise
    return signed_in, opened.data


class Sweeper:
    """Drops what has ended, a thousand entries every 256 logins: more leave than come, and no job is needed."""

    def __init__(self, store: LegacyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._logins = 0

    async def note_login(self) -> None:
        """Count one login; sweep if it is time."""
        self._logins += 1
        if self._logins % _PURGE_EVERY == 0:
            await self._store.purge(self._clock.now())
