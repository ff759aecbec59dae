"""The tables. Times are BIGINT microseconds UTC; WeChat's ids compare byte by byte."""

from __future__ import annotations

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.dialects import MYSQL_TABLES, any_text, ascii_text

# Every constraint has a name of ours: a later revision may have to drop it, on whichever database.
METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# Alembic's own table, by a name of ours: the database may be the business's, which may have Alembic's own.
SCHEMA_REVISION = sa.Table(
    "menjin_schema", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True), **MYSQL_TABLES
)

_ID = ascii_text(30)
_APPID = ascii_text(32)
_WECHAT_ID = ascii_text(64)
_HASH = ascii_text(96)
_NAME = any_text(64)
_EXTERNAL_ID = any_text(128)
_DIGEST = ascii_text(64)
_REASON = ascii_text(16)
_MASKED = ascii_text(32)
_MICROS = sa.BigInteger


@sa.event.listens_for(sa.Table, "after_parent_attach")
def _take_mysql_options(table: sa.Table, parent: sa.MetaData) -> None:
    """Give each of our tables the character set that holds every text, whatever the server's default is."""
    if parent is METADATA:
        table.dialect_kwargs.update(MYSQL_TABLES)


ACCOUNTS = sa.Table(
    "accounts",
    METADATA,
    sa.Column("account_id", _ID, primary_key=True),
    sa.Column("realm", _NAME, nullable=False),
    sa.Column("external_id", _EXTERNAL_ID),
    sa.Column("created_at", _MICROS, nullable=False),
    sa.Column("disabled_at", _MICROS),
    sa.Column("phone_index", _DIGEST),
    sa.Column("phone_sealed", sa.Text),
    sa.Column("last_used_at", _MICROS),
    sa.Column("successor_id", _ID),
    sa.UniqueConstraint("realm", "external_id", name="uq_accounts_external_id"),
    sa.UniqueConstraint("realm", "phone_index", name="uq_accounts_phone_index"),
)

IDENTITIES = sa.Table(
    "identities",
    METADATA,
    # The primary key, for InnoDB: a secondary unique key is checked under gap locks, by which first logins of an
    # openid that was erased a moment ago would deadlock.
    sa.Column("appid", _APPID, primary_key=True),
    sa.Column("openid", _WECHAT_ID, primary_key=True),
    sa.Column("identity_id", _ID, nullable=False, unique=True),
    sa.Column("unionid", _WECHAT_ID, index=True),
    sa.Column("is_unionid_vouched", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("account_id", _ID, sa.ForeignKey("accounts.account_id"), index=True),
    sa.Column("detached_at", _MICROS),
    sa.Column("created_at", _MICROS, nullable=False),
)

UNIONIDS = sa.Table(
    "unionids",
    METADATA,
    sa.Column("realm", _NAME, primary_key=True),
    sa.Column("open_platform", _NAME, primary_key=True),
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
    # For apps that follow WeChat: when the current key last came or was asked about; none while no session rests on it.
    sa.Column("checked_at", _MICROS),
    sa.Column("refused_mac", _DIGEST),
    sa.Index("ix_keyrings_checked_at", "appid", "checked_at"),
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
    sa.Column("external_id", _EXTERNAL_ID),
    sa.Column("phone_masked", _MASKED),
    sa.Column("tenant", _NAME),
    sa.Column("device_id", _NAME),
    sa.Column("device_label", _NAME),
    sa.Column("issued_at", _MICROS, nullable=False),
    sa.Column("last_seen_at", _MICROS, nullable=False),
    sa.Column("authenticated_at", _MICROS, nullable=False),
    sa.Column("idle_micros", _MICROS, nullable=False),
    sa.Column("ends_at", _MICROS, nullable=False, index=True),
    sa.Column("end_reason", _REASON),
    sa.Column("ended_at", _MICROS),
)

ROTATED_TOKENS = sa.Table(
    "rotated_tokens",
    METADATA,
    sa.Column("token_hash", _HASH, primary_key=True),
    sa.Column("session_id", _ID, sa.ForeignKey("sessions.session_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("rotated_at", _MICROS, nullable=False),
)

REVOCATIONS = sa.Table(
    "revocations",
    METADATA,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("session_id", _ID, nullable=False),
    sa.Column("reason", _REASON, nullable=False),
    sa.Column("created_at", _MICROS, nullable=False, index=True),
    sa.Column("keep_until", _MICROS, nullable=False, index=True),
    sqlite_autoincrement=True,  # a number is never given again, even when the newest rows were purged
)

CLAIMS = sa.Table(
    "sign_in_claims",
    METADATA,
    sa.Column("code_hash", _DIGEST, primary_key=True),
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
    sa.Column("key_mac", _DIGEST, primary_key=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("in_flight", sa.Integer, nullable=False),
    sa.Column("begun_at", _MICROS, nullable=False, index=True),
    sa.Column("reset_asked_at", _MICROS),
)

CIPHERTEXT_USES = sa.Table(
    "ciphertext_uses",
    METADATA,
    sa.Column("appid", _APPID, primary_key=True),
    sa.Column("openid", _WECHAT_ID, primary_key=True),
    sa.Column("digest", _DIGEST, primary_key=True),
    sa.Column("session_id", _ID, nullable=False),
    sa.Column("form", _DIGEST, nullable=False),
    sa.Column("used_at", _MICROS, nullable=False, index=True),
    sa.Column("is_pending", sa.Boolean, nullable=False),
    sa.Column("payload_sealed", sa.Text),
)

SERVICE_CLIENTS = sa.Table(
    "service_clients",
    METADATA,
    sa.Column("client_id", _ID, primary_key=True),
    sa.Column("name", _NAME, nullable=False),
    sa.Column("credential_hash", _DIGEST, nullable=False, unique=True),
    sa.Column("appids", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", _MICROS),
    sa.Column("revoked_at", _MICROS),
)

CLIENT_READS = sa.Table(
    "client_reads",
    METADATA,
    sa.Column("client_id", _HASH, primary_key=True),
    sa.Column("appid", _APPID, primary_key=True),
    sa.Column("generation", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("read_at", _MICROS, nullable=False, index=True),
)

LEGACY_SESSIONS = sa.Table(
    "legacy_sessions",
    METADATA,
    sa.Column("name", _DIGEST, primary_key=True),
    sa.Column("proof", _DIGEST, nullable=False),
    sa.Column("claimed_at", _MICROS, nullable=False),
    sa.Column("expires_at", _MICROS, nullable=False, index=True),
    sa.Column("sealed", sa.Text),
)

PSEUDONYMS = sa.Table(
    "pseudonyms",  # by itself, so that erasing a person is deleting one row; audit lines stay, and lead nowhere
    METADATA,
    sa.Column("subject_id", _ID, primary_key=True),  # an account's id, or an identity's while it has none
    sa.Column("pseudonym", _ID, nullable=False),  # random, so unique; a key of its own would lock gaps on MySQL
)

AUDIT_LINES = sa.Table(
    "audit_lines",
    METADATA,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", _MICROS, nullable=False, index=True),
    sa.Column("deed", ascii_text(32), nullable=False),
    sa.Column("actor", ascii_text(16), nullable=False),
    sa.Column("pseudonym", _ID, nullable=False, index=True),
    sa.Column("appid", _APPID),
    sa.Column("tenant", _NAME),
    sa.Column("reason", _REASON),
    sa.Column("request_id", _NAME),
    sqlite_autoincrement=True,
)

MEMBERS = sa.Table(
    "members",  # the local directory
    METADATA,
    sa.Column("username", _EXTERNAL_ID, primary_key=True),
    sa.Column("external_id", _EXTERNAL_ID, nullable=False, unique=True),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("phone_number", ascii_text(20), unique=True),
    sa.Column("changed_at", _MICROS, nullable=False),
)

INDEX_KEYS = sa.Table(
    "index_keys",
    METADATA,
    sa.Column("name", _REASON, primary_key=True),
    sa.Column("sealed", sa.Text, nullable=False),
)

SESSION_PROOFS = sa.Table(
    "session_proofs",
    METADATA,
    sa.Column("name", _DIGEST, primary_key=True),
    sa.Column("keep_until", _MICROS, nullable=False, index=True),
    sa.Column("sealed", sa.Text, nullable=False),
)

VAULT_KEYS = sa.Table(
    "vault_keys",  # those that sealed anything here, and a text by which each is known again
    METADATA,
    sa.Column("name", _REASON, primary_key=True),
    sa.Column("sealed", sa.Text, nullable=False),
)
