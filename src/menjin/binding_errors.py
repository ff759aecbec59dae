"""The failures of binding: branches of the tree in `errors`, in a file of their own for length."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from menjin.errors import AccountError, Action, CallerError

__all__ = [
    "AccountNotFound",
    "BindTicketInvalid",
    "LastWayIn",
    "PaymentUnknown",
    "PhoneMismatch",
    "StepUpRequired",
    "VerifiedPhoneRequired",
]


class BindTicketInvalid(CallerError):
    """The bind_ticket is unknown, used, older than ten minutes, or another session's."""

    code = "bind_ticket_invalid"
    action = "bind"
    message = "the bind_ticket is not good any more"


class PaymentUnknown(CallerError):
    """WeChat does not know this payment yet, or not any more: it tells the unionid for five minutes."""

    code = "payment_unknown"
    action = "retry"
    retryable = True
    message = "WeChat does not know this payment of this person, yet or any more"

    def __init__(self, retry_after: timedelta = timedelta(seconds=5)) -> None:
        super().__init__()
        self.retry_after = retry_after


class AccountNotFound(AccountError):
    """No account of the business has this phone number; the number was verified all the same."""

    code = "account_not_found"
    action: ClassVar[Action] = "bind"
    message = "no account has this phone number"


class LastWayIn(AccountError):
    """Without this identity nobody could reach the account any more."""

    code = "last_way_in"
    message = "this is the last way into the account"


class StepUpRequired(AccountError):
    """The deed asks for a proof of who the person is, not older than ten minutes."""

    code = "step_up_required"
    message = "prove who you are once more"


class VerifiedPhoneRequired(AccountError):
    """Verify a phone number in this session first.

    A binding by phone needs one; a password does when its name has seen too many wrong ones lately.
    """

    code = "verified_phone_required"
    message = "verify a phone number first"


class PhoneMismatch(AccountError):
    """The number is not the account's."""

    code = "phone_mismatch"
    message = "this is not the account's phone number"
