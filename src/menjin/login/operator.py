"""What an operator does to accounts and sessions: look, bind, unbind, disable, enable, revoke. Each with a dry run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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
from menjin.sessions.flow import Sessions
from menjin.sessions.model import EndReason, Session
from menjin.values import AccountId, IdentityId, OpenId, SessionId, is_external_id, is_own_id, is_wechat_id


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
    """The deeds. They are audited as an operator's."""

    def __init__(
        self, *, apps: Apps, store: AccountStore, bindings: Bindings, sessions: Sessions, ledger: Ledger, clock: Clock
    ) -> None:
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
            StoreUnavailable: It may be shut with sessions alive; the same call again ends them.
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
            StoreUnavailable: Nothing was changed, or all of it but the ends of sessions.
        """
        if not is_external_id(external_id):
            raise RequestInvalid(Fault("external_id", "1 to 128 printable characters, no blanks at its ends"))
        shown = Shown(is_member=True, is_stepped_up=True, is_confirmed=move)

        async def change() -> Bound:
            return await self._bindings.by_member(reference.app, reference.openid, Member(external_id), shown)

        return await self._rebind(reference, change, dry_run=dry_run)

    async def unbind(self, reference: ByOpenId, *, dry_run: bool = False) -> Bound:
        """Part a WeChat identity and its account.

        Raises:
            NotFound: The openid never logged in.
            BindingRequired: It has no account.
            LastWayIn: Nobody could reach the account any more.
            StoreUnavailable: Nothing was changed, or all of it but the ends of sessions.
        """

        async def change() -> Bound:
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
        if seen.account.disabled is is_on:  # else it is so already
            deed: Deed = "account_enabled" if is_on else "account_disabled"
            async with self._store.transaction() as work:
                await work.lock_account(account_id)
                await work.put_disabled(account_id, None if is_on else self._clock.now())
                line = await self._ledger.write(deed, account_id, actor="operator")
            self._ledger.say(line)
        if not is_on:
            await self._end((await self.show(account_id)).sessions, "disabled")
        return seen

    async def _rebind(self, reference: ByOpenId, change: Callable[[], Awaitable[Bound]], *, dry_run: bool) -> Bound:
        bound: Bound | None = None
        lines: list[Line] = []
        try:
            async with self._store.transaction() as work:
                account, (identity, *_) = await _find(work, reference)
                bound = await change()
                _undo_if(dry_run=dry_run)
                holder = bound.account or account
                if bound.deed != "kept" and holder is not None:
                    deed: Deed = "unbound" if bound.account is None else "bound"
                    lines.append(await self._write(deed, holder.account_id, reference.app))
                if bound.loser is not None:
                    lines.append(await self._write("unbound", bound.loser, reference.app))
        except _DryError:
            pass
        if bound is None:
            raise BindingConflict
        for line in lines:
            self._ledger.say(line)
        if lines:
            await self._end_all((identity.identity_id, *bound.stale))
        return bound

    async def _write(self, deed: Deed, account_id: AccountId, app: App) -> Line:
        return await self._ledger.write(deed, account_id, actor="operator", appid=app.appid)

    async def _end_all(self, identity_ids: tuple[IdentityId, ...]) -> None:
        """End sessions that say what is no longer so; their people log in silently."""
        for identity_id in identity_ids:
            await self._sessions.end_all(identity_id, "expired")

    async def _end(self, sessions: tuple[Session, ...], reason: EndReason) -> None:
        for session in sessions:
            await self._sessions.end(session, reason)
            subject = session.subject
            holder = subject.account.id if subject.account is not None else subject.identity_id
            line = await self._ledger.write(
                "session_revoked", holder, actor="operator", appid=subject.appid, tenant=subject.tenant, reason=reason
            )
            self._ledger.say(line)


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
