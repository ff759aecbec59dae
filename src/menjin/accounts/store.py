"""The account store port."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from menjin.accounts.model import Account, Identity
from menjin.accounts.phone import Phone
from menjin.values import AccountId, AppId, IdentityId, OpenId, UnionId


class AccountTransaction(Protocol):
    """What may be asked and done inside one transaction.

    Nobody else changes the rows read here before it ends; if it ends by an error, nothing was done.
    """

    async def find_identity(self, appid: AppId, openid: OpenId) -> Identity | None:
        """Return the identity of an openid."""
        ...

    async def find_account(self, account_id: AccountId) -> Account | None:
        """Return an account."""
        ...

    async def find_account_by_unionid(self, realm: str, open_platform: str, unionid: UnionId) -> Account | None:
        """Return the account that holds a unionid."""
        ...

    async def find_account_by_noted_unionid(self, appids: Sequence[AppId], unionid: UnionId) -> Account | None:
        """Return the oldest account of an identity, in one of these apps, whose unionid WeChat said."""
        ...

    async def find_account_by_phone(self, realm: str, phone: Phone) -> Account | None:
        """Return the account that has a phone number."""
        ...

    async def lock_account(self, account_id: AccountId) -> Account | None:
        """Return an account; whoever asks the same waits for the end of this transaction."""
        ...

    async def list_identities(self, account_id: AccountId) -> tuple[Identity, ...]:
        """Return the identities of an account; they do not change where the account is locked."""
        ...

    async def find_account_by_external_id(self, realm: str, external_id: str) -> Account | None:
        """Return the account that holds an external_id."""
        ...

    async def add_identity(self, identity: Identity) -> Identity:
        """Keep the identity, unless its openid is known; return the one that is kept."""
        ...

    async def add_account(self, account: Account) -> Account:
        """Keep a new account, unless its external_id is taken; return the one that is kept."""
        ...

    async def remove_account(self, account_id: AccountId) -> None:
        """Forget an account that nothing refers to."""
        ...

    async def put_account_of_identity(self, identity_id: IdentityId, account_id: AccountId) -> None:
        """Bind an identity to an account."""
        ...

    async def detach_identity(self, identity_id: IdentityId, at: datetime) -> None:
        """Take an identity's account away, and note that the person wished so."""
        ...

    async def put_unionid(self, identity_id: IdentityId, unionid: UnionId, *, is_vouched: bool = False) -> None:
        """Note an identity's unionid, and whether WeChat itself said it."""
        ...

    async def release_unionid(self, account_id: AccountId, unionid: UnionId) -> None:
        """Let a unionid belong to an account no more."""
        ...

    async def put_phone(self, account_id: AccountId, phone: Phone | None) -> bool:
        """Give an account its number, or none; False if another of its realm has it, and nothing was changed."""
        ...

    async def put_last_used(self, account_id: AccountId, at: datetime) -> None:
        """Note when somebody signed in to an account."""
        ...

    async def put_disabled(self, account_id: AccountId, at: datetime | None) -> None:
        """Note since when an account is disabled; None: it is not."""
        ...

    async def put_successor(self, account_id: AccountId, successor_id: AccountId) -> None:
        """Note where an account's person went."""
        ...

    async def hold_unionid(self, realm: str, open_platform: str, unionid: UnionId, account_id: AccountId) -> None:
        """Note which account a unionid belongs to, unless that is known already, also to one who is just writing it."""
        ...

    async def put_external_id(self, account_id: AccountId, external_id: str) -> bool:
        """Give an account its external_id; False if another account took it meanwhile, and nothing was changed."""
        ...


class AccountStore(Protocol):
    """Keeps accounts and identities."""

    def transaction(self) -> AbstractAsyncContextManager[AccountTransaction]:
        """Open a transaction, or join the one that is open in this flow.

        Raises:
            StoreUnavailable: On entering, inside, or on leaving; then nothing was done.
        """
        ...

    def reading(self) -> AbstractAsyncContextManager[AccountTransaction]:
        """Open one that only asks and waits for no writer, or join the one that is open in this flow.

        Raises:
            StoreUnavailable: On entering or inside.
        """
        ...
