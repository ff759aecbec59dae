"""One renewal: the lease, the call, the result under the fence; and what is left over when the store or time fails.

The order is what keeps tokens alive: (1) the lease, with the call's intent and its cost, is durable; (2) the call goes
out only while the lease is fresh; (3) the result is taken only if the record still bears the lease's tag.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from menjin.access_tokens import rules
from menjin.access_tokens.means import Means
from menjin.access_tokens.model import AccessToken, Cause, Outcome, Record, Renewal
from menjin.access_tokens.troubles import Alarm, read_trouble
from menjin.apps import LEGACY, App
from menjin.clock import Clock, Stopwatch
from menjin.errors import HeldBack, MenjinError, StoreUnavailable, TimedOut, TransportError
from menjin.values import AppId, Secret
from menjin.wechat.endpoints.stable_token import IssuedToken

_LOG = logging.getLogger("menjin.access_tokens")
_REFUSED = 40001


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of trying to renew.

    Attributes:
        record: As far as we know it now; None if somebody else changed it.
        outcome: None if somebody else was faster.
        error: Why there is no new token.
    """

    record: Record | None
    outcome: Outcome | None
    error: MenjinError | None = None


@dataclass(frozen=True, slots=True)
class _Unsaved:
    """A result the store did not take."""

    lease_tag: str
    record: Record
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Late:
    """A call of legacy mode that was fenced: the token of whoever fenced it may be the older one."""

    gone_at: datetime


class Hold:
    """Our lease from our side: by both clocks, since one of them may have been turned and the other slept.

    Args:
        fresh_for: Sent later, the call could outlast the lease.
    """

    def __init__(self, clock: Clock, stopwatch: Stopwatch, fresh_for: timedelta) -> None:
        self._clock = clock
        self._stopwatch = stopwatch
        self._fresh_for = fresh_for
        self._began_at = clock.now()
        self._began = stopwatch.seconds()
        self.asked_at = self._began_at
        self.gone_at: datetime | None = None
        self._was_allowed = False

    def may_go(self) -> bool:
        """Whether the call may still be sent."""
        now = self._clock.now()
        self.asked_at = now
        elapsed = max(now - self._began_at, self.took())
        may_go = timedelta(0) <= now - self._began_at and elapsed <= self._fresh_for
        self._was_allowed = self._was_allowed or may_go
        return may_go

    def note_gone(self) -> None:
        """Note that the call was sent."""
        self.gone_at = self._clock.now()

    def note_failure(self, error: MenjinError) -> None:
        """Take a call that ran out of time for gone: it was let go, and may be on its way yet."""
        if self.gone_at is None and self._was_allowed and isinstance(error, TimedOut):
            self.gone_at = self._clock.now()

    def took(self) -> timedelta:
        """Return how long ago it began."""
        return timedelta(seconds=self._stopwatch.seconds() - self._began)


class Renewing:
    """Renews records in the store.

    Args:
        means: What it works with.
    """

    def __init__(self, means: Means) -> None:
        self._calls = means.calls
        self._store = means.store
        self._clock = means.clock
        self._stopwatch = means.stopwatch
        self._randomness = means.randomness
        self._figures = means.figures
        self._observer = means.observer
        self._alarm = Alarm()
        self._left_over: dict[AppId, _Unsaved | _Late] = {}

    async def renew(
        self,
        app: App,
        record: Record | None,
        cause: Cause,
        *,
        force: bool = False,
        suspect: Secret | None = None,
        generation: int = 0,
        patient: bool = True,
    ) -> Attempt:
        """Try to renew once.

        Args:
            app: Whose token.
            record: As it was loaded just now.
            cause: Why.
            force: By force_refresh, in stable mode.
            suspect: The token in force, reported as refused: asked about first, and left alone if WeChat takes it.
            generation: Of the newest token this process knows.
            patient: Whether the pause after WeChat refused the app's configuration is kept.

        Raises:
            StoreUnavailable: The lease could not be taken; nothing was sent.
        """
        hold = Hold(self._clock, self._stopwatch, self._figures.lease - self._figures.deadline)
        now = self._clock.now()
        patient = patient or not self._alarm.is_misconfigured(record, now)
        begun = rules.begin(
            record, app.token_mode, cause, now, self._figures, force=force, tag=self._tag(), patient=patient
        )
        if isinstance(begun, rules.Refused):
            return self._refuse(app, record, begun, now)
        if not await self._store.swap(app.appid, record.tag if record is not None else None, begun):
            return Attempt(None, None)
        attempt = await self._hold(app, record, begun, hold, force=force, suspect=suspect, generation=generation)
        if attempt.outcome is not None:
            self._observer.renewed(Renewal(app.appid, app.token_mode, cause, attempt.outcome, hold.took()))
        return attempt

    async def fetch_alone(self, app: App) -> tuple[AccessToken, Record]:
        """Ask for the stable token in use without the store; return it, and a record of our own making.

        Raises:
            WeChatError: WeChat gives none.
            TransportError: WeChat did not answer.
        """
        hold = Hold(self._clock, self._stopwatch, self._figures.lease)
        issued = await self._calls.fetch_stable(app, hold, force=False)
        token = _to_token(app, issued, hold.asked_at, 1)
        blank = Record(self._tag(), app.token_mode)
        return token, self._finish(app, blank, token)

    async def settle(self, app: App, record: Record | None) -> Record | None:
        """Bring home what an earlier renewal left over; return the record as it is then.

        Raises:
            StoreUnavailable: Not this time.
        """
        left = self._left_over.get(app.appid)
        if left is None:
            return record
        if isinstance(left, _Unsaved):
            return await self._settle_unsaved(app, record, left)
        return await self._settle_late(app.appid, record, left)

    async def push(self, app: App, record: Record | None, own: Record) -> Record | None:
        """Put this process's token into a store that has none, or an older one; return the record then.

        None if somebody else changed it; `record` itself while somebody renews.
        """
        now = self._clock.now()
        if record is not None and rules.is_leased(record, now, self._figures):
            return record
        token = rules.find_usable(own, now, self._figures)  # shortened, if a legacy call was out when we saw it last
        due_at = own.due_at if own.lease is None else own.lease.began_at
        pushed = replace(
            record or own, tag=self._tag(), mode=own.mode, token=token, due_at=due_at, trouble=None, lease=None
        )
        taken = await self._store.swap(app.appid, record.tag if record is not None else None, pushed)
        return pushed if taken else None

    def _refuse(self, app: App, record: Record | None, refused: rules.Refused, now: datetime) -> Attempt:
        if refused.why == "trouble" and record is not None and record.trouble is not None:
            return Attempt(record, "held_back", self._alarm.to_error(record.trouble, now))
        if refused.why == "budget":
            self._alarm.tell_budget(app.appid, refused.retry_after)
            return Attempt(record, "held_back", HeldBack(refused.retry_after))
        return Attempt(record, None)

    async def _hold(
        self,
        app: App,
        before: Record | None,
        begun: Record,
        hold: Hold,
        *,
        force: bool,
        suspect: Secret | None,
        generation: int,
    ) -> Attempt:
        """Do what the lease was taken for."""
        try:
            if suspect is not None and await self._calls.is_taken(app, suspect):
                good = rules.release(begun, before or begun, tag=self._tag(), checked_at=self._clock.now())
                return await self._save(app, begun.tag, Attempt(good, "good"), hold)
            issued = await self._ask(app, hold, force=force)
        except MenjinError as error:
            return await self._fail(app, begun, hold, error)
        held = begun.token.generation if begun.token is not None else generation
        token = _to_token(app, issued, hold.asked_at, max(held, generation) + 1)
        finished = self._finish(app, begun, token)
        is_new = begun.token is None or begun.token.value != token.value
        if suspect is not None and not is_new:
            return await self._give_up(app, begun, finished, hold)
        attempt = await self._save(app, begun.tag, Attempt(finished, "new" if is_new else "unchanged"), hold)
        self._alarm.tell_end(app.appid, begun.trouble)
        _LOG.info("access_token of app=%s: %s, cause %s", app.appid, attempt.outcome, finished.last_cause)
        return attempt

    async def _ask(self, app: App, hold: Hold, *, force: bool) -> IssuedToken:
        if app.token_mode == LEGACY:
            return await self._calls.fetch_legacy(app, hold)
        return await self._calls.fetch_stable(app, hold, force=force)

    async def _fail(self, app: App, begun: Record, hold: Hold, error: MenjinError) -> Attempt:
        hold.note_failure(error)
        trouble = read_trouble(begun.trouble, error, self._clock.now(), self._figures)
        may_have_acted = app.token_mode == LEGACY and hold.gone_at is not None and isinstance(error, TransportError)
        failed = rules.fail(begun, trouble, self._figures, tag=self._tag(), may_have_acted=may_have_acted)
        self._alarm.tell(app.appid, begun.trouble, trouble, error)
        outcome: Outcome = "lost" if isinstance(error, TransportError) else "refused"
        return await self._save(app, begun.tag, Attempt(failed, outcome, error), hold)

    async def _give_up(self, app: App, begun: Record, finished: Record, hold: Hold) -> Attempt:
        """WeChat refuses the token, and gives the same again."""
        trouble = rules.find_trouble(begun.trouble, _REFUSED, self._clock.now(), self._figures)
        self._alarm.tell(app.appid, begun.trouble, trouble, self._alarm.to_error(trouble, self._clock.now()))
        return await self._save(app, begun.tag, Attempt(replace(finished, trouble=trouble), "unchanged"), hold)

    async def _save(self, app: App, lease_tag: str, attempt: Attempt, hold: Hold) -> Attempt:
        if attempt.record is None:
            return attempt
        try:
            if await self._store.swap(app.appid, lease_tag, attempt.record):
                return attempt
        except StoreUnavailable:
            self._left_over[app.appid] = _Unsaved(lease_tag, attempt.record, hold.gone_at)
            return attempt
        self._note_fenced(app, hold.gone_at)
        return Attempt(None, "fenced")

    def _note_fenced(self, app: App, gone_at: datetime | None) -> None:
        self._left_over.pop(app.appid, None)
        if app.token_mode == LEGACY and gone_at is not None:
            self._left_over[app.appid] = _Late(gone_at)
        _LOG.warning("a renewal took longer than its lease; another process took over app=%s", app.appid)

    async def _settle_unsaved(self, app: App, record: Record | None, left: _Unsaved) -> Record | None:
        if record is not None and record.tag == left.record.tag:  # it was taken after all
            del self._left_over[app.appid]
            return record
        if (
            record is not None
            and record.tag == left.lease_tag
            and await self._store.swap(app.appid, left.lease_tag, left.record)
        ):
            del self._left_over[app.appid]
            return left.record
        self._note_fenced(app, left.gone_at)
        return record

    async def _settle_late(self, appid: AppId, record: Record | None, left: _Late) -> Record | None:
        if record is None or record.token is None:
            del self._left_over[appid]
            return record
        if rules.is_leased(record, self._clock.now(), self._figures):
            return record  # their call comes after ours, or its result will show
        if record.token.obtained_at <= left.gone_at + self._figures.skew:
            doomed = rules.doom(record, left.gone_at, self._figures, tag=self._tag())
            if not await self._store.swap(appid, record.tag, doomed):
                return record
            record = doomed
        del self._left_over[appid]
        return record

    def _finish(self, app: App, record: Record, token: AccessToken) -> Record:
        jitter = self._randomness.random_bytes(1)[0] / 255
        now = self._clock.now()
        return rules.finish(record, token, app.token_mode, now, self._figures, tag=self._tag(), jitter=jitter)

    def _tag(self) -> str:
        return self._randomness.random_bytes(12).hex()


def _to_token(app: App, issued: IssuedToken, asked_at: datetime, generation: int) -> AccessToken:
    return AccessToken(app.appid, issued.access_token, generation, asked_at, asked_at + issued.expires_in)
