"""What the phone button costs: trial calls, bought calls, and a line for each.

Paid since 2023-08-28, at the tap and not at the exchange of the code. Source:
https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/getPhoneNumber.html
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from wxsim.eras import PHONE_PAID
from wxsim.models import App, PhoneCall

if TYPE_CHECKING:
    from wxsim.rules import Rules

KEPT = 10_000
FEN = {"getPhoneNumber": 3, "getRealtimePhoneNumber": 4}


class PhoneLedger:
    """The last lines of the ledger, newest last."""

    def __init__(self, rules: Rules) -> None:
        """Begin with an empty ledger."""
        self._rules = rules
        self.lines: deque[PhoneCall] = deque(maxlen=KEPT)

    def trial_left(self, app: App) -> int:
        """Return how many free calls an app still has."""
        return max(0, self._rules.settings.phone_trial_calls - app.phone_trial_used)

    def affordable(self, app: App, now: float) -> bool:
        """Say whether an app may show the phone panel once more."""
        cost = self._rules.phone_call_costs()
        return now < PHONE_PAID or max(self.trial_left(app), app.phone_paid_calls) >= cost

    def charge(self, app: App, person: str, api: str, now: float) -> None:
        """Charge one successful tap: trial calls first, bought ones then."""
        fen = 0
        if now >= PHONE_PAID:
            cost = self._rules.phone_call_costs()
            if self.trial_left(app):
                app.phone_trial_used += cost
            else:
                app.phone_paid_calls -= cost
                fen = FEN[api]
        line = PhoneCall(now, app.appid, person, api, fen, self.trial_left(app), app.phone_paid_calls)
        self.lines.append(line)
