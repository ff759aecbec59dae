"""The centre 中控: one access_token an app, whatever the number of processes that use it.

Readers are served from this process's near copy. Somebody looks after it: a task or thread that calls `step`, or the
readers themselves where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from menjin.access_tokens import rules
from menjin.access_tokens.figures import TokenFigures
from menjin.access_tokens.means import Means
from menjin.access_tokens.model import AccessToken, Cause, Record, ReportOutcome, State, TokenStatus
from menjin.access_tokens.renewing import Attempt, Renewing
from menjin.apps import LEGACY, App, Apps
from menjin.errors import HeldBack, MenjinError, StoreUnavailable
from menjin.values import AppId, Secret

_NOBODY_LOOKS = 3  # so many looks missed: nobody looks after the near copy
_KEEPER_GONE = 10  # so many rounds missed: there is no background
_IDLE = timedelta(hours=2)  # no reader for so long: nobody renews it either


@dataclass
class _Near:
    """This process's copy.

    Attributes:
        looked: By the stopwatch, when the store was asked last.
        asked: When a reader came last.
        alone: When WeChat was last asked without the store.
        failure: Why there is no token.
        has_tried: A process just started asks even if WeChat refused the app's configuration a while ago: an operator
            may have mended it.
    """

    record: Record | None = None
    looked: float = float("-inf")
    asked: float = float("-inf")
    alone: float = float("-inf")
    failure: MenjinError | None = None
    has_tried: bool = False


class AccessTokens:
    """Serves, renews and reports access_tokens.

    Args:
        apps: Whose.
        means: What it works with.
    """

    def __init__(self, apps: Apps, means: Means) -> None:
        self._apps = apps
        self._means = means
        self._clock = means.clock
        self._stopwatch = means.stopwatch
        self._figures = means.figures
        self._renewing = Renewing(means)
        self._near: dict[AppId, _Near] = {}
        self._kept = float("-inf")

    async def get(self, appid: str) -> AccessToken:
        """Return a token that should be good; at once if there is one in hand.

        Raises:
            RequestInvalid: `appid` is none of ours.
            WeChatError: There is none, and WeChat gives none.
            TransportError: There is none, and WeChat does not answer, or not within `cold_wait`.
            StoreUnavailable: There is none, and the store is down.
        """
        return await self._get(self._apps.get(appid))

    async def report(self, appid: str, token: Secret) -> ReportOutcome:
        """Take the word that WeChat refused a token with 40001, 40014 or 42001.

        It acts only on the token that is still current, and only if WeChat, asked once more, refuses it indeed.

        Raises:
            RequestInvalid: `appid` is none of ours.
            StoreUnavailable: The store is down; nothing was done.
        """
        return await self._report(self._apps.get(appid), token)

    async def _report(self, app: App, token: Secret) -> ReportOutcome:
        attempts: list[Attempt] = []
        for _ in self._turns():
            record = await self._load(app)
            if record is None or record.token is None or record.token.value != token:
                is_ours = any(attempt.outcome == "new" for attempt in attempts)
                return ReportOutcome.RENEWED if is_ours else ReportOutcome.NOT_CURRENT
            now = self._clock.now()
            if now < record.checked_at + self._figures.good_for:
                return ReportOutcome.GOOD
            if record.trouble is not None and now < record.trouble.retry_at:
                return ReportOutcome.HELD_BACK
            if attempts and attempts[-1].outcome is not None:
                return ReportOutcome.HELD_BACK
            if not rules.is_leased(record, now, self._figures):
                work = partial(self._look_into, app, record, token, attempts)
                await self._means.once.run(f"{app.appid} report", work, self._figures.cold_wait)
            else:
                await self._means.pause.pause(self._figures.poll_every)
        return ReportOutcome.HELD_BACK

    async def renew(self, appid: str, cause: Cause = "operator", *, force: bool = False) -> AccessToken:
        """Ask WeChat for a token now; in stable mode it gives the one in use unless `force` replaces it at once.

        Raises:
            RequestInvalid: `appid` is none of ours.
            WeChatError: WeChat gives none.
            TransportError: WeChat did not answer, our own budget is spent, or another renewal takes too long.
            StoreUnavailable: The store is down.
        """
        app = self._apps.get(appid)
        for _ in self._turns():
            record = await self._load(app)
            generation = self._generation(app.appid)
            attempt = await self._renewing.renew(app, record, cause, force=force, generation=generation)
            if attempt.error is not None:
                raise attempt.error
            if attempt.record is not None and attempt.outcome is not None:
                self._keep(app.appid, attempt.record)
                token = rules.find_usable(attempt.record, self._clock.now(), self._figures)
                if token is not None:
                    return token
            await self._means.pause.pause(self._figures.poll_every)
        raise HeldBack(self._figures.poll_every)

    async def status(self, appid: str) -> TokenStatus:
        """Return where an app's token stands, from the store.

        Raises:
            RequestInvalid: `appid` is none of ours.
            StoreUnavailable: The store is down.
        """
        app = self._apps.get(appid)
        record = await self._load(app)
        return _to_status(app, record, self._clock.now(), self._figures)

    async def step(self) -> None:
        """Look after the near copies that are in use: one round of the background."""
        self._kept = self._stopwatch.seconds()
        for app in self._apps.all():
            near = self._near.get(app.appid)
            if near is not None and self._stopwatch.seconds() - near.asked < _IDLE.total_seconds():
                await self._means.once.run(app.appid, partial(self._look_after, app), timedelta(0))

    async def current(self, app: App) -> Secret:
        """Return the token's text; raises what `get` raises."""
        return (await self._get(app)).value

    async def renewed(self, app: App, refused: Secret) -> Secret:
        """Report a token and return the current one's text; the same if there is no other. Raises what both raise."""
        await self._report(app, refused)
        return (await self._get(app)).value

    async def _get(self, app: App) -> AccessToken:
        near = self._near.setdefault(app.appid, _Near())
        now = self._clock.now()
        near.asked = self._stopwatch.seconds()
        token = rules.find_usable(near.record, now, self._figures)
        if token is None:
            return await self._get_cold(app, near)
        look = self._figures.look_every.total_seconds()
        is_due = near.record is not None and now >= near.record.due_at
        looks_missed = 1 if is_due else _NOBODY_LOOKS
        if near.asked - self._kept < _KEEPER_GONE * look or near.asked - near.looked < looks_missed * look:
            return token
        await self._means.once.run(app.appid, partial(self._look_after, app), timedelta(0))
        return rules.find_usable(near.record, self._clock.now(), self._figures) or token

    async def _get_cold(self, app: App, near: _Near) -> AccessToken:
        began = self._stopwatch.seconds()
        patience = self._figures.cold_wait
        failure: MenjinError | None = None
        for _ in self._turns():
            left = patience - timedelta(seconds=self._stopwatch.seconds() - began)
            await self._means.once.run(app.appid, partial(self._look_after, app), left)
            token = rules.find_usable(near.record, self._clock.now(), self._figures)
            if token is not None or near.failure is not None:
                failure = near.failure
                break
            await self._means.pause.pause(self._figures.poll_every)
        token = rules.find_usable(near.record, self._clock.now(), self._figures)
        waited = timedelta(seconds=self._stopwatch.seconds() - began)
        self._means.observer.waited(app.appid, waited, served=token is not None)
        if token is None:
            raise failure or HeldBack(self._figures.poll_every)
        return token

    async def _look_after(self, app: App) -> None:
        """Compare the near copy with the store, and renew what is due. Raises nothing of ours."""
        near = self._near.setdefault(app.appid, _Near())
        try:
            record = await self._load(app)
            near.failure = await self._tend(app, near, record)
        except StoreUnavailable as error:
            near.failure = error
            await self._do_without_store(app, near)
        finally:
            near.looked = self._stopwatch.seconds()

    async def _tend(self, app: App, near: _Near, record: Record | None) -> MenjinError | None:
        now = self._clock.now()
        state = rules.judge(record, app.token_mode, now, self._figures)
        if state in {State.FRESH, State.RENEWING}:
            return None
        cause: Cause = "cold" if state is State.EXPIRED else "due"
        generation, patient = self._generation(app.appid), near.has_tried
        near.has_tried = True
        attempt = await self._renewing.renew(app, record, cause, generation=generation, patient=patient)
        if attempt.record is not None:
            self._keep(app.appid, attempt.record)
        elif attempt.outcome == "fenced":
            near.record = await self._load(app)
        return attempt.error

    async def _do_without_store(self, app: App, near: _Near) -> None:
        """Stable mode only: WeChat gives every process the same token, so one that asks alone harms nobody."""
        state = rules.judge(near.record, app.token_mode, self._clock.now(), self._figures)
        since = self._stopwatch.seconds() - near.alone
        is_due = state in {State.DUE, State.EXPIRED} or near.record is None
        if app.token_mode == LEGACY or not is_due or since < self._figures.store_down_every.total_seconds():
            return
        near.alone = self._stopwatch.seconds()
        try:
            token, own = await self._renewing.fetch_alone(app)
        except MenjinError as error:
            near.failure = error
            return
        generation = self._generation(app.appid)
        if near.record is not None and near.record.token is not None and near.record.token.value != token.value:
            generation += 1
        near.record = replace(own, token=replace(token, generation=max(generation, 1)))

    async def _look_into(self, app: App, record: Record, token: Secret, attempts: list[Attempt]) -> None:
        force = rules.may_force(record.spent, app.token_mode, self._clock.now(), self._figures)
        if not force and app.token_mode == LEGACY:
            attempts.append(Attempt(record, "held_back"))
            return
        attempts.append(await self._renewing.renew(app, record, "report", force=force, suspect=token))

    async def _load(self, app: App) -> Record | None:
        """Load the record, settle what was left over, and keep a near copy."""
        record = await self._renewing.settle(app, await self._means.store.load(app.appid))
        near = self._near.setdefault(app.appid, _Near())
        own = near.record
        if own is not None and self._is_newer(own, record):  # fetched without the store, or the store lost it
            pushed = await self._renewing.push(app, record, own)
            if pushed is None or self._is_newer(own, pushed):
                return record  # somebody is at it: until then our own is the better one
            record = pushed
        self._keep(app.appid, record)
        return record

    def _keep(self, appid: AppId, record: Record | None) -> None:
        near = self._near.setdefault(appid, _Near())
        near.looked = self._stopwatch.seconds()
        if near.record is None or not self._is_newer(near.record, record):
            near.record = record

    def _is_newer(self, own: Record, kept: Record | None) -> bool:
        """Whether this process holds a token that is good, and newer than the store's by number and by time."""
        token = rules.find_usable(own, self._clock.now(), self._figures)
        if token is None or kept is None or kept.token is None:
            return token is not None
        is_later = token.obtained_at > kept.token.obtained_at + self._figures.skew
        return token.generation > kept.token.generation and is_later and token.value != kept.token.value

    def _generation(self, appid: AppId) -> int:
        near = self._near.get(appid)
        return near.record.token.generation if near is not None and near.record and near.record.token else 0

    def _turns(self) -> Iterator[None]:
        """Give turns until the wait is over; no more than fit into it, which holds on a clock that stands still too."""
        end = self._stopwatch.seconds() + self._figures.cold_wait.total_seconds()
        for _ in range(max(1, self._figures.cold_wait // self._figures.poll_every)):
            yield
            if self._stopwatch.seconds() >= end:
                return


def _to_status(app: App, record: Record | None, now: datetime, figures: TokenFigures) -> TokenStatus:
    state = rules.judge(record, app.token_mode, now, figures)
    token = record.token if record is not None else None
    trouble = record.trouble if record is not None else None
    spent = rules.count_today(record.spent, now) if record is not None else None
    return TokenStatus(
        appid=app.appid,
        mode=app.token_mode,
        state=state,
        generation=token.generation if token is not None else None,
        obtained_at=token.obtained_at if token is not None else None,
        expires_at=token.expires_at if token is not None else None,
        due_at=record.due_at if record is not None and token is not None else None,
        last_cause=record.last_cause if record is not None else None,
        calls_today=spent.in_day if spent is not None else 0,
        forced_today=spent.forced if spent is not None else 0,
        failures=trouble.failures if trouble is not None else 0,
        errcode=trouble.errcode if trouble is not None else None,
        retry_at=trouble.retry_at if trouble is not None else None,
    )
