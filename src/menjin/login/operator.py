"""What an operator does to accounts and sessions: look, bind, unbind, disable, enable, revoke. Each with a dry run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from menjin.accounts.binding import Shown
from menjin.accounts.bindings import Bindings
from menjin.accounts.directory import Member
from menjin.accounts.model import Account, Bound, Identity
from menjin.accounts.store import AccountStore, AccountTransaction
from menjin.apps import App, Apps
from menjin.clock import Clock
from menjin.errors import BindingConflict, Fault, NotFound, RequestInvalid
from menjin.ledger.flow import Ledger
from menjin.ledger.model import Deed, Line
from menjin.login.ending import Ending
from menjin.login.rebinding import to_bound
from menjin.sessions.flow import Sessions
from menjin.sessions.model import EndReason, Session, Subject
from menjin.values import AccountId, OpenId, SessionId, is_external_id, is_own_id, is_wechat_id


@dataclass(frozen=True, slots=True)
class ByExternalId:
    """The account that has an id of the business's own, in a realm."""

    external_id: str
    realm: str = "default"


@dataclass(frozen=True, slots=True)
class ByOpenId:
    """Whoever an openid of an app is."""

    app: App
    openid: OpenId


Reference = AccountId | ByExternalId | ByOpenId


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is of somebody.

    Attributes:
        account: None for an identity without one.
        sessions: The live ones of all the identities, the newest first.
    """

    account: Account | None
    identities: tuple[Identity, ...]
    sessions: tuple[Session, ...]


class _DryError(Exception):
    """Undoes a dry run."""


class Operator:
    """The deeds. They are audited as an operator's.

    A change and the ends that follow from it are one commit. Sessions that are kept elsewhere are listed before it, so
    that nothing is changed while they cannot be asked, and are taken away after it.
    """

    def __init__(
        self,
        *,
        apps: Apps,
        store: AccountStore,
        bindings: Bindings,
        sessions: Sessions,
        ledger: Ledger,
        clock: Clock,
        ending: Ending,
    ) -> None:
        self._ending = ending
        self._apps = apps
        self._store = store
        self._bindings = bindings
        self._sessions = sessions
        self._ledger = ledger
        self._clock = clock

    async def show(self, reference: Reference) -> Seen:
        """Return an account or identity with all that belongs to it.

        Raises:
            NotFound: There is none.
            StoreUnavailable: The stores cannot be asked.
        """
        async with self._store.transaction() as work:
            account, identities = await _find(work, reference)
        live = [one for identity in identities for one in await self._sessions.list_of(identity.identity_id)]
        return Seen(account, identities, tuple(sorted(live, key=lambda one: one.issued_at, reverse=True)))

    async def disable(self, reference: Reference, *, dry_run: bool = False) -> Seen:
        """Shut an account: it is refused from now on, and its sessions end; return it as it was.

        The account is shut first and its sessions listed after: a login at the same moment is found here, or finds
        the account shut itself.

        Raises:
            NotFound: There is none.
            StoreUnavailable: Nothing was changed, or it is shut and every session it had then is refused soon; the same
                call again does what is missing.
        """
        return await self._switch(reference, is_on=False, dry_run=dry_run)

    async def enable(self, reference: Reference, *, dry_run: bool = False) -> Seen:
        """Open an account again; its people log in silently. Return it as it was.

        Raises:
            NotFound: There is none.
            StoreUnavailable: Nothing was changed.
        """
        return await self._switch(reference, is_on=True, dry_run=dry_run)

    async def bind(self, reference: ByOpenId, external_id: str, *, move: bool = False, dry_run: bool = False) -> Bound:
        """Bind a WeChat identity to a member of the business, on the operator's word alone.

        Args:
            reference: The identity.
            external_id: The member's id.
            move: Let the identity leave the account it has.
            dry_run: Only say what would come of it.

        Raises:
            NotFound: The openid never logged in.
            RequestInvalid: No member can have this id.
            BindingConflict: The identity is bound otherwise, and is not to be moved; or somebody was faster.
            AccountDisabled: The member's account, or the identity's, is disabled.
            StoreUnavailable: Nothing was changed, or all of it, and sessions that say otherwise are refused soon.
        """
        if not is_external_id(external_id):
            raise RequestInvalid(Fault("external_id", "1 to 128 printable characters, no blanks at its ends"))
        shown = Shown(is_member=True, is_stepped_up=True, is_confirmed=move)

        async def change(_: Seen) -> Bound:
            return await self._bindings.by_member(reference.app, reference.openid, Member(external_id), shown)

        return await self._rebind(reference, change, dry_run=dry_run)

    async def unbind(self, reference: ByOpenId, *, dry_run: bool = False) -> Bound:
        """Part a WeChat identity and its account.

        Raises:
            NotFound: The openid never logged in.
            BindingRequired: It has no account, and no session that says it has.
            LastWayIn: Nobody could reach the account any more.
            StoreUnavailable: Nothing was changed, or all of it, and sessions that say otherwise are refused soon.
        """

        async def change(seen: Seen) -> Bound:
            if seen.account is None and _choose_stale(seen, seen.identities[0], Bound(None, "kept")):
                return Bound(None, "kept")  # sessions of the binding that was are left over
            return await self._bindings.undo(reference.app, reference.openid, is_stepped_up=True)

        return await self._rebind(reference, change, dry_run=dry_run)

    async def revoke(
        self, reference: Reference, only: SessionId | None = None, *, dry_run: bool = False
    ) -> tuple[Session, ...]:
        """End the live sessions of somebody, or one of them, as kicked_out; return those.

        Raises:
            NotFound: There is no such account or identity, or the session is none of its live ones.
            StoreUnavailable: Some may live still; the same call again ends them.
        """
        seen = await self.show(reference)
        chosen = tuple(one for one in seen.sessions if only in {None, one.session_id})
        if only is not None and not chosen:
            raise NotFound
        if not dry_run:
            await self._end(chosen, "kicked_out")
        return chosen

    async def _switch(self, reference: Reference, *, is_on: bool, dry_run: bool) -> Seen:
        seen = await self.show(reference)
        if seen.account is None:
            raise NotFound
        if dry_run:
            return seen
        account_id = seen.account.account_id
        lines: list[Line] = []
        async with self._store.transaction() as work:
            account = await work.lock_account(account_id)
            if account is not None and account.disabled is is_on:  # else it is so already
                deed: Deed = "account_enabled" if is_on else "account_disabled"
                await work.put_disabled(account_id, None if is_on else self._clock.now())
                lines.append(await self._ledger.write(deed, account_id, actor="operator"))
            if not is_on:
                lines += await self._record(seen.sessions, "disabled")
        await self._finish(lines, () if is_on else seen.sessions, "disabled")
        if not is_on:
            await self._end((await self.show(account_id)).sessions, "disabled")  # of logins in the same moment
        return seen

    async def _rebind(self, reference: ByOpenId, change: Callable[[Seen], Awaitable[Bound]], *, dry_run: bool) -> Bound:
        before = await self.show(reference)
        bound: Bound | None = None
        lines: list[Line] = []
        stale: tuple[Session, ...] = ()
        try:
            async with self._store.transaction() as work:
                account, (identity, *_) = await _find(work, reference)
                bound = await change(before)
                _undo_if(dry_run=dry_run)
                lines += await self._write_change(bound, account, reference.app)
                stale = _choose_stale(before, identity, bound)
                await self._ending.commit(stale, "expired")
        except _DryError:
            return _need(bound)
        await self._finish(lines, stale, "expired")
        for late in _choose_stale(await self.show(reference), identity, _need(bound)):  # of logins in the same moment
            await self._sessions.end(late, "expired")
        return _need(bound)

    async def _write_change(self, bound: Bound, former: Account | None, app: App) -> list[Line]:
        lines = []
        holder = bound.account or former
        if bound.deed != "kept" and holder is not None:
            lines.append(await self._write("unbound" if bound.account is None else "bound", holder.account_id, app))
        if bound.loser is not None:
            lines.append(await self._write("unbound", bound.loser, app))
        return lines

    async def _write(self, deed: Deed, account_id: AccountId, app: App) -> Line:
        return await self._ledger.write(deed, account_id, actor="operator", appid=app.appid)

    async def _end(self, sessions: Sequence[Session], reason: EndReason) -> None:
        if not sessions:
            return
        async with self._store.transaction():
            lines = await self._record(sessions, reason)
        await self._finish(lines, sessions, reason)

    async def _record(self, sessions: Sequence[Session], reason: EndReason) -> list[Line]:
        """Commit, with the caller's transaction, that sessions ended, each with its line."""
        await self._ending.commit(sessions, reason)
        return [await self._write_end(one.subject, reason) for one in sessions]

    async def _write_end(self, subject: Subject, reason: EndReason) -> Line:
        holder = subject.account.id if subject.account is not None else subject.identity_id
        return await self._ledger.write(
            "session_revoked", holder, actor="operator", appid=subject.appid, tenant=subject.tenant, reason=reason
        )

    async def _finish(self, lines: Sequence[Line], ended: Sequence[Session], reason: EndReason) -> None:
        """Say what is committed, and take away sessions that are kept elsewhere."""
        for line in lines:
            self._ledger.say(line)
        await self._ending.finish(ended, reason)


def _need(bound: Bound | None) -> Bound:
    if bound is None:
        raise BindingConflict
    return bound


def _choose_stale(seen: Seen, identity: Identity, bound: Bound) -> tuple[Session, ...]:
    """Return the sessions that say otherwise than a change: of its identity, and of those it has to do with.

    What was `kept` may have been changed by an earlier call that could not end them.
    """
    ids = {identity.identity_id, *bound.stale}
    if bound.deed == "kept" and bound.account is not None:
        ids |= {one.identity_id for one in seen.identities}
    account = to_bound(bound.account)
    return tuple(one for one in seen.sessions if one.subject.identity_id in ids and one.subject.account != account)


def _undo_if(*, dry_run: bool) -> None:
    if dry_run:
        raise _DryError


def _is_possible(reference: Reference) -> bool:
    """Whether somebody could be called so; a database may refuse to look up another text."""
    match reference:
        case ByOpenId(_, openid):
            return is_wechat_id(openid)
        case ByExternalId(external_id, realm):
            return is_external_id(external_id) and is_external_id(realm)
        case _:
            return is_own_id(reference)


async def _find(work: AccountTransaction, reference: Reference) -> tuple[Account | None, tuple[Identity, ...]]:
    """Return an account and its identities; of an openid, that identity first.

    Raises:
        NotFound: There is none.
    """
    first: tuple[Identity, ...] = ()
    account: Account | None
    if not _is_possible(reference):
        raise NotFound
    match reference:
        case ByOpenId(app, openid):
            identity = await work.find_identity(app.appid, openid)
            if identity is None:
                raise NotFound
            first = (identity,)
            account = await work.find_account(identity.account_id) if identity.account_id is not None else None
        case ByExternalId(external_id, realm):
            account = await work.find_account_by_external_id(realm, external_id)
        case _:
            account = await work.find_account(reference)
    if account is None and not first:
        raise NotFound
    others = await work.list_identities(account.account_id) if account is not None else ()
    return account, (*first, *(one for one in others if one not in first))
