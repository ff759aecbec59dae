"""The limits on what people try. Each call raises TooManyAttempts, or returns and has counted."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from menjin.binding_errors import VerifiedPhoneRequired
from menjin.clock import Clock
from menjin.errors import MenjinError, StoreUnavailable, TooManyAttempts
from menjin.limits.addresses import Address, to_bucket
from menjin.limits.fair_queue import Ticket
from menjin.limits.keys import KeyMaker, fold_name
from menjin.limits.model import Figures, Rate
from menjin.limits.store import Counters, Slots
from menjin.values import AppId, OpenId

Counted = tuple[tuple[str, Rate], ...]
# For somebody whose turn did not come.
_SOON = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A code or a password about to be tried; counted beforehand, so that a hundred at once are a hundred.

    Attributes:
        counted: What counts it unless it is taken back.
        ticket: Its turn, for as long as it lasts.
        needs_phone: Whether it counts only together with the phone number it was begun with.
    """

    at: datetime
    counted: Counted = ()
    ticket: Ticket | None = None
    needs_phone: bool = False


class Limits:
    """Counts by address, person and username, each under a keyed hash.

    Args:
        counters: Where the counts are kept.
        figures: How many of each.
        keys: Makes the counters' names.
        turns: Shares what serves login_codes between addresses.
        patience: How long a login_code waits for its turn.
    """

    def __init__(
        self,
        *,
        counters: Counters,
        figures: Figures,
        keys: KeyMaker,
        clock: Clock,
        turns: Slots,
        patience: timedelta,
    ) -> None:
        self._counters = counters
        self._figures = figures
        self._keys = keys
        self._clock = clock
        self._turns = turns
        self._patience = patience

    async def begin_sign_in(self, address: Address | None) -> Attempt:
        """Count a sign-in request of an address; refuse one that sent too many, or too many bad codes.

        The code counts as bad until it is known not to be: `take_back` the attempt then. In any case `end` it.

        Raises:
            TooManyAttempts: Nothing was asked of WeChat.
            StoreUnavailable: The counters cannot be asked.
        """
        now, figures = self._clock.now(), self._figures
        if address is None:
            return Attempt(now)
        bucket = to_bucket(address)
        await self._count(("address", bucket), rate=figures.sign_ins_per_address)
        bad = await self._hit_all(now, ((self._keys.make("bad_code", bucket), figures.bad_codes_per_address),))
        if not bad:
            return Attempt(now)
        ticket = await self._turns.take(bucket, self._patience)
        if ticket is not None:
            return Attempt(now, bad, ticket)
        await self.take_back(Attempt(now, bad))
        raise TooManyAttempts(_SOON)

    async def turn_away(self, address: Address | None) -> None:
        """Refuse a sign-in request that `begin_sign_in` would refuse, and count it as that would.

        It is asked before the request is read: what costs little to refuse cannot crowd others out.

        Raises:
            TooManyAttempts: It sent too many, or too many bad codes, or too many at once.
            StoreUnavailable: The counters cannot be asked.
        """
        if address is None:
            return
        now, figures, bucket = self._clock.now(), self._figures, to_bucket(address)
        left = await self._counters.peek(self._keys.make("bad_code", bucket), figures.bad_codes_per_address, now)
        if left is None and figures.bad_codes_per_address.most and not self._turns.has_room(bucket):
            left = _SOON
        if left is not None:
            await self._count(("address", bucket), rate=figures.sign_ins_per_address)
            raise TooManyAttempts(left)
        if figures.sign_ins_per_address.most:
            left = await self._counters.peek(self._keys.make("address", bucket), figures.sign_ins_per_address, now)
        if left is not None:
            raise TooManyAttempts(left)

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

    async def count_phone_binding(self, appid: AppId, openid: OpenId) -> None:
        """Count a binding by a number that no phone_code pays for.

        Raises:
            TooManyAttempts: Neither WeChat nor the directory was asked.
            StoreUnavailable: The counters cannot be asked.
        """
        await self._count(("phone_binding", appid, openid), rate=self._figures.phone_bindings_per_openid)

    async def count_rotation(self, appid: AppId, openid: OpenId) -> None:
        """Count a rotation that somebody asks for.

        Raises:
            TooManyAttempts: Nothing was rotated.
            StoreUnavailable: The counters cannot be asked.
        """
        await self._count(("rotation", appid, openid), rate=self._figures.rotations_per_openid)

    async def count_payment(self, appid: AppId, openid: OpenId) -> None:
        """Count a question for a person's payment.

        Raises:
            TooManyAttempts: Nothing was asked of WeChat.
            StoreUnavailable: The counters cannot be asked.
        """
        await self._count(("payment", appid, openid), rate=self._figures.payments_per_openid)

    async def begin_password(
        self, appid: AppId, openid: OpenId, username: str, phone_number: str | None = None
    ) -> Attempt:
        """Count a password about to be tried; `take_back` it if it was right.

        Args:
            appid: Where.
            openid: Who tries.
            username: For which name.
            phone_number: Their own, verified lately. A name that saw too many wrong passwords, whoever tried them,
                is open to those only who show one, and to each of those as often as to one person.

        Raises:
            TooManyAttempts: It must not be tried; known and unknown names alike.
            VerifiedPhoneRequired: The same, and a phone number would change that.
            StoreUnavailable: The counters cannot be asked.
        """
        name, figures, now = fold_name(username), self._figures, self._clock.now()
        limits = (
            (self._keys.make("password", appid, openid, name), figures.passwords_per_name_and_openid),
            (self._keys.make("password_openid", appid, openid), figures.passwords_per_openid),
        )
        counted = await self._hit_all(now, limits)
        by_name = ((self._keys.make("password_name", name), figures.passwords_per_name),)
        try:
            return Attempt(now, counted + await self._hit_all(now, by_name))
        except TooManyAttempts:
            pass
        try:
            if phone_number is None:
                raise VerifiedPhoneRequired
            key = self._keys.make("password_phone", name, phone_number)
            by_phone = ((key, figures.passwords_per_name_and_openid),)
            return Attempt(now, counted + await self._hit_all(now, by_phone), needs_phone=True)
        except MenjinError:
            await self._forget(now, counted)
            raise

    async def take_back(self, attempt: Attempt) -> None:
        """Let an attempt not count."""
        await self._forget(attempt.at, attempt.counted)

    def end(self, attempt: Attempt) -> None:
        """Let the next have its turn."""
        if attempt.ticket is not None:
            self._turns.give(attempt.ticket)

    async def _hit_all(self, now: datetime, limits: Counted) -> Counted:
        """Count each that is switched on, or none."""
        counted: Counted = ()
        for key, rate in limits:
            if not rate.most:
                continue
            left = await self._counters.hit(key, rate, now)
            if left is not None:
                await self._forget(now, counted)
                raise TooManyAttempts(left)
            counted = (*counted, (key, rate))
        return counted

    async def _forget(self, at: datetime, counted: Counted) -> None:
        """If the counters cannot be asked, it counts; that spoils nobody's login."""
        for key, rate in counted:
            with suppress(StoreUnavailable):
                await self._counters.take_back(key, rate, at)

    async def _count(self, parts: tuple[str, ...], *, rate: Rate) -> None:
        await self._hit_all(self._clock.now(), ((self._keys.make(*parts), rate),))
