"""Everything about WeChat's behaviour that can be turned.

Each default is what the real WeChat does; where nobody outside knows, it is the
assumption named in FIDELITY.md, which lists every field of this table. Times are
seconds. Limits of 0 mean "no limit".
"""

from __future__ import annotations

from typing import Literal

import msgspec

PRECEDENCE = ("params", "appid", "secret", "code")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The knobs of one world; immutable, replaced as a whole.

    Every field is explained, with its source and its confidence, in FIDELITY.md.
    """

    # login codes and code2Session
    login_code_ttl: float = 300.0
    dead_code_memory: float = 600.0
    dead_codes_kept: int = 100_000
    exchange_precedence: tuple[str, ...] = PRECEDENCE
    exchange_calls_per_minute: int = 100
    exchange_answers_key: Literal["current", "at_login"] = "current"
    busy_consumes_code: bool = False
    legacy_expires_in: bool = False
    shuffle_reply_keys: bool = True
    sns_content_type: str = "text/plain"
    api_content_type: str = "application/json; encoding=utf-8"

    # session_key
    session_key_policy: Literal["never", "always", "min_interval"] = "min_interval"
    session_key_min_interval: float = 300.0
    session_key_idle: float = 259_200.0
    signature_any_case: bool = True
    reset_key_per_minute: int = 60_000

    # access_token and quotas
    access_token_ttl: float = 7200.0
    access_token_length: int = 136
    legacy_token_overlap: float = 300.0
    legacy_token_per_day: int = 2000
    stable_renew_before: float = 300.0
    stable_per_minute: int = 10_000
    stable_per_day: int = 500_000
    force_per_day: int = 20
    force_spacing: float = 30.0
    force_refused: Literal["current", "45009"] = "current"
    ip_whitelist_enforced: bool = False
    api_per_day: int = 1_000_000
    clear_quota_per_month: int = 10
    quota_clear_per_month: int = 50
    rid_memory: float = 604_800.0

    # phone numbers, payments, plugins, open data
    phone_code_ttl: float = 300.0
    phone_code_openid_errcode: int = 40003
    foreign_phone_format: str = "+{cc}{number}"
    country_code_as_number: bool = False
    unbound_phone: Literal["deny", "bind"] = "deny"
    phone_trial_calls: int = 1000
    payment_window: float = 300.0
    plugin_code_ttl: float = 300.0
    encrypted_msg_memory: float = 259_200.0
    encrypt_key_ttl: float = 3600.0
    encrypt_key_expire_time: Literal["unix_seconds", "seconds_left"] = "unix_seconds"

    # the phone
    base_library: str = "3.17.0"
    client_calls_per_second: int = 4
    client_frequency: Literal["warn", "fail"] = "warn"
    check_session_fail_text: str = "session time out, need relogin"
    cache_manager_default_caches: bool = True
    cache_manager_life: float = 604_800.0
    privacy_refusal_quiet: float = 10.0
    privacy_declaration_delay: float = 300.0
    storage_key_bytes: int = 1_048_576
    storage_total_bytes: int = 10_485_760
    storage_encrypted_key_bytes: int = 734_003
    storage_encrypted_total_bytes: int = 7_444_889

    # message push and cloud hosting: read by nothing yet, named for the day they are
    push_timeout: float = 5.0
    push_retries: int = 3
    revoke_info_list: bool = False
    cloud_strips_wx_headers: bool = False

    # the simulator itself
    journal_size: int = 10_000

    def __post_init__(self) -> None:
        """Refuse values that no world can be built on.

        Raises:
            ValueError: a precedence that is no order of the four checks, or an
                access_token outside 16 to 512 characters.
        """
        if sorted(self.exchange_precedence) != sorted(PRECEDENCE):
            message = f"exchange_precedence must be an order of {PRECEDENCE}"
            raise ValueError(message)
        if not 16 <= self.access_token_length <= 512:  # noqa: PLR2004 - WeChat's own bound
            message = "access_token_length must be 16 to 512 characters"
            raise ValueError(message)
