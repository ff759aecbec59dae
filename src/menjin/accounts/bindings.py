"""Join an identity to an account, or part them: each a transaction, as the tables in `binding` say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from menjin.accounts import binding as rules
from menjin.accounts.binding import Holder, Shown
from menjin.accounts.directory import Member
from menjin.accounts.model import Account, Bound, Identity
from menjin.accounts.phone import Phone
from menjin.accounts.steps import Steps, enabled, enabled_account
from menjin.accounts.store import AccountStore, AccountTransaction
from menjin.apps import App, PhoneMatch
from menjin.binding_errors import AccountNotFound, LastWayIn, StepUpRequired
from menjin.errors import BindingConflict, BindingRequired, SessionInvalid
from menjin.values import IdentityId, OpenId


@dataclass(frozen=True, slots=True)
class Proved:
    """What a person proved, for a binding by phone.

    Attributes:
        phone: Theirs, on WeChat's word.
        member: Whom the directory knows by this number, if anybody.
        external_id: The member whose password they proved, if they did.
        is_stepped_up: Whether they proved who they are in the last ten minutes.
        is_confirmed: Whether they were asked, and said yes.
    """

    phone: Phone
    member: Member | None = None
    external_id: str | None = None
    is_stepped_up: bool = False
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class _Case:
    """A binding under way."""

    work: AccountTransaction
    app: App
    identity: Identity
    external_id: str | None
    phone: Phone | None


class PhoneRule(Protocol):
    """Decides a binding by phone."""

    def __call__(
        self,
        own: Account | None,
        holder: Holder | None,
        shown: Shown,
        policy: PhoneMatch,
        *,
        is_same_number: bool = False,
    ) -> rules.BindDecision:
        """Return what is to be done; `menjin.accounts.binding.bind_phone` says with what."""
        ...


class Bindings:
    """Every binding of this installation.

    Args:
        decide_phone: The table for numbers.
    """

    def __init__(self, store: AccountStore, steps: Steps, decide_phone: PhoneRule = rules.bind_phone) -> None:
        self._store = store
        self._steps = steps
        self._decide_phone = decide_phone

    async def by_member(self, app: App, openid: OpenId, member: Member, shown: Shown | None = None) -> Bound:
        """Bind to a member of the directory whose password was proved.

        Raises:
            BindingConflict: One of the two is bound otherwise; nothing was changed.
            StepUpRequired: To leave an account takes a fresh proof; nothing was changed.
            AccountDisabled: An operator disabled one of the accounts.
            SessionInvalid: The openid never logged in.
            StoreUnavailable: Nothing was changed.
        """
        async with self._store.transaction() as work:
            identity = await self._find(work, app, openid)
            holder = await work.find_account_by_external_id(app.realm, member.external_id)
            own, holder = await self._lock(work, await self._steps.account_of(work, identity), holder)
            case = _Case(work, app, identity, member.external_id, None)
            decision = rules.bind_member(enabled(own), enabled(holder), member.external_id, shown or Shown())
            return await self._carry_out(case, decision)

    async def by_phone(self, app: App, openid: OpenId, proved: Proved) -> Bound:
        """Bind by a number that WeChat said is this person's.

        Raises:
            BindingConflict: Somebody else has the number, or the person has not been asked yet; nothing was changed.
            AccountNotFound: Nobody has it, and the identity has no account to give it to.
            StepUpRequired: This takes a fresh proof; nothing was changed.
            AccountDisabled: An operator disabled one of the accounts.
            SessionInvalid: The openid never logged in.
            StoreUnavailable: Nothing was changed.
        """
        async with self._store.transaction() as work:
            identity = await self._find(work, app, openid)
            account = await self._find_holder(work, app, proved)
            own, account = await self._lock(work, await self._steps.account_of(work, identity), account)
            holder = await self._describe(work, app, identity, account, proved.member)
            if holder is not None and own is not None and account is not None and own.account_id == account.account_id:
                holder = None
            external_id = holder.external_id if holder is not None else None
            knows_password = external_id is not None and external_id == proved.external_id
            decision = self._decide_phone(
                enabled(own),
                holder,
                Shown(knows_password, proved.is_stepped_up, proved.is_confirmed),
                app.phone_match,
                is_same_number=own is not None and own.phone == proved.phone,
            )
            return await self._carry_out(_Case(work, app, identity, external_id, proved.phone), decision)

    async def find_external_id(self, app: App, phone: Phone, member: Member | None) -> str | None:
        """Return the id, in the business's own system, of whoever has a number, as far as that is known.

        Raises:
            StoreUnavailable: The store cannot be asked.
        """
        async with self._store.transaction() as work:
            found = await work.find_account_by_phone(app.realm, phone)
        if found is not None:
            return found.external_id
        return member.external_id if member is not None else None

    async def undo(self, app: App, openid: OpenId, *, is_stepped_up: bool) -> Bound:
        """Part an identity and its account.

        Raises:
            BindingRequired: It has none.
            StepUpRequired: This takes a fresh proof; nothing was changed.
            LastWayIn: Nobody could reach the account any more; nothing was changed.
            SessionInvalid: The openid never logged in.
            StoreUnavailable: Nothing was changed.
        """
        async with self._store.transaction() as work:
            identity = await self._find(work, app, openid)
            own, _ = await self._lock(work, await self._steps.account_of(work, identity), None)
            if own is None:
                raise BindingRequired
            if not is_stepped_up:
                raise StepUpRequired
            others = await self._others(work, own, identity)
            if not others and own.external_id is None:
                raise LastWayIn
            await work.detach_identity(identity.identity_id, self._steps.clock.now())
            await self._release_unionid(work, own, identity, others)
            return Bound(None, "unbound")

    async def _find(self, work: AccountTransaction, app: App, openid: OpenId) -> Identity:
        identity = await work.find_identity(app.appid, openid)
        if identity is None:
            raise SessionInvalid
        return identity

    async def _lock(
        self, work: AccountTransaction, own: Account | None, holder: Account | None
    ) -> tuple[Account | None, Account | None]:
        """Lock both and read them anew; always in the same order, so that two bindings never wait for each other."""
        ids = sorted({account.account_id for account in (own, holder) if account is not None})
        fresh = {account_id: await work.lock_account(account_id) for account_id in ids}
        return (
            fresh[own.account_id] if own is not None else None,
            fresh[holder.account_id] if holder is not None else None,
        )

    async def _find_holder(self, work: AccountTransaction, app: App, proved: Proved) -> Account | None:
        found = await work.find_account_by_phone(app.realm, proved.phone)
        if found is None and proved.member is not None:
            found = await work.find_account_by_external_id(app.realm, proved.member.external_id)
        return found

    async def _describe(
        self, work: AccountTransaction, app: App, identity: Identity, account: Account | None, member: Member | None
    ) -> Holder | None:
        if account is None:
            return Holder(None, member.external_id) if member is not None else None
        same = await self._steps.account_by_unionid(work, app, identity.vouched_unionid)
        return Holder(
            account=enabled_account(account),
            external_id=account.external_id,
            has_wechat=bool(await work.list_identities(account.account_id)),
            is_same_person=same is not None and same.account_id == account.account_id and not identity.is_detached,
            is_dormant=account.is_dormant(self._steps.clock.now()),
        )

    async def _carry_out(self, case: _Case, decision: rules.BindDecision) -> Bound:
        match decision:
            case rules.Keep(account):
                bound = Bound(account, "kept")
            case rules.Fill(account, with_member):
                bound = await self._fill(case, account, with_member=with_member or case.phone is None)
            case rules.Join(account):
                bound = await self._join(case, account)
            case rules.Move(account):
                bound = await self._move(case, account)
            case rules.TakeNumber(account, former):
                bound = await self._take_number(case, account, former)
            case rules.Unknown():
                raise AccountNotFound
            case rules.AskStepUp():
                raise StepUpRequired
            case rules.Refuse(choices):
                raise BindingConflict(choices)
        return await self._note_unionid(case, bound)

    async def _note_unionid(self, case: _Case, bound: Bound) -> Bound:
        if bound.account is not None:
            identity = replace(case.identity, account_id=bound.account.account_id)
            unionid = case.identity.vouched_unionid
            await self._steps.note_unionid(case.work, case.app, identity, unionid, is_vouched=True)
        return bound

    async def _fill(self, case: _Case, account: Account, *, with_member: bool) -> Bound:
        deed = "bound" if with_member or account.phone is None else "phone_changed"
        if with_member and case.external_id is not None:
            if not await case.work.put_external_id(account.account_id, case.external_id):
                raise BindingConflict
            account = replace(account, external_id=case.external_id)
        account = await self._put_phone(case, account)
        return Bound(account, deed, await self._ids_of_others(case, account))

    async def _join(self, case: _Case, account: Account | None) -> Bound:
        is_new = account is None
        if account is None:
            account = await self._steps.create(case.work, case.app, case.identity, case.external_id)
            if account.phone is None:
                account = await self._put_phone(case, account)
        else:
            await case.work.put_account_of_identity(case.identity.identity_id, account.account_id)
        return Bound(account, "bound", is_new=is_new)

    async def _move(self, case: _Case, account: Account | None) -> Bound:
        """Leave an account; if nothing leads to it any more, its successor is noted and its number goes along."""
        left = await self._steps.account_of(case.work, case.identity)
        if left is None:
            raise AssertionError("who moves has an account")
        others = await self._others(case.work, left, case.identity)
        await self._release_unionid(case.work, left, case.identity, others)
        bound = await self._join(case, account)
        if bound.account is not None and not others and left.external_id is None:
            await case.work.put_successor(left.account_id, bound.account.account_id)
            bound = replace(bound, account=await self._hand_on_phone(case.work, left, bound.account))
        return replace(bound, deed="moved", loser=left.account_id)

    async def _hand_on_phone(self, work: AccountTransaction, left: Account, successor: Account) -> Account:
        if left.phone is None:
            return successor
        await work.put_phone(left.account_id, None)
        if successor.phone is not None:
            return successor
        await work.put_phone(successor.account_id, left.phone)
        return replace(successor, phone=left.phone)

    async def _take_number(self, case: _Case, account: Account, former: Account) -> Bound:
        stale = [one.identity_id for one in await case.work.list_identities(former.account_id)]
        loser = former.account_id if former.phone == case.phone else None
        if loser is not None:
            await case.work.put_phone(loser, None)
        account = await self._put_phone(case, account)
        return Bound(account, "phone_taken_over", (*await self._ids_of_others(case, account), *stale), loser=loser)

    async def _put_phone(self, case: _Case, account: Account) -> Account:
        if case.phone is None:
            return account
        if not await case.work.put_phone(account.account_id, case.phone):
            raise BindingConflict(("sign_in_as_other", "ask_operator"))  # somebody was faster
        return replace(account, phone=case.phone)

    async def _release_unionid(
        self, work: AccountTransaction, account: Account, identity: Identity, others: tuple[Identity, ...]
    ) -> None:
        """Let the person's unionid go with them, unless another of their identities stays."""
        unionid = identity.unionid
        if unionid is not None and all(one.unionid != unionid for one in others):
            await work.release_unionid(account.account_id, unionid)

    async def _others(self, work: AccountTransaction, account: Account, identity: Identity) -> tuple[Identity, ...]:
        found = await work.list_identities(account.account_id)
        return tuple(one for one in found if one.identity_id != identity.identity_id)

    async def _ids_of_others(self, case: _Case, account: Account) -> tuple[IdentityId, ...]:
        return tuple(one.identity_id for one in await self._others(case.work, account, case.identity))
