"""Issue, authenticate, rotate, end."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from menjin.apps import App
from menjin.clock import Clock, Randomness
from menjin.errors import AccountDisabled, SessionExpired, SessionRotated, StoreUnavailable
from menjin.sessions import rules
from menjin.sessions.model import BoundAccount, Device, EndReason, IssuedSession, Session, Subject
from menjin.sessions.revocations import Revocations
from menjin.sessions.store import SessionStore
from menjin.sessions.token import hash_token, make_token
from menjin.values import IdentityId, Secret, SessionId, new_id

_LOG = logging.getLogger("menjin.sessions")
# Whether the account of a session that ended as `disabled` is open again.
Pardon = Callable[[Session], Awaitable[bool]]
_KEPT_AFTER_END = timedelta(days=1)
_JUST_AFTER = timedelta(microseconds=1)


class Sessions:
    """Every login state of this installation.

    Args:
        store: Keeps them.
        revocations: Says what was ended.
        clock: For their ends.
        randomness: Makes tokens.
        pardon: Asked about sessions that ended as `disabled`; without it they stay refused so.
    """

    def __init__(
        self,
        store: SessionStore,
        revocations: Revocations,
        clock: Clock,
        randomness: Randomness,
        pardon: Pardon | None = None,
    ) -> None:
        self._pardon = pardon
        self._store = store
        self._revocations = revocations
        self._clock = clock
        self._randomness = randomness

    async def issue(self, app: App, subject: Subject, device: Device | None) -> IssuedSession:
        """Make a session, and let those give way that the app's policy leaves no room for.

        Its token is in the result and nowhere else.

        Raises:
            StoreUnavailable: None was made, or one that nobody knows the token of.
        """
        issued = await self._add(app, subject, device, self._clock.now())
        surplus, newest = await self._find_surplus(app, subject)
        if issued.session.session_id in {
            one.session_id for one in surplus
        }:  # another machine's clock is ahead: who logs in last stays all the same
            await self._end(issued.session, "replaced")
            issued = await self._add(app, subject, device, newest + _JUST_AFTER)
            surplus, _ = await self._find_surplus(app, subject)
        for one in surplus:
            await self._end(one, "replaced")
        return issued

    async def _find_surplus(self, app: App, subject: Subject) -> tuple[tuple[Session, ...], datetime]:
        """Return who gives way, and when the newest was issued."""
        live = await self._store.list_live(subject.identity_id, self._clock.now())
        newest = max((one.issued_at for one in live), default=self._clock.now())
        return rules.choose_surplus(live, app.devices, app.max_sessions), newest

    async def _add(self, app: App, subject: Subject, device: Device | None, issued_at: datetime) -> IssuedSession:
        now = self._clock.now()
        session = Session(
            session_id=SessionId(new_id("ses_", now, self._randomness.random_bytes(10))),
            subject=subject,
            device=device,
            issued_at=issued_at,
            last_seen_at=now,
            authenticated_at=now,
            idle_timeout=app.idle_timeout,
            ends_at=now + app.absolute_lifetime,
        )
        made = make_token(self._randomness)
        await self._store.add(session, made.token_hash)
        return IssuedSession(session, made.token)

    async def authenticate(self, session_token: Secret) -> Session:
        """Return the live session of a token; one store read, rarely a write.

        Raises:
            SessionInvalid: There is none, or it has ended; the subclass says how.
            AccountDisabled: An operator disabled the account, and it still is.
            StoreUnavailable: The store cannot be asked; nothing is known of the token.
        """
        now = self._clock.now()
        found = await self._store.find(hash_token(session_token))
        if found is not None and found.rotated_at is not None and now - found.rotated_at >= rules.ROTATED_KEPT:
            _LOG.warning("a token replaced long ago was presented: session=%s", found.session.session_id)
        try:
            session = rules.judge(found, now)
            ended = self._revocations.find(session.session_id)
            if ended is not None:
                raise rules.refuse(ended)
        except AccountDisabled:
            if found is None or self._pardon is None or not await self._pardon(found.session):
                raise
            raise SessionExpired from None  # the account is open again: log in silently
        return await self._touch(session) if rules.needs_touch(session, now) else session

    async def rotate(
        self, session_token: Secret, account: BoundAccount | None = None, *, unbinds: bool = False
    ) -> IssuedSession:
        """Replace a session's token, and its account if one is given; `unbinds` takes it away.

        The old token answers session_rotated for 60 s.

        Raises:
            SessionRotated: Another rotation of the same token came first.
            SessionInvalid: The session has ended meanwhile.
            StoreUnavailable: It may have rotated or not; if it has, the person logs in anew.
        """
        session = await self.authenticate(session_token)
        made = make_token(self._randomness, session_token)
        now = self._clock.now()
        account = None if unbinds else account or session.subject.account
        if not await self._store.rotate(session.session_id, hash_token(session_token), made.token_hash, account, now):
            await self.authenticate(session_token)  # says why
            raise SessionRotated
        subject = replace(session.subject, account=account)
        return IssuedSession(replace(session, subject=subject, last_seen_at=now), made.token)

    async def confirm(self, session: Session) -> Session:
        """Note that the person just proved who they are, and return the session so."""
        now = self._clock.now()
        await self._store.confirm(session.session_id, now)
        return replace(session, authenticated_at=now)

    async def record_ends(self, sessions: Sequence[Session], reason: EndReason) -> None:
        """Commit, with the caller's transaction, that sessions have ended; `take_away` or `end_others` comes after it.

        Raises:
            StoreUnavailable: It may not have been committed.
        """
        now = self._clock.now()
        for session in sessions:
            await self._revocations.record(session.session_id, reason, now, session.ends_at)

    async def take_away(self, sessions: Sequence[Session], reason: EndReason) -> None:
        """Take away sessions whose ends are recorded.

        Raises:
            StoreUnavailable: Some may be there still.
        """
        now = self._clock.now()
        for session in sessions:
            await self._store.end(session.session_id, reason, now)

    async def list_live(self, session: Session) -> tuple[Session, ...]:
        """Return the live sessions of the same identity, the newest first."""
        return await self.list_of(session.subject.identity_id)

    async def list_of(self, identity_id: IdentityId) -> tuple[Session, ...]:
        """Return the live sessions of an identity, the newest first."""
        return await self._store.list_live(identity_id, self._clock.now())

    async def end_unbound(self, identity_id: IdentityId) -> int:
        """End, as expired, the live sessions of an identity that say it has no account; return how many.

        Raises:
            StoreUnavailable: Some may live still; the same call again ends them.
        """
        unbound = [session for session in await self.list_of(identity_id) if session.subject.account is None]
        for session in unbound:
            await self._end(session, "expired")
        return len(unbound)

    async def end(self, session: Session, reason: EndReason) -> None:
        """End a session; the first reason stays.

        Raises:
            StoreUnavailable: It may live still; the same call again ends it.
        """
        await self._end(session, reason)

    async def end_all(self, identity_id: IdentityId, reason: EndReason) -> int:
        """End the live sessions of an identity; return how many.

        Raises:
            StoreUnavailable: Some may live still; the same call again ends them.
        """
        live = await self.list_of(identity_id)
        for session in live:
            await self._end(session, reason)
        return len(live)

    async def end_others(self, kept: Session, reason: EndReason) -> int:
        """End the other live sessions of the same identity; return how many.

        Raises:
            StoreUnavailable: Some may live still; the same call again ends them.
        """
        others = [one for one in await self.list_live(kept) if one.session_id != kept.session_id]
        for session in others:
            await self._end(session, reason)
        return len(others)

    async def purge(self, limit: int = 1000) -> int:
        """Forget sessions that reached their absolute end a day ago or more; return how many."""
        return await self._store.purge(self._clock.now() - _KEPT_AFTER_END, limit)

    async def _end(self, session: Session, reason: EndReason) -> None:
        """Commit the end first, then take the session away: a store that forgets cannot bring it back."""
        now = self._clock.now()
        await self._revocations.record(session.session_id, reason, now, session.ends_at)
        await self._store.end(session.session_id, reason, now)

    async def _touch(self, session: Session) -> Session:
        """Write last_seen_at; a store that reads but cannot write does not turn the person away."""
        seen = replace(session, last_seen_at=self._clock.now())
        try:
            await self._store.touch(session.session_id, seen.last_seen_at)
        except StoreUnavailable:
            _LOG.warning("last_seen_at not written: session=%s", session.session_id)
            return session
        return seen
