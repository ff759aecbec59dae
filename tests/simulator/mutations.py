"""WeChats with one broken rule each, made through the seam ``World(rules=…)``."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from wxsim import Rules

MINUTE = 60


def _broken(name: str, rule: str, *, gives: Any) -> type[Rules]:  # noqa: ANN401 - rules return many things
    """Return rules of which one always answers the same."""

    def instead(self: Rules, *args: object) -> Any:  # noqa: ANN401 - as above
        del self
        return gives(*args) if callable(gives) else gives

    assert hasattr(Rules, rule), rule
    return type(name, (Rules,), {rule: instead})


class SignsWithBytes(Rules):
    """Signatures are checked with the decoded key instead of its text."""

    def signature_fits(self, key: Any, signature: str, message: bytes) -> bool:  # noqa: ANN401 - a mutant
        """Check with the wrong key bytes."""
        decoded = base64.b64decode(key.value)
        return signature == hmac.new(decoded, message, hashlib.sha256).hexdigest()


class KeysNeverRotate(Rules):
    """A login never makes a new key while the old one lives."""

    def login_rotates_key(self, key: Any, now: float) -> bool:  # noqa: ANN401 - a mutant
        """Keep the key."""
        del key, now
        return False


MUTATIONS: list[type[Rules]] = [
    SignsWithBytes,
    KeysNeverRotate,
    _broken("CodesNeverExpire", "login_code_expired", gives=False),
    _broken("CodesLiveALittleLonger", "login_code_expired", gives=lambda code, now: now - code.issued_at > 300),
    _broken("CodesDieAtOnce", "login_code_expired", gives=lambda code, now: now - code.issued_at > 30),
    _broken("CodesCanBeReused", "code_is_used", gives=False),
    _broken("CodesFitAnyApp", "code_fits_app", gives=True),
    _broken("BlockedPeopleGetIn", "login_refused", gives=False),
    _broken("KeysAlwaysRotate", "login_rotates_key", gives=True),
    _broken("KeysNeverDie", "key_is_alive", gives=True),
    _broken("KeysDieByAge", "key_is_alive", gives=lambda key, now: now - key.made_at < 259_200),
    _broken("UseDoesNotExtend", "use_extends_key", gives=False),
    _broken("ResetRenewsTheLife", "reset_key_used_at", gives=lambda _key, now: now),
    _broken("AnySignatureFits", "signature_fits", gives=True),
    _broken("TokensNeverExpire", "token_expired", gives=False),
    _broken("ReplacedTokensWorkOn", "token_replaced", gives=False),
    _broken("LegacyHasNoGrace", "legacy_grace_end", gives=lambda now: now),
    _broken("LegacyGraceIsAnHour", "legacy_grace_end", gives=lambda now: now + 3600),
    _broken("ForceHasAGrace", "forced_grace_end", gives=lambda now: now + 300),
    _broken("TokenCallsInterfere", "call_replaces", gives=True),
    _broken("StableIsAlwaysNew", "stable_is_due", gives=True),
    _broken("StableIsNeverRenewedEarly", "stable_is_due", gives=lambda token, now: now >= token.expires_at),
    _broken("ForceIsUnlimited", "force_allowed", gives=True),
    _broken("ForceHasNoDailyLimit", "force_allowed", gives=lambda last, _n, now: last is None or now - last >= 30),
    _broken("ForceNeedsNoSpacing", "force_allowed", gives=lambda _last, today, _now: today < 20),
    _broken("NoLimits", "over_limit", gives=False),
    _broken("LimitsAreOneTooLow", "over_limit", gives=lambda count, limit: 0 < limit <= count),
    _broken("MinutesAreHours", "minute_of", gives=lambda now: int(now // 3600)),
    _broken("DaysAreUtc", "day_of", gives=lambda now: int(now // 86_400)),
    _broken("UnionidAlwaysShown", "unionid_shown", gives=True),
    _broken("UnionidNeverShown", "unionid_shown", gives=False),
    _broken("PaymentsNeverAge", "payment_in_time", gives=True),
    _broken("AnyPaymentFits", "payment_fits", gives=True),
    _broken("PhoneCodesNeverExpire", "phone_code_expired", gives=False),
    _broken("PhoneCodesFitAnyOpenid", "phone_code_fits_openid", gives=True),
    _broken("PhoneIsFree", "phone_call_costs", gives=0),
    _broken("MessagesNeverAge", "message_in_time", gives=True),
    _broken("MessagesFitAnyApp", "message_fits", gives=True),
    _broken("RefusalsAreForgotten", "remembers_scope_refusal", gives=False),
    _broken("ContractIsAskedAtOnce", "privacy_refusal_is_fresh", gives=False),
]
