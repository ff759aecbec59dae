"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from menjin.adapters.sqlalchemy.dialects import MYSQL_TABLES, any_text, ascii_text

revision = "0001_4819af"
down_revision = None


def _make_access_tokens() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("appid", ascii_text(32), nullable=False),
        sa.Column("tag", ascii_text(32), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("token_sealed", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("appid", name=op.f("pk_access_tokens")),
        **MYSQL_TABLES,
    )


def _make_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", ascii_text(30), nullable=False),
        sa.Column("realm", any_text(64), nullable=False),
        sa.Column("external_id", any_text(128), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("phone_index", ascii_text(64), nullable=True),
        sa.Column("phone_sealed", sa.Text(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("successor_id", ascii_text(30), nullable=True),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("realm", "external_id", name="uq_accounts_external_id"),
        sa.UniqueConstraint("realm", "phone_index", name="uq_accounts_phone_index"),
        **MYSQL_TABLES,
    )


def _make_audit_lines() -> None:
    op.create_table(
        "audit_lines",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("deed", ascii_text(32), nullable=False),
        sa.Column("actor", ascii_text(16), nullable=False),
        sa.Column("pseudonym", ascii_text(30), nullable=False),
        sa.Column("appid", ascii_text(32), nullable=True),
        sa.Column("tenant", any_text(64), nullable=True),
        sa.Column("reason", ascii_text(16), nullable=True),
        sa.Column("request_id", any_text(64), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_lines")),
        **MYSQL_TABLES,
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_lines_at"), "audit_lines", ["at"], unique=False)
    op.create_index(op.f("ix_audit_lines_pseudonym"), "audit_lines", ["pseudonym"], unique=False)


def _make_ciphertext_uses() -> None:
    op.create_table(
        "ciphertext_uses",
        sa.Column("appid", ascii_text(32), nullable=False),
        sa.Column("openid", ascii_text(64), nullable=False),
        sa.Column("digest", ascii_text(64), nullable=False),
        sa.Column("session_id", ascii_text(30), nullable=False),
        sa.Column("form", ascii_text(64), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.Column("is_pending", sa.Boolean(), nullable=False),
        sa.Column("payload_sealed", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("appid", "openid", "digest", name=op.f("pk_ciphertext_uses")),
        **MYSQL_TABLES,
    )
    op.create_index(op.f("ix_ciphertext_uses_used_at"), "ciphertext_uses", ["used_at"], unique=False)


def _make_client_reads() -> None:
    op.create_table(
        "client_reads",
        sa.Column("client_id", ascii_text(96), nullable=False),
        sa.Column("appid", ascii_text(32), nullable=False),
        sa.Column("generation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "appid", "generation", name=op.f("pk_client_reads")),
        **MYSQL_TABLES,
    )
    op.create_index(op.f("ix_client_reads_read_at"), "client_reads", ["read_at"], unique=False)


def _make_index_keys() -> None:
    op.create_table(
        "index_keys",
        sa.Column("name", ascii_text(16), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_index_keys")),
        **MYSQL_TABLES,
    )


def _make_key_attempts() -> None:
    op.create_table(
        "key_attempts",
        sa.Column("appid", ascii_text(32), nullable=False),
        sa.Column("openid", ascii_text(64), nullable=False),
        sa.Column("key_mac", ascii_text(64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("in_flight", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("reset_asked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("appid", "openid", "key_mac", name=op.f("pk_key_attempts")),
        **MYSQL_TABLES,
    )
    op.create_index(op.f("ix_key_attempts_begun_at"), "key_attempts", ["begun_at"], unique=False)


def _make_keyrings() -> None:
    op.create_table(
        "keyrings",
        sa.Column("appid", ascii_text(32), nullable=False),
        sa.Column("openid", ascii_text(64), nullable=False),
        sa.Column("current_sealed", sa.Text(), nullable=False),
        sa.Column("current_began_at", sa.BigInteger(), nullable=False),
        sa.Column("previous_sealed", sa.Text(), nullable=True),
        sa.Column("previous_began_at", sa.BigInteger(), nullable=True),
        sa.Column("previous_until", sa.BigInteger(), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("refused_mac", ascii_text(64), nullable=True),
        sa.PrimaryKeyConstraint("appid", "openid", name=op.f("pk_keyrings")),
        **MYSQL_TABLES,
    )
    op.create_index("ix_keyrings_checked_at", "keyrings", ["appid", "checked_at"], unique=False)


def _make_legacy_sessions() -> None:
    op.create_table(
        "legacy_sessions",
        sa.Column("name", ascii_text(64), nullable=False),
        sa.Column("proof", ascii_text(64), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_legacy_sessions")),
        **MYSQL_TABLES,
    )
    op.create_index(op.f("ix_legacy_sessions_expires_at"), "legacy_sessions", ["expires_at"], unique=False)


def _make_members() -> None:
    op.create_table(
        "members",
        sa.Column("username", any_text(128), nullable=False),
        sa.Column("external_id", any_text(128), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("phone_number", ascii_text(20), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_members")),
        sa.UniqueConstraint("external_id", name=op.f("uq_members_external_id")),
        sa.UniqueConstraint("phone_number", name=op.f("uq_members_phone_number")),
        **MYSQL_TABLES,
    )


def _make_pseudonyms() -> None:
    op.create_table(
        "pseudonyms",
        sa.Column("subject_id", ascii_text(30), nullable=False),
        sa.Column("pseudonym", ascii_text(30), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_pseudonyms")),
        **MYSQL_TABLES,
    )


def _make_revocations() -> None:
    op.create_table(
        "revocations",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("session_id", ascii_text(30), nullable=False),
        sa.Column("reason", ascii_text(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_revocations")),
        **MYSQL_TABLES,
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_revocations_created_at"), "revocations", ["created_at"], unique=False)
    op.create_index(op.f("ix_revocations_keep_until"), "revocations", ["keep_until"], unique=False)


def _make_service_clients() -> None:
    op.create_table(
        "service_clients",
        sa.Column("client_id", ascii_text(30), nullable=False),
        sa.Column("name", any_text(64), nullable=False),
        sa.Column("credential_hash", ascii_text(64), nullable=False),
        sa.Column("appids", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_service_clients")),
        sa.UniqueConstraint("credential_hash", name=op.f("uq_service_clients_credential_hash")),
        **MYSQL_TABLES,
    )


def _make_session_proofs() -> None:
    op.create_table(
        "session_proofs",
        sa.Column("name", ascii_text(64), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_session_proofs")),
        **MYSQL_TABLES,
    )
    op.create_index(op.f("ix_session_proofs_keep_until"), "session_proofs", ["keep_until"], unique=False)


def _make_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_id", ascii_text(30), nullable=False),
        sa.Column("token_hash", ascii_text(96), nullable=False),
        sa.Column("appid", ascii_text(32), nullable=False),
        sa.Column("openid", ascii_text(64), nullable=False),
        sa.Column("identity_id", ascii_text(30), nullable=False),
        sa.Column("unionid", ascii_text(64), nullable=True),
        sa.Column("account_id", ascii_text(30), nullable=True),
        sa.Column("external_id", any_text(128), nullable=True),
        sa.Column("phone_masked", ascii_text(32), nullable=True),
        sa.Column("tenant", any_text(64), nullable=True),
        sa.Column("device_id", any_text(64), nullable=True),
        sa.Column("device_label", any_text(64), nullable=True),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("authenticated_at", sa.BigInteger(), nullable=False),
        sa.Column("idle_micros", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("end_reason", ascii_text(16), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
        **MYSQL_TABLES,
    )
    op.create_index(op.f("ix_sessions_ends_at"), "sessions", ["ends_at"], unique=False)
    op.create_index(op.f("ix_sessions_identity_id"), "sessions", ["identity_id"], unique=False)


def _make_sign_in_claims() -> None:
    op.create_table(
        "sign_in_claims",
        sa.Column("code_hash", ascii_text(64), nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), nullable=False),
        sa.Column("is_keyed", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("answer_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_sign_in_claims")),
        **MYSQL_TABLES,
    )
    op.create_index(op.f("ix_sign_in_claims_claimed_until"), "sign_in_claims", ["claimed_until"], unique=False)


def _make_vault_keys() -> None:
    op.create_table(
        "vault_keys",
        sa.Column("name", ascii_text(16), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_vault_keys")),
        **MYSQL_TABLES,
    )


def _make_identities() -> None:
    op.create_table(
        "identities",
        sa.Column("appid", ascii_text(32), nullable=False),
        sa.Column("openid", ascii_text(64), nullable=False),
        sa.Column("identity_id", ascii_text(30), nullable=False),
        sa.Column("unionid", ascii_text(64), nullable=True),
        sa.Column("is_unionid_vouched", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("account_id", ascii_text(30), nullable=True),
        sa.Column("detached_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_identities_account_id")),
        sa.PrimaryKeyConstraint("appid", "openid", name=op.f("pk_identities")),
        sa.UniqueConstraint("identity_id", name=op.f("uq_identities_identity_id")),
        **MYSQL_TABLES,
    )
    op.create_index(op.f("ix_identities_account_id"), "identities", ["account_id"], unique=False)
    op.create_index(op.f("ix_identities_unionid"), "identities", ["unionid"], unique=False)


def _make_rotated_tokens() -> None:
    op.create_table(
        "rotated_tokens",
        sa.Column("token_hash", ascii_text(96), nullable=False),
        sa.Column("session_id", ascii_text(30), nullable=False),
        sa.Column("rotated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_rotated_tokens_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_rotated_tokens")),
        **MYSQL_TABLES,
    )
    op.create_index(op.f("ix_rotated_tokens_session_id"), "rotated_tokens", ["session_id"], unique=False)


def _make_unionids() -> None:
    op.create_table(
        "unionids",
        sa.Column("realm", any_text(64), nullable=False),
        sa.Column("open_platform", any_text(64), nullable=False),
        sa.Column("unionid", ascii_text(64), nullable=False),
        sa.Column("account_id", ascii_text(30), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_unionids_account_id")),
        sa.PrimaryKeyConstraint("realm", "open_platform", "unionid", name=op.f("pk_unionids")),
        **MYSQL_TABLES,
    )
    op.create_index(op.f("ix_unionids_account_id"), "unionids", ["account_id"], unique=False)


def upgrade() -> None:
    """Go forward."""
    _make_access_tokens()
    _make_accounts()
    _make_audit_lines()
    _make_ciphertext_uses()
    _make_client_reads()
    _make_index_keys()
    _make_key_attempts()
    _make_keyrings()
    _make_legacy_sessions()
    _make_members()
    _make_pseudonyms()
    _make_revocations()
    _make_service_clients()
    _make_session_proofs()
    _make_sessions()
    _make_sign_in_claims()
    _make_vault_keys()
    _make_identities()
    _make_rotated_tokens()
    _make_unionids()


def downgrade() -> None:
    """Go back."""
    op.drop_table("unionids")
    op.drop_table("rotated_tokens")
    op.drop_table("identities")
    op.drop_table("vault_keys")
    op.drop_table("sign_in_claims")
    op.drop_table("sessions")
    op.drop_table("session_proofs")
    op.drop_table("service_clients")
    op.drop_table("revocations")
    op.drop_table("pseudonyms")
    op.drop_table("members")
    op.drop_table("legacy_sessions")
    op.drop_table("keyrings")
    op.drop_table("key_attempts")
    op.drop_table("index_keys")
    op.drop_table("client_reads")
    op.drop_table("ciphertext_uses")
    op.drop_table("audit_lines")
    op.drop_table("accounts")
    op.drop_table("access_tokens")
