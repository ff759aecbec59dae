"""Payments made by control, tradeable for the unionid a short while.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/basic-info/
(getPaidUnionid).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wxsim.models import Payment
from wxsim.shelf import Shelf

if TYPE_CHECKING:
    from wxsim.dice import Dice

REMEMBERED = 86_400.0


class Payments:
    """Payments by transaction_id and by merchant's order."""

    def __init__(self, dice: Dice) -> None:
        """Begin without payments."""
        self._dice = dice
        self.known: Shelf[Payment] = Shelf()

    def make(self, appid: str, person: str, now: float, mch_id: str = "", out_trade_no: str = "") -> Payment:
        """Let a person pay in an app; ids left out are made up."""
        digits = str(int.from_bytes(self._dice.draw("payment")[:10])).zfill(24)
        payment = Payment(
            transaction_id="4200" + digits[:24],
            mch_id=mch_id or "1900000109",
            out_trade_no=out_trade_no or digits[-20:],
            appid=appid,
            person=person,
            paid_at=now,
        )
        self.known.sweep(now)
        for key in (payment.transaction_id, f"{payment.mch_id}/{payment.out_trade_no}"):
            self.known.put(key, payment, now + REMEMBERED)
        return payment

    def find(self, transaction_id: str, mch_id: str, out_trade_no: str) -> Payment | None:
        """Return a payment by its transaction_id or its merchant's order."""
        return self.known.get(transaction_id or f"{mch_id}/{out_trade_no}")
