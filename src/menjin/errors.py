"""Every failure menjin raises, in one tree. Nothing here knows HTTP, SQL or WeChat's numbers.

The first split is whose fault it is::

    MenjinError
    ├ CallerError            the request, its code, its token or its ciphertext
    │ ├ RequestInvalid  BodyTooLarge  TooManyAttempts  NotFound
    │ ├ LoginCodeInvalid  LoginCodeUsed  PhoneCodeInvalid(LoginCodeAsPhoneCode)  CredentialsInvalid
    │ ├ BindTicketInvalid  PaymentUnknown
    │ ├ OpenDataInvalid  StaleSessionKey
    │ ├ ClientInvalid  ClientNotPermitted
    │ └ SessionInvalid
    │   ├ SessionExpired  SessionRotated
    │   └ KickedOut  Replaced  SignedOut
    ├ AccountError           what the person may do
    │ ├ BindingRequired  BindingConflict  AccountNotFound  LastWayIn  AccountDisabled
    │ └ StepUpRequired  VerifiedPhoneRequired  PhoneMismatch
    ├ WeChatError            WeChat answered, and said no (errcode, errmsg, rid)
    │ └ WeChatBusy  QuotaExceeded  AppMisconfigured  UserBlocked  UnknownWeChatError
    ├ TransportError         WeChat did not answer, or not in words
    │ └ TimedOut  ConnectFailed  AnswerUnreadable  HeldBack  CentreUnreachable
    ├ StoreError
    │ └ StoreUnavailable
    └ ConfigurationError     at start only; lists every fault

An error carries values, never a request, a URL, a token or a key: its text may be logged and shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Literal

from menjin.values import Secret

Action = Literal["login", "retap", "retry", "bind", "none"]


class MenjinError(Exception):
    """Root of the tree.

    Attributes:
        code: Stable slug, the same in every language; never translated.
        action: What the mini program does next.
        retryable: Whether the same call may succeed later, unchanged.
        message: One English sentence, fit for a log and for a caller.
    """

    code: ClassVar[str] = "internal_error"
    action: ClassVar[Action] = "none"
    retryable: ClassVar[bool] = False
    message: ClassVar[str] = "something went wrong on our side"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.message)


class CallerError(MenjinError):
    """The request cannot be served as it is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request or a configuration: where, and what."""

    where: str
    problem: str


class RequestInvalid(CallerError):
    """The body or a parameter has not the shape the contract asks for."""

    code = "request_invalid"
    message = "the request does not have the shape the contract asks for"

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.where}: {fault.problem}" for fault in faults) or None)
        self.faults = faults


class BodyTooLarge(CallerError):
    """The body is longer than 64 KiB."""

    code = "body_too_large"
    message = "the body is larger than 64 KiB"


class NotFound(CallerError):
    """What the path names is not there, or not the caller's."""

    code = "not_found"
    message = "there is no such thing here"


class TooManyAttempts(CallerError):
    """A limit was reached; `retry_after` says when to come back."""

    code = "too_many_attempts"
    retryable = True
    message = "too many attempts"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__()
        self.retry_after = retry_after


class LoginCodeInvalid(CallerError):
    """WeChat does not know this login_code: made up, expired, or another app's."""

    code = "login_code_invalid"
    action = "login"
    message = "WeChat does not know this login_code"


class LoginCodeUsed(CallerError):
    """The login_code was exchanged before; each is good once."""

    code = "login_code_used"
    action = "login"
    message = "this login_code was used before"


class PhoneCodeInvalid(CallerError):
    """WeChat does not know this phone_code for this person: used, expired, made up, or somebody else's."""

    code = "phone_code_invalid"
    message = "WeChat does not know this phone_code for this person"


class LoginCodeAsPhoneCode(PhoneCodeInvalid):
    """What came as phone_code looks like wx.login's code; the phone button's event has another."""

    code = "login_code_as_phone_code"
    message = "this looks like a login_code; the phone_code is the `code` of the phone button's event"


class CredentialsInvalid(CallerError):
    """The directory does not know this pair of username and password."""

    code = "credentials_invalid"
    message = "username and password do not match"


class OpenDataInvalid(CallerError):
    """encrypted_data or iv is not base64 of a possible ciphertext; seen before any key is used."""

    code = "open_data_invalid"
    message = "encrypted_data or iv is not well-formed"


class StaleSessionKey(CallerError):
    """The data does not open. Why is not said, to anyone: log in now, then ask for another tap."""

    code = "stale_session_key"
    action = "retap"
    message = "the data does not open with the session_key in hand"


class ClientInvalid(CallerError):
    """No service client has this credential, or it was revoked."""

    code = "client_invalid"
    message = "no service client has this credential"


class ClientNotPermitted(CallerError):
    """The service client may not do this, or not for this app."""

    code = "client_not_permitted"
    message = "this service client may not do this for this app"


class SessionInvalid(CallerError):
    """The session_token names no session."""

    code = "session_invalid"
    action: ClassVar[Action] = "login"
    message = "the session_token names no session"


class SessionExpired(SessionInvalid):
    """The session reached its idle or absolute end, or a binding made it obsolete."""

    code = "session_expired"
    message = "the session has expired"


class SessionRotated(SessionInvalid):
    """The token was replaced less than a minute ago; the new one is on its way."""

    code = "session_rotated"
    action = "retry"
    retryable = True
    message = "the session_token was replaced a moment ago"


class KickedOut(SessionInvalid):
    """The person or an operator ended this session from elsewhere."""

    code = "kicked_out"
    action = "none"
    message = "the session was ended from elsewhere"


class Replaced(SessionInvalid):
    """A newer session took this one's place."""

    code = "replaced"
    action = "none"
    message = "a newer session took this one's place"


class SignedOut(SessionInvalid):
    """The person signed out."""

    code = "signed_out"
    action = "none"
    message = "signed out"


class AccountError(MenjinError):
    """The request is well-formed, but this person may not do it."""


class BindingRequired(AccountError):
    """The deed needs an account and the session has none yet."""

    code = "binding_required"
    action = "bind"
    message = "this session is not bound to an account yet"


BindChoice = Literal["confirm", "sign_in_as_other", "move_with_password", "ask_operator"]


class BindingConflict(AccountError):
    """What was to be bound is bound otherwise; nothing was changed.

    Attributes:
        choices: What the person may do about it.
        bind_ticket: Carries on from here: ten minutes, once, in the same session; None where nothing is carried.
    """

    code = "binding_conflict"
    action: ClassVar[Action] = "bind"
    message = "which account this is has to be settled first"

    def __init__(self, choices: tuple[BindChoice, ...] = ("ask_operator",), bind_ticket: Secret | None = None) -> None:
        super().__init__()
        self.choices = choices
        self.bind_ticket = bind_ticket


class AccountDisabled(AccountError):
    """An operator has disabled the account."""

    code = "account_disabled"
    message = "the account is disabled"


class WeChatError(MenjinError):
    """WeChat answered with an errcode.

    Attributes:
        errcode: WeChat's number.
        errmsg: WeChat's text; kept for the programmer, never part of `str()`.
        rid: WeChat's request id, `8hex-8hex-8hex`, or None.
    """

    code = "wechat_bad_answer"
    message = "WeChat refused the call"

    def __init__(self, errcode: int, errmsg: str = "", rid: str | None = None) -> None:
        super().__init__(f"{self.message} (errcode {errcode}, rid {rid or 'none'})")
        self.errcode = errcode
        self.errmsg = errmsg
        self.rid = rid


class WeChatBusy(WeChatError):
    """-1 and its like: WeChat asks to come back."""

    code = "wechat_unavailable"
    retryable = True
    message = "WeChat is busy"


class QuotaExceeded(WeChatError):
    """A minute or day limit of WeChat is used up.

    Attributes:
        retry_after: Until the limit's next window begins.
    """

    code = "too_many_attempts"
    retryable = True
    message = "a limit of WeChat is used up"

    def __init__(self, errcode: int, errmsg: str = "", rid: str | None = None, *, retry_after: timedelta) -> None:
        super().__init__(errcode, errmsg, rid)
        self.retry_after = retry_after


class AppMisconfigured(WeChatError):
    """WeChat refuses the app itself or the form of our call: an operator must act."""

    code = "app_misconfigured"
    message = "WeChat refuses this app's configuration"


class UserBlocked(WeChatError):
    """WeChat judges the person a high risk and refuses the login."""

    code = "user_blocked"
    message = "WeChat refuses to log this person in"


class UnknownWeChatError(WeChatError):
    """An errcode that is in no table of ours; it stays unknown, with its number."""


class TransportError(MenjinError):
    """WeChat could not be reached, or its answer could not be read."""

    code = "wechat_unavailable"
    retryable = True
    message = "WeChat could not be reached"


class TimedOut(TransportError):
    """No whole answer within the deadline; what the call did at WeChat is not known."""

    message = "WeChat did not answer in time"


class ConnectFailed(TransportError):
    """No connection to WeChat, or it broke before the answer was whole."""

    message = "the connection to WeChat failed"


class AnswerUnreadable(TransportError):
    """The answer is no JSON object of the documented shape."""

    code = "wechat_bad_answer"
    retryable = False
    message = "WeChat's answer could not be read"


class HeldBack(TransportError):
    """The call was not sent: WeChat has not been answering, or too many calls are on their way.

    Attributes:
        retry_after: When it may go.
    """

    message = "calls to WeChat are held back for a moment"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__()
        self.retry_after = retry_after


class CentreUnreachable(TransportError):
    """The access_token centre of another process does not answer."""

    message = "the access_token centre cannot be reached"


StoreKind = Literal["database", "redis", "directory"]


class StoreError(MenjinError):
    """A store of ours failed."""

    code = "store_unavailable"
    retryable = True
    message = "a store of ours cannot be reached"


class StoreUnavailable(StoreError):
    """The store is down, full, locked or too slow; nothing is known of the caller. `store`: which, where known."""

    def __init__(self, detail: str | None = None, *, store: StoreKind | None = None) -> None:
        super().__init__(detail)
        self.store = store


class ConfigurationError(MenjinError):
    """The configuration cannot work; raised at start, with every fault at once."""

    code = "configuration_invalid"
    message = "the configuration is not usable"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(f"{fault.where}: {fault.problem}" for fault in faults) or None)
        self.faults = tuple(faults)
