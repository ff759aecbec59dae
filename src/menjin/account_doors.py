"""What the business tells of accounts, and what its operator does: `accounts` and `operator` of the library doors."""

from __future__ import annotations

from menjin.accounts.model import Bound, Resolved
from menjin.bridge import drive
from menjin.login.operator import ByOpenId, Operator, Reference, Seen
from menjin.login.unionids import UnionIds
from menjin.sessions.model import Session
from menjin.values import SessionId


class AsyncAccounts:
    """The `accounts` of AsyncMenjin."""

    def __init__(self, unionids: UnionIds) -> None:
        self._unionids = unionids

    async def record_unionid(self, appid: str, openid: str, unionid: str) -> Resolved:
        """Record the unionid of somebody, as the business knows it: from a cloud function, or an older database.

        It is taken for WeChat's own word: an identity without an account joins the one that has the unionid. Never
        hand on what a client sent.

        Args:
            appid: One of our apps, by appid or alias.
            openid: Of a person in it, who need not have logged in yet.
            unionid: The same person's.

        Returns:
            The identity and its account; `conflict` if the unionid is another account's, and then nothing was recorded.

        Raises:
            RequestInvalid: No such app, or an id that WeChat never gave.
            AccountDisabled: An operator disabled the account.
            StoreUnavailable: Nothing was recorded.
        """
        return await self._unionids.assert_identity(appid, openid, unionid)


class BlockingAccounts:
    """The `accounts` of Menjin."""

    def __init__(self, unionids: UnionIds) -> None:
        self._unionids = unionids

    def record_unionid(self, appid: str, openid: str, unionid: str) -> Resolved:
        """Record the unionid of somebody, as the business knows it; see `AsyncAccounts`."""
        return drive(self._unionids.assert_identity(appid, openid, unionid))


class BlockingOperator:
    """The `operator` of Menjin; see `Operator` for each method's errors."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def show(self, reference: Reference) -> Seen:
        """Return an account or identity with all that belongs to it."""
        return drive(self._operator.show(reference))

    def disable(self, reference: Reference, *, dry_run: bool = False) -> Seen:
        """Shut an account: it is refused from now on, and its sessions end; return it as it was."""
        return drive(self._operator.disable(reference, dry_run=dry_run))

    def enable(self, reference: Reference, *, dry_run: bool = False) -> Seen:
        """Open an account again; its people log in silently. Return it as it was."""
        return drive(self._operator.enable(reference, dry_run=dry_run))

    def bind(self, reference: ByOpenId, external_id: str, *, move: bool = False, dry_run: bool = False) -> Bound:
        """Bind a WeChat identity to a member of the business, on the operator's word alone."""
        return drive(self._operator.bind(reference, external_id, move=move, dry_run=dry_run))

    def unbind(self, reference: ByOpenId, *, dry_run: bool = False) -> Bound:
        """Part a WeChat identity and its account."""
        return drive(self._operator.unbind(reference, dry_run=dry_run))

    def revoke(
        self, reference: Reference, only: SessionId | None = None, *, dry_run: bool = False
    ) -> tuple[Session, ...]:
        """End the live sessions of somebody, or one of them, as kicked_out; return those."""
        return drive(self._operator.revoke(reference, only, dry_run=dry_run))
