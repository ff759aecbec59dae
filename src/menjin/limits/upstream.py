"""The gate towards WeChat: how many calls go at once, and whether any go at all.

A call waits for a slot at most half its time, so that what is left is enough to be answered in: a queue never
looks like a WeChat that does not answer.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from menjin.clock import Clock
from menjin.errors import (
    AnswerUnreadable,
    AppMisconfigured,
    HeldBack,
    MenjinError,
    QuotaExceeded,
    TransportError,
    WeChatBusy,
)
from menjin.limits import breaker
from menjin.limits.breaker import AppState, Held, Outcome, Pass
from menjin.limits.model import UpstreamFigures
from menjin.limits.store import AppStates, Slots
from menjin.values import AppId

_LOG = logging.getLogger("menjin.limits")
_DAY_QUOTA = 45009
_TOKEN_REFUSED = frozenset({40001, 40014, 42001})  # renewed by the caller; no operator need act
_WHEN_FULL = timedelta(seconds=1)

T = TypeVar("T")


class Upstream:
    """Lets calls through, or holds them back before anything is sent.

    Args:
        slots: How many at once.
        states: What is known of each app's calls.
    """

    def __init__(self, slots: Slots, states: AppStates, figures: UpstreamFigures, clock: Clock) -> None:
        self._slots = slots
        self._states = states
        self._figures = figures
        self._clock = clock

    async def run(self, appid: AppId, api: str, left: timedelta, work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` does, which sends one request and reads its answer.

        Args:
            appid: Whose call it is.
            api: Its path; WeChat's day quotas are by API.
            left: The time the call has.
            work: Called once, or not at all.

        Raises:
            HeldBack: No slot in time, or WeChat has not been answering; nothing was sent.
            QuotaExceeded: The API's day quota is used up, by WeChat's word now or a while ago.
        """
        self._refuse(self._states.change(appid, lambda state: (state, self._admit(state, api)[1])))
        ticket = await self._slots.take(appid, left / 2)
        if ticket is None:
            raise HeldBack(_WHEN_FULL)
        try:
            return await self._watch(appid, api, work)
        finally:
            self._slots.give(ticket)

    async def _watch(self, appid: AppId, api: str, work: Callable[[], Awaitable[T]]) -> T:
        passed = self._refuse(self._states.change(appid, lambda state: self._admit(state, api)))
        outcome = Outcome.UNKNOWN
        try:
            result = await work()
            outcome = Outcome.ANSWERED
        except MenjinError as error:
            outcome = _judge(error)
            if isinstance(error, QuotaExceeded) and error.errcode == _DAY_QUOTA:
                passed = self._hold_day(appid, passed, error)
            elif isinstance(error, AppMisconfigured) and error.errcode not in _TOKEN_REFUSED:
                self._alert(appid, error)
            raise
        finally:
            self._report(appid, passed, outcome)
        return result

    def _admit(self, state: AppState, api: str) -> tuple[AppState, Pass | Held]:
        return breaker.admit(state, api, self._figures, self._clock.now())

    def _refuse(self, verdict: Pass | Held) -> Pass:
        if isinstance(verdict, Pass):
            return verdict
        if verdict.why == "day_quota":
            raise QuotaExceeded(_DAY_QUOTA, retry_after=verdict.retry_after)
        raise HeldBack(verdict.retry_after)

    def _report(self, appid: AppId, passed: Pass, outcome: Outcome) -> None:
        def rule(state: AppState) -> tuple[AppState, tuple[bool, bool]]:
            after = breaker.report(state, passed, outcome, self._figures, self._clock.now())
            return after, (state.open_until is not None, after.open_until is not None)

        was_open, is_open = self._states.change(appid, rule)
        if is_open and not was_open:
            _LOG.warning("WeChat does not answer app=%s; its calls are held back for a while", appid)
        elif was_open and not is_open:
            _LOG.warning("WeChat answers app=%s again", appid)

    def _hold_day(self, appid: AppId, passed: Pass, error: QuotaExceeded) -> Pass:
        api = passed.api

        def rule(state: AppState) -> tuple[AppState, bool]:
            after = breaker.hold_day(state, api, error.retry_after, self._figures, self._clock.now())
            return after, api in state.holds

        if not self._states.change(appid, rule):
            _LOG.error("an operator must act: app=%s api=%s: WeChat's day quota is used up", appid, api)
        return Pass(api, passed.is_probe)  # it answered, but not so that the hold ends

    def _alert(self, appid: AppId, error: AppMisconfigured) -> None:
        now = self._clock.now()
        if self._states.change(appid, lambda state: breaker.note_misconfigured(state, error.errcode, now)):
            _LOG.error("an operator must act: app=%s: %s", appid, error)


def _judge(error: MenjinError) -> Outcome:
    """Return what an error says of WeChat: that it answered, unless it is -1 or nothing came."""
    if isinstance(error, WeChatBusy) or (isinstance(error, TransportError) and not isinstance(error, AnswerUnreadable)):
        return Outcome.FAILED
    return Outcome.ANSWERED
