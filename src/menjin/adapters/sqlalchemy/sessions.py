"""The session store on SQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.statements import are
from menjin.adapters.sqlalchemy.tables import ROTATED_TOKENS, SESSIONS
from menjin.clock import from_micros, to_micros
from menjin.sessions.model import BoundAccount, EndReason, FoundSession, Session, Subject, read_device
from menjin.sessions.store import FORMER_TOKENS_KEPT
from menjin.values import IdentityId, SessionId

_ALIVE = SESSIONS.c.end_reason.is_(None)
_NOW = sa.bindparam("now", type_=sa.BigInteger())
_LIVE = (
    sa.select(SESSIONS)
    .where(*are(SESSIONS, ("identity_id",)))
    .where(_ALIVE, SESSIONS.c.ends_at > _NOW, SESSIONS.c.last_seen_at + SESSIONS.c.idle_micros > _NOW)
    .order_by(SESSIONS.c.issued_at.desc())
)
_BY_FORMER_TOKEN = (
    sa.select(SESSIONS, ROTATED_TOKENS.c.rotated_at)
    .join(ROTATED_TOKENS, ROTATED_TOKENS.c.session_id == SESSIONS.c.session_id)
    .where(*are(ROTATED_TOKENS, ("token_hash",)))
)
_OLDEST_KEPT = (
    sa.select(ROTATED_TOKENS.c.rotated_at)
    .where(*are(ROTATED_TOKENS, ("session_id",)))
    .order_by(ROTATED_TOKENS.c.rotated_at.desc())
    .offset(FORMER_TOKENS_KEPT - 1)
    .limit(1)
)


class SqlSessions:
    """Keeps one row a session, and one for each token a rotation replaced."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.works_without_loop = database.works_without_loop

    async def add(self, session: Session, token_hash: str) -> None:
        """Keep a new session."""
        async with self._database.transaction() as work:
            await work.add(SESSIONS, {"token_hash": token_hash, **_to_row(session)})

    async def find(self, token_hash: str) -> FoundSession | None:
        """Return the session whose current or former token has this hash."""
        async with self._database.reading() as work:
            row = await work.find(SESSIONS, token_hash=token_hash)
            if row is not None:
                return FoundSession(_to_session(row))
            row = await work.first(_BY_FORMER_TOKEN, {"token_hash": token_hash})
            return FoundSession(_to_session(row), from_micros(row.rotated_at)) if row is not None else None

    async def touch(self, session_id: SessionId, last_seen_at: datetime) -> None:
        """Move `last_seen_at`, never backwards."""
        seen = to_micros(last_seen_at)
        older = SESSIONS.c.last_seen_at < seen
        async with self._database.transaction() as work:
            where = (SESSIONS.c.session_id == session_id, older)
            await work.run(sa.update(SESSIONS).where(*where).values(last_seen_at=seen))

    async def rotate(
        self, session_id: SessionId, token_hash: str, new_hash: str, account: BoundAccount | None, now: datetime
    ) -> bool:
        """Replace the current token and the account, if nobody else did first."""
        current = (SESSIONS.c.session_id == session_id, SESSIONS.c.token_hash == token_hash, _ALIVE)
        values = {"token_hash": new_hash, "last_seen_at": to_micros(now), **_account_columns(account)}
        async with self._database.transaction() as work:
            changed = await work.run(sa.update(SESSIONS).where(*current).values(**values))
            if not changed.rowcount:
                return False
            former = {"token_hash": token_hash, "session_id": session_id, "rotated_at": to_micros(now)}
            await work.add(ROTATED_TOKENS, former)
            oldest = await work.first(_OLDEST_KEPT, {"session_id": session_id})
            if oldest is not None:
                mine = ROTATED_TOKENS.c.session_id == session_id
                old = ROTATED_TOKENS.c.rotated_at < oldest.rotated_at
                await work.run(sa.delete(ROTATED_TOKENS).where(mine, old))
            return True

    async def end(self, session_id: SessionId, reason: EndReason, now: datetime) -> None:
        """End a session; the first reason stays."""
        async with self._database.transaction() as work:
            ended = sa.update(SESSIONS).where(SESSIONS.c.session_id == session_id, _ALIVE)
            await work.run(ended.values(end_reason=reason, ended_at=to_micros(now)))

    async def list_live(self, identity_id: IdentityId, now: datetime) -> tuple[Session, ...]:
        """Return the live sessions of an identity, the newest first."""
        whose = {"identity_id": identity_id, "now": to_micros(now)}
        async with self._database.reading() as work:
            return tuple(_to_session(row) for row in await work.run(_LIVE, whose))

    async def confirm(self, session_id: SessionId, authenticated_at: datetime) -> None:
        """Note that the person proved who they are once more."""
        changed = sa.update(SESSIONS).where(SESSIONS.c.session_id == session_id)
        async with self._database.transaction() as work:
            await work.run(changed.values(authenticated_at=to_micros(authenticated_at)))

    async def purge(self, before: datetime, limit: int) -> int:
        """Forget sessions whose absolute end lies before `before`, and their former tokens."""
        old = sa.select(SESSIONS.c.session_id).where(SESSIONS.c.ends_at < to_micros(before)).limit(limit)
        async with self._database.transaction() as work:
            ids = [row.session_id for row in await work.run(old)]
            await work.run(sa.delete(ROTATED_TOKENS).where(ROTATED_TOKENS.c.session_id.in_(ids)))
            return (await work.run(sa.delete(SESSIONS).where(SESSIONS.c.session_id.in_(ids)))).rowcount


def _account_columns(account: BoundAccount | None) -> dict[str, object]:
    if account is None:
        return {"account_id": None, "external_id": None, "phone_masked": None}
    return {"account_id": account.id, "external_id": account.external_id, "phone_masked": account.phone_masked}


def _to_row(session: Session) -> dict[str, object]:
    subject, device = session.subject, session.device
    return {
        "session_id": session.session_id,
        "appid": subject.appid,
        "openid": subject.openid,
        "identity_id": subject.identity_id,
        "unionid": subject.unionid,
        **_account_columns(subject.account),
        "tenant": subject.tenant,
        "device_id": device.id if device else None,
        "device_label": device.label if device else None,
        "issued_at": to_micros(session.issued_at),
        "last_seen_at": to_micros(session.last_seen_at),
        "authenticated_at": to_micros(session.authenticated_at),
        "idle_micros": session.idle_timeout // timedelta(microseconds=1),
        "ends_at": to_micros(session.ends_at),
    }


def _to_session(row: sa.Row[Any]) -> Session:
    account = None
    if row.account_id is not None:
        account = BoundAccount(row.account_id, row.external_id, row.phone_masked)
    return Session(
        session_id=row.session_id,
        subject=Subject(row.appid, row.openid, row.identity_id, row.unionid, account, row.tenant),
        device=read_device(row.device_id, row.device_label),
        issued_at=from_micros(row.issued_at),
        last_seen_at=from_micros(row.last_seen_at),
        authenticated_at=from_micros(row.authenticated_at),
        idle_timeout=timedelta(microseconds=row.idle_micros),
        ends_at=from_micros(row.ends_at),
        ended=row.end_reason,
    )
