"""The limits on what people try. Each call raises TooManyAttempts, or returns and has counted."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from menjin.clock import Clock
from menjin.errors import StoreUnavailable, TooManyAttempts
from menjin.limits.addresses import Address, to_bucket
from menjin.limits.keys import KeyMaker, fold_name
from menjin.limits.model import Figures, Rate
from menjin.limits.store import Counters
from menjin.values import AppId, OpenId


@dataclass(frozen=True, slots=True)
class Attempt:
    """A code or a password about to be tried; counted beforehand, so that a hundred at once are a hundred."""

    counted: tuple[tuple[str, Rate], ...]
    at: datetime


# For somebody turned away because of others' codes whose outcome is not known yet.
_SOON = timedelta(seconds=1)


class Limits:
    """Counts by address, person and username, each under a keyed hash.

    Args:
        counters: Where the counts are kept.
        figures: How many of each.
        keys: Makes the counters' names.
    """

    def __init__(self, counters: Counters, figures: Figures, keys: KeyMaker, clock: Clock) -> None:
        self._counters = counters
        self._figures = figures
        self._keys = keys
        self._clock = clock

    async def begin_sign_in(self, address: Address | None) -> Attempt:
        """Count a sign-in request of an address; refuse one that sent too many, or too many bad codes.

        The code counts as bad until it is known not to be: `take_back` the attempt then.

        Raises:
            TooManyAttempts: Nothing was asked of WeChat.
            StoreUnavailable: The counters cannot be asked.
        """
        now, rate = self._clock.now(), self._figures.bad_codes_per_address
        if address is None:
            return Attempt((), now)
        bucket = to_bucket(address)
        await self._count(("address", bucket), rate=self._figures.sign_ins_per_address)
        if not rate.most:
            return Attempt((), now)
        key = self._keys.make("code", bucket)
        if await self._counters.hit(key, rate, now) is None:
            return Attempt(((key, rate),), now)
        left = await self._counters.peek(self._keys.make("bad_code", bucket), rate, now)
        raise TooManyAttempts(left or _SOON)

    async def note_bad_code(self, address: Address | None) -> None:
        """Count a login_code that WeChat refused, or never will accept; the caller is told that, not a limit.

        Raises:
            StoreUnavailable: The counters cannot be asked.
        """
        rate = self._figures.bad_codes_per_address
        if address is not None and rate.most:
            await self._counters.hit(self._keys.make("bad_code", to_bucket(address)), rate, self._clock.now())

    async def count_login(self, appid: AppId, openid: OpenId) -> None:
        """Count a person's login.

        Raises:
            TooManyAttempts: They log in far too often.
            StoreUnavailable: The counters cannot be asked.
        """
        await self._count(("login", appid, openid), rate=self._figures.sign_ins_per_openid)

    async def count_phone_code(self, appid: AppId, openid: OpenId) -> None:
        """Count an exchange of a phone_code.

        Raises:
            TooManyAttempts: Nothing was asked of WeChat.
            StoreUnavailable: The counters cannot be asked.
        """
        await self._count(("phone_code", appid, openid), rate=self._figures.phone_codes_per_openid)

    async def begin_password(self, appid: AppId, openid: OpenId, username: str) -> Attempt:
        """Count a password about to be tried; `take_back` it if it was right.

        Raises:
            TooManyAttempts: It must not be tried; known and unknown names alike.
            StoreUnavailable: The counters cannot be asked.
        """
        name, figures, now = fold_name(username), self._figures, self._clock.now()
        limits = (
            (self._keys.make("password", appid, openid, name), figures.passwords_per_name_and_openid),
            (self._keys.make("password_openid", appid, openid), figures.passwords_per_openid),
            (self._keys.make("password_name", name), figures.passwords_per_name),
        )
        counted: tuple[tuple[str, Rate], ...] = ()
        for key, rate in limits:
            left = await self._counters.hit(key, rate, now) if rate.most else None
            if left is not None:
                await self.take_back(Attempt(counted, now))
                raise TooManyAttempts(left)
            counted = (*counted, (key, rate)) if rate.most else counted
        return Attempt(counted, now)

    async def take_back(self, attempt: Attempt) -> None:
        """Let an attempt not count; if the counters cannot be asked it does, which spoils nobody's login."""
        for key, rate in attempt.counted:
            with suppress(StoreUnavailable):
                await self._counters.take_back(key, rate, attempt.at)

    async def _count(self, parts: tuple[str, ...], *, rate: Rate) -> None:
        if not rate.most:
            return
        left = await self._counters.hit(self._keys.make(*parts), rate, self._clock.now())
        if left is not None:
            raise TooManyAttempts(left)
