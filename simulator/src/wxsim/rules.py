"""WeChat's rules, each one small decision without state.

This is the seam for experiments: ``World(rules=MyRules)`` builds a world whose
WeChat decides otherwise. The project's own tests break the rules one by one
through it and demand that the tests notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wxsim import crypto

if TYPE_CHECKING:
    from wxsim.models import App, Code, Payment, Person, SessionKey, Token
    from wxsim.settings import Settings

MINUTE = 60
DAY = 86_400
BEIJING = 8 * 3600


class Rules:
    """The decisions of WeChat, as far as they are known.

    Attributes:
        settings: the knobs in force; the world replaces them as a whole.
    """

    def __init__(self, settings: Settings) -> None:
        """Decide by ``settings``."""
        self.settings = settings

    # -- one-time codes (W: a login_code lives 5 minutes and is exchangeable once)

    def login_code_expired(self, code: Code, now: float) -> bool:
        """Say whether a login_code is too old to be exchanged."""
        return now - code.issued_at >= self.settings.login_code_ttl

    def phone_code_expired(self, code: Code, now: float) -> bool:
        """Say whether a phone_code is too old to be exchanged."""
        return now - code.issued_at >= self.settings.phone_code_ttl

    def plugin_code_expired(self, code: Code, now: float) -> bool:
        """Say whether a plugin's code is too old to be exchanged."""
        return now - code.issued_at >= self.settings.plugin_code_ttl

    def code_is_used(self, code: Code) -> bool:
        """Say whether a code has been exchanged before."""
        return code.used_at is not None

    def code_fits_app(self, code: Code, appid: str) -> bool:
        """Say whether a code was issued to this app."""
        return code.appid == appid

    def phone_code_fits_openid(self, owner: str, asked: str) -> bool:
        """Say whether a phone_code belongs to the openid sent along."""
        return owner == asked

    def login_refused(self, person: Person) -> bool:
        """Say whether WeChat refuses this person's login (40226)."""
        return person.blocked

    # -- session_key

    def key_is_alive(self, key: SessionKey, now: float) -> bool:
        """Say whether a session_key still works: sliding, by use."""
        return now - key.used_at < self.settings.session_key_idle

    def login_rotates_key(self, key: SessionKey, now: float) -> bool:
        """Say whether an operation that makes a code also makes a new key."""
        policy = self.settings.session_key_policy
        if policy == "min_interval":
            return now - key.made_at >= self.settings.session_key_min_interval
        return policy == "always"

    def use_extends_key(self) -> bool:
        """Say whether opening the mini program keeps a session_key alive."""
        return True

    def reset_key_used_at(self, key: SessionKey, now: float) -> float:
        """Return the last use a reset key counts from: the old key's own."""
        del now
        return key.used_at

    def signature_fits(self, key: SessionKey, signature: str, message: bytes) -> bool:
        """Say whether a user login-state signature was made with this key."""
        if self.settings.signature_any_case:
            signature = signature.lower()
        return signature == crypto.session_signature(key.value, message)

    # -- access_token

    def token_expired(self, token: Token, now: float) -> bool:
        """Say whether a token has reached its natural end (42001)."""
        return now >= token.expires_at

    def token_replaced(self, token: Token, now: float) -> bool:
        """Say whether a token was replaced and its grace is over (40001)."""
        return now >= token.dies_at

    def token_fits_app(self, token: Token, appid: str) -> bool:
        """Say whether a token was issued to this app."""
        return token.appid == appid

    def legacy_grace_end(self, now: float) -> float:
        """Return when a token replaced by a legacy call stops working."""
        return now + self.settings.legacy_token_overlap

    def forced_grace_end(self, now: float) -> float:
        """Return when a token replaced by force stops working: at once."""
        return now

    def call_replaces(self, kind: str, other: str) -> bool:
        """Say whether a new token of one kind touches tokens of the other."""
        return kind == other

    def stable_is_due(self, token: Token, now: float) -> bool:
        """Say whether a normal stable call makes a new token already."""
        return token.expires_at - now <= self.settings.stable_renew_before

    def force_allowed(self, last: float | None, today: int, now: float) -> bool:
        """Say whether a forced renewal is neither too early nor too many."""
        spacing, most = self.settings.force_spacing, self.settings.force_per_day
        early = last is not None and now - last < spacing
        return not early and (not most or today < most)

    def ip_allowed(self, app: App, address: str) -> bool:
        """Say whether an address may ask for tokens."""
        return not self.settings.ip_whitelist_enforced or address in app.ip_whitelist

    # -- windows and limits

    def over_limit(self, count: int, limit: int) -> bool:
        """Say whether the call number ``count`` exceeds ``limit``; 0 is no limit."""
        return 0 < limit < count

    def minute_of(self, now: float) -> int:
        """Return the number of the minute that a minute limit counts in."""
        return int(now // MINUTE)

    def day_of(self, now: float) -> int:
        """Return the number of the Beijing day that a daily limit counts in."""
        return int((now + BEIJING) // DAY)

    # -- people, phone, payment, open data

    def unionid_shown(self, app: App) -> bool:
        """Say whether an app is told unionids."""
        return bool(app.open_platform)

    def payment_in_time(self, payment: Payment, now: float) -> bool:
        """Say whether a payment may still be traded for the unionid."""
        return now - payment.paid_at < self.settings.payment_window

    def payment_fits(self, payment: Payment, appid: str, person: str) -> bool:
        """Say whether a payment was made in this app by this person."""
        return payment.appid == appid and payment.person == person

    def phone_call_costs(self) -> int:
        """Return what one successful tap on the phone button costs, in calls."""
        return 1

    def message_in_time(self, created_at: float, now: float) -> bool:
        """Say whether WeChat still vouches for an encrypted message."""
        return now - created_at < self.settings.encrypted_msg_memory

    def message_fits(self, owner: str, appid: str) -> bool:
        """Say whether an encrypted message was made for this app."""
        return owner == appid

    def remembers_scope_refusal(self) -> bool:
        """Say whether a refused scope fails from then on without a question."""
        return True

    def privacy_refusal_is_fresh(self, refused_at: float, now: float) -> bool:
        """Say whether a refused privacy contract still silences the popup."""
        return now - refused_at < self.settings.privacy_refusal_quiet
