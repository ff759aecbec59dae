"""The centre's times and budgets. Tests and soaks scale them; production has little reason to."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta

from menjin.errors import ConfigurationError, Fault

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class TokenFigures:
    """Times and budgets of the centre.

    Attributes:
        margin: Renewed so long before the end, or later by up to `jitter`; WeChat gives a new stable token in the
            last `overlap` only.
        second_look: WeChat gave the same token: asked again so long before the end.
        overlap: So long two tokens are good side by side, by WeChat's word.
        lease: So long nobody else renews.
        skew: So far the clocks of two machines may be apart; a lease is taken over no earlier after its end.
        deadline: For one call to WeChat.
        cold_wait: So long a reader without any good token waits.
        look_every: The near copy is compared with the store so often.
        poll_every: The same while waiting for somebody else's renewal.
        force_spacing: Between two replacements on report.
        forced_per_day: Replacements by force_refresh a day, on report; WeChat allows 20.
        per_minute: Calls for a token.
        per_day: The same in a Beijing day; WeChat allows 2,000 in legacy mode.
        back_off: After the first failed call; doubled with each one more.
        back_off_ceiling: No longer than this.
        config_back_off: After WeChat refused the app itself.
        good_for: WeChat took the token: further reports that it is bad are not looked into.
        store_down_every: While the store is down, one call of each process at most so often, in stable mode.
    """

    margin: timedelta = 240 * _SECOND
    jitter: timedelta = 60 * _SECOND
    second_look: timedelta = 120 * _SECOND
    overlap: timedelta = 300 * _SECOND
    lease: timedelta = 10 * _SECOND
    skew: timedelta = 2 * _SECOND
    deadline: timedelta = 3 * _SECOND
    cold_wait: timedelta = 3 * _SECOND
    look_every: timedelta = _SECOND
    poll_every: timedelta = _SECOND / 20
    force_spacing: timedelta = 60 * _SECOND
    forced_per_day: int = 6
    per_minute: int = 10
    per_day: int = 500
    back_off: timedelta = _SECOND
    back_off_ceiling: timedelta = 60 * _SECOND
    config_back_off: timedelta = 300 * _SECOND
    good_for: timedelta = 10 * _SECOND
    store_down_every: timedelta = 30 * _SECOND

    def __post_init__(self) -> None:
        """Refuse figures under which a bad token could be served.

        Raises:
            ConfigurationError: All that is wrong with them.
        """
        faults = [
            Fault(f"access_tokens.{one.name}", "must be more than nothing 必须大于零")
            for one in fields(self)
            if one.name not in {"jitter", "skew"} and _is_nothing(getattr(self, one.name))
        ]
        if not self.lease + self.skew < self.margin - self.jitter:
            told = "lease and skew together must be shorter than margin less jitter 两者之和过长"
            faults.append(Fault("access_tokens.lease", told))
        if not self.margin < self.overlap:
            faults.append(Fault("access_tokens.margin", "must be shorter than overlap 必须短于 overlap"))
        if not self.second_look < self.margin - self.jitter:
            faults.append(Fault("access_tokens.second_look", "must be shorter than margin less jitter 过长"))
        if not 2 * self.deadline <= self.lease:
            faults.append(
                Fault("access_tokens.deadline", "must not be longer than half the lease 不能超过 lease 的一半")
            )
        if faults:
            raise ConfigurationError(faults)


def _is_nothing(value: timedelta | int) -> bool:
    return value <= timedelta(0) if isinstance(value, timedelta) else value <= 0
