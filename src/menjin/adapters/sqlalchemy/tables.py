"""The tables. Times are BIGINT microseconds UTC; WeChat's ids compare byte by byte."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

_ID = sa.String(30)
_APPID = sa.String(32)
_WECHAT_ID = sa.String(64)
_HASH = sa.String(96)
_MICROS = sa.BigInteger

ACCOUNTS = sa.Table(
    "accounts",
    METADATA,
    sa.Column("account_id", _ID, primary_key=True),
    sa.Column("realm", sa.String(64), nullable=False),
    sa.Column("external_id", sa.String(128)),
    sa.Column("created_at", _MICROS, nullable=False),
    sa.Column("disabled_at", _MICROS),
    sa.UniqueConstraint("realm", "external_id", name="uq_accounts_external_id"),
)

IDENTITIES = sa.Table(
    "identities",
    METADATA,
    sa.Column("identity_id", _ID, primary_key=True),
    sa.Column("appid", _APPID, nullable=False),
    sa.Column("openid", _WECHAT_ID, nullable=False),
    sa.Column("unionid", _WECHAT_ID),
    sa.Column("account_id", _ID, sa.ForeignKey("accounts.account_id"), index=True),
    sa.Column("created_at", _MICROS, nullable=False),
    sa.UniqueConstraint("appid", "openid", name="uq_identities_openid"),
)

UNIONIDS = sa.Table(
    "unionids",
    METADATA,
    sa.Column("realm", sa.String(64), primary_key=True),
    sa.Column("open_platform", sa.String(64), primary_key=True),
    sa.Column("unionid", _WECHAT_ID, primary_key=True),
    sa.Column("account_id", _ID, sa.ForeignKey("accounts.account_id"), nullable=False, index=True),
)

KEYRINGS = sa.Table(
    "keyrings",
    METADATA,
    sa.Column("appid", _APPID, primary_key=True),
    sa.Column("openid", _WECHAT_ID, primary_key=True),
    sa.Column("current_sealed", sa.Text, nullable=False),
    sa.Column("current_began_at", _MICROS, nullable=False),
    sa.Column("previous_sealed", sa.Text),
    sa.Column("previous_began_at", _MICROS),
    sa.Column("previous_until", _MICROS),
)

SESSIONS = sa.Table(
    "sessions",
    METADATA,
    sa.Column("session_id", _ID, primary_key=True),
    sa.Column("token_hash", _HASH, nullable=False, unique=True),
    sa.Column("appid", _APPID, nullable=False),
    sa.Column("openid", _WECHAT_ID, nullable=False),
    sa.Column("identity_id", _ID, nullable=False, index=True),
    sa.Column("unionid", _WECHAT_ID),
    sa.Column("account_id", _ID),
    sa.Column("external_id", sa.String(128)),
    sa.Column("device_id", sa.String(64)),
    sa.Column("device_label", sa.String(64)),
    sa.Column("issued_at", _MICROS, nullable=False),
    sa.Column("last_seen_at", _MICROS, nullable=False),
    sa.Column("authenticated_at", _MICROS, nullable=False),
    sa.Column("idle_micros", _MICROS, nullable=False),
    sa.Column("ends_at", _MICROS, nullable=False, index=True),
    sa.Column("end_reason", sa.String(16)),
    sa.Column("ended_at", _MICROS),
)

ROTATED_TOKENS = sa.Table(
    "rotated_tokens",
    METADATA,
    sa.Column("token_hash", _HASH, primary_key=True),
    sa.Column("session_id", _ID, sa.ForeignKey("sessions.session_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("rotated_at", _MICROS, nullable=False),
)

CLAIMS = sa.Table(
    "sign_in_claims",
    METADATA,
    sa.Column("code_hash", sa.String(64), primary_key=True),
    sa.Column("claimed_until", _MICROS, nullable=False, index=True),
    sa.Column("is_keyed", sa.Boolean, nullable=False),
    sa.Column("sealed", sa.Text),
    sa.Column("answer_until", _MICROS),
)

KEY_ATTEMPTS = sa.Table(
    "key_attempts",
    METADATA,
    sa.Column("appid", _APPID, primary_key=True),
    sa.Column("openid", _WECHAT_ID, primary_key=True),
    sa.Column("key_mac", sa.String(64), primary_key=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("reset_asked_at", _MICROS),
)

CIPHERTEXT_USES = sa.Table(
    "ciphertext_uses",
    METADATA,
    sa.Column("appid", _APPID, primary_key=True),
    sa.Column("openid", _WECHAT_ID, primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("session_id", _ID, nullable=False),
    sa.Column("form", sa.String(64), nullable=False),
    sa.Column("used_at", _MICROS, nullable=False, index=True),
    sa.Column("payload_sealed", sa.Text),
)

KEY_CHECKS = sa.Table(
    "key_checks",
    METADATA,
    sa.Column("appid", _APPID, primary_key=True),
    sa.Column("openid", _WECHAT_ID, primary_key=True),
    sa.Column("checked_at", _MICROS, nullable=False),
    sa.Column("refused_mac", sa.String(64)),
)
