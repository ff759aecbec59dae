"""How a session lies in Redis.

::

    mj:{slot}           HASH: r what never changes (JSON), h hash of the current token, s last_seen_at,
                        a account (JSON, or empty), c authenticated_at, e how it ended, x when it did,
                        t:<former hash> when that token was replaced
    mj:id:{session_id}  slot
    mj:ix:{identity_id} HASH: session_id → slot:issued_at
    mj:here             there as long as this Redis was not emptied
    mj:applied          the server that the revocations of the last 24 h were applied to
    mj:swept            the number of the revocation log up to which every end is here

A session's slot comes from its token alone, so a look-up is one command on one key; hashes are without the slot.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from menjin.clock import from_micros, to_micros
from menjin.sessions.model import BoundAccount, EndReason, Session, Subject, read_device
from menjin.values import AccountId, AppId, IdentityId, OpenId, SessionId, UnionId

MARKER = "mj:here"
APPLIED = "mj:applied"
SWEPT = "mj:swept"


class _Fixed(msgspec.Struct, frozen=True, omit_defaults=True):
    session_id: str
    appid: str
    openid: str
    identity_id: str
    issued_at: int
    idle_micros: int
    ends_at: int
    unionid: str | None = None
    tenant: str | None = None
    device_id: str | None = None
    device_label: str = ""


class _Account(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    external_id: str | None = None
    phone_masked: str | None = None


def session_key(slot: str) -> str:
    """Return the key of a session."""
    return f"mj:{{{slot}}}"


def pointer_key(session_id: SessionId) -> str:
    """Return the key that holds a session's slot."""
    return f"mj:id:{{{session_id}}}"


def index_key(identity_id: IdentityId) -> str:
    """Return the key of an identity's sessions."""
    return f"mj:ix:{{{identity_id}}}"


def to_fields(session: Session, token_tail: str) -> dict[str, str]:
    """Return a new session's fields."""
    subject, device = session.subject, session.device
    fixed = _Fixed(
        session_id=session.session_id,
        appid=subject.appid,
        openid=subject.openid,
        identity_id=subject.identity_id,
        issued_at=to_micros(session.issued_at),
        idle_micros=session.idle_timeout // timedelta(microseconds=1),
        ends_at=to_micros(session.ends_at),
        unionid=subject.unionid,
        tenant=subject.tenant,
        device_id=device.id if device else None,
        device_label=device.label if device else "",
    )
    return {
        "r": msgspec.json.encode(fixed).decode(),
        "h": token_tail,
        "s": str(to_micros(session.last_seen_at)),
        "c": str(to_micros(session.authenticated_at)),
        "a": encode_account(subject.account),
    }


def encode_account(account: BoundAccount | None) -> str:
    """Return an account's field; empty for none."""
    if account is None:
        return ""
    return msgspec.json.encode(_Account(account.id, account.external_id, account.phone_masked)).decode()


def to_session(fields: Mapping[str, str]) -> Session:
    """Return the session of its fields.

    Raises:
        ValueError: They are not what `to_fields` made.
    """
    try:
        fixed = _FIXED.decode(fields["r"])
        held = _ACCOUNT.decode(fields["a"]) if fields["a"] else None
        ended = fields.get("e")
        return Session(
            session_id=SessionId(fixed.session_id),
            subject=Subject(
                appid=AppId(fixed.appid),
                openid=OpenId(fixed.openid),
                identity_id=IdentityId(fixed.identity_id),
                unionid=UnionId(fixed.unionid) if fixed.unionid is not None else None,
                account=BoundAccount(AccountId(held.id), held.external_id, held.phone_masked) if held else None,
                tenant=fixed.tenant,
            ),
            device=read_device(fixed.device_id, fixed.device_label),
            issued_at=from_micros(fixed.issued_at),
            last_seen_at=from_micros(int(fields["s"])),
            authenticated_at=from_micros(int(fields["c"])),
            idle_timeout=timedelta(microseconds=fixed.idle_micros),
            ends_at=from_micros(fixed.ends_at),
            ended=msgspec.convert(ended, EndReason) if ended is not None else None,
        )
    except (KeyError, msgspec.DecodeError):
        pass
    raise ValueError("a kept session is not readable")


_FIXED = msgspec.json.Decoder(_Fixed)
_ACCOUNT = msgspec.json.Decoder(_Account)
