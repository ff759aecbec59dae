"""What the business itself tells of accounts: the `accounts` of both library doors."""

from __future__ import annotations

from menjin.accounts.model import Resolved
from menjin.bridge import drive
from menjin.login.unionids import UnionIds


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
