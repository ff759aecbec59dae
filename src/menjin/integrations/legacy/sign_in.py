"""A login by the library's own door, with the user info that came beside the code."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from menjin.adapters.waiting import TaskPause
from menjin.aio import AsyncMenjin
from menjin.clock import Clock, Pause, Randomness, SystemClock, SystemRandomness
from menjin.errors import LoginCodeInvalid, MenjinError
from menjin.integrations.legacy.asgi import Scope
from menjin.integrations.legacy.store import LegacyStore
from menjin.limits.addresses import NO_PROXIES, TrustedProxies, read_address
from menjin.login.beside import Beside, ShownUserInfo
from menjin.login.results import SignedIn
from menjin.values import Secret

_LOG = logging.getLogger("menjin.legacy")
_PURGE_EVERY = 256


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Time, waiting and random bytes; the system's own unless a test brings others."""

    clock: Clock = field(default_factory=SystemClock)
    pause: Pause = field(default_factory=TaskPause)
    randomness: Randomness = field(default_factory=SystemRandomness)


class Doorstep:
    """Says whose address a login comes from, and turns away those who try too often.

    Args:
        menjin: Counts by address.
        trusted: The proxies in front; None if nobody thought of them, which a line in the log says.
    """

    def __init__(self, menjin: AsyncMenjin, trusted: TrustedProxies | None) -> None:
        self._menjin = menjin
        self._trusted = trusted if trusted is not None else NO_PROXIES
        if trusted is None:
            _LOG.warning(
                "no trusted_proxies: limits by address are off for peers on loopback or a private network, since "
                "everybody behind a proxy would share one; NO_PROXIES says that there is none"
            )

    async def admit(self, scope: Scope) -> str | None:
        """Return the address of a login, before anything of it is looked into; None if it cannot be known.

        Raises:
            TooManyAttempts: It tries too often.
            StoreUnavailable: That cannot be known.
        """
        address = read_address(scope, self._trusted)
        await self._menjin.turn_away(address)
        return address


async def count_bad_code(menjin: AsyncMenjin, appid: str, address: str | None) -> None:
    """Have a code that was refused here count against its address, as those do that the library refuses.

    Raises:
        TooManyAttempts: The address tries too often.
    """
    with suppress(LoginCodeInvalid):
        await menjin.sign_in(appid, "", address=address)  # an impossible code: counted, and nobody is asked


async def sign_in(
    menjin: AsyncMenjin,
    appid: str,
    code: Secret,
    address: str | None,
    *,
    signed: tuple[str, str] | None = None,
    encrypted: tuple[str, str] | None = None,
) -> tuple[SignedIn, Mapping[str, Any]]:
    """Sign in; return the login and its user info, empty if none came.

    The user info is opened before there is a session: one that does not hold ends no other, and leaves none.

    Raises:
        StaleSessionKey: The user info does not hold; the code is spent.
        OpenDataInvalid: It is malformed; the code is not spent.
        MenjinError: What else `AsyncMenjin.sign_in` raises.
    """
    shown = ShownUserInfo(encrypted, signed) if encrypted is not None or signed is not None else None
    signed_in = await menjin.sign_in(appid, code.reveal(), address=address, beside=Beside(user_info=shown))
    return signed_in, signed_in.user_info.data if signed_in.user_info is not None else {}


@asynccontextmanager
async def ended_on_failure(menjin: AsyncMenjin, signed_in: SignedIn) -> AsyncIterator[None]:
    """End a session again whose client will not be told of it, be it that the client hung up."""
    try:
        yield
    except BaseException:
        try:
            await menjin.sign_out(signed_in.session_token.reveal())
        except MenjinError as error:  # what is said is why the login failed
            _LOG.warning(
                "a login failed and its session may live: %s app=%s", error.code, signed_in.session.subject.appid
            )
        raise


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
