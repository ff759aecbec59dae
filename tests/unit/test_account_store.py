"""The account store port, on every adapter in both colours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from menjin import App, Secret
from menjin.accounts.directory import Member
from menjin.accounts.flow import Accounts
from menjin.accounts.model import Account, Identity, Resolved
from menjin.accounts.store import AccountStore, AccountTransaction
from menjin.adapters.memory_accounts import MemoryAccounts
from menjin.bridge import drive
from menjin.errors import BindingConflict, SessionInvalid
from menjin.values import AccountId, AppId, IdentityId, OpenId, UnionId
from support.clock import START, CountedRandomness, FakeClock
from support.shop import Shop

WX = AppId("wxde30000000000001")
APP = App(WX, Secret("0" * 32), open_platform="one")
BOUND = replace(APP, sign_in="bound")
OPENID = OpenId("oGZUI0egBJY1zhBYw2KhdUfwVJJE")
UNIONID = UnionId("ocMvos6NjeKLIBqg5Mr9QjxrP1FA")
IDENTITY = Identity(IdentityId("idn_1"), WX, OPENID, None, None, START + timedelta(microseconds=3))
ACCOUNT = Account(AccountId("acc_1"), "default", None, START + timedelta(microseconds=5))


async def fill(work: AccountTransaction) -> None:
    """Keep an identity with an account, a unionid and an external_id."""
    await work.add_identity(IDENTITY)
    await work.add_account(ACCOUNT)
    await work.put_account_of_identity(IDENTITY.identity_id, ACCOUNT.account_id)
    await work.put_unionid(IDENTITY.identity_id, UNIONID)
    await work.hold_unionid("default", "one", UNIONID, ACCOUNT.account_id)
    await work.put_external_id(ACCOUNT.account_id, "member")


async def look(work: AccountTransaction) -> list[object]:
    """Return all that can be found of it."""
    return [
        await work.find_identity(WX, OPENID),
        await work.find_account(ACCOUNT.account_id),
        await work.find_account_by_unionid("default", "one", UNIONID),
        await work.find_account_by_external_id("default", "member"),
    ]


def test_what_is_kept_is_found_every_way(shop: Shop) -> None:
    """By openid, id, unionid and external_id, with every field; by anything a little different, not."""

    async def flow() -> None:
        async with shop.stores.accounts.transaction() as work:
            assert await look(work) == [None] * 4
            await fill(work)
        async with shop.stores.accounts.transaction() as work:
            account = replace(ACCOUNT, external_id="member")
            identity = replace(IDENTITY, account_id=ACCOUNT.account_id, unionid=UNIONID)
            assert await look(work) == [identity, account, account, account]
            assert await work.find_identity(WX, OpenId(OPENID.lower())) is None
            assert await work.find_identity(AppId("wxde30000000000002"), OPENID) is None
            assert await work.find_account_by_unionid("other", "one", UNIONID) is None
            assert await work.find_account_by_unionid("default", "two", UNIONID) is None
            assert await work.find_account_by_unionid("default", "one", UnionId(UNIONID.upper())) is None
            for external_id in ("Member", "member ", "", "MEMBER"):
                assert await work.find_account_by_external_id("default", external_id) is None
            assert await work.find_account_by_external_id("other", "member") is None

    shop.run(flow())


async def fill_and_fail(store: AccountStore) -> None:
    """Do everything, then fail."""
    async with store.transaction() as work:
        await fill(work)
        raise KeyError


async def change_and_fail(store: AccountStore) -> None:
    """Change what is there and add to it, then fail."""
    async with store.transaction() as work:
        await work.put_external_id(ACCOUNT.account_id, "changed")
        await work.add_identity(replace(IDENTITY, identity_id=IdentityId("idn_2"), openid=OpenId("o2")))
        raise KeyError


async def join_and_fail(store: AccountStore) -> None:
    """Do things in a transaction and in one inside it, then fail in the outer."""
    async with store.transaction() as outer:
        await outer.add_identity(IDENTITY)
        async with store.transaction() as inner:
            assert await inner.find_identity(WX, OPENID) == IDENTITY
            await inner.add_account(ACCOUNT)
        assert await outer.find_account(ACCOUNT.account_id) == ACCOUNT
        raise KeyError


async def look_anew(store: AccountStore) -> list[object]:
    """Return all that can be found, and the identity that must not be there, in a transaction of their own."""
    async with store.transaction() as work:
        return [*await look(work), await work.find_identity(WX, OpenId("o2"))]


async def commit(store: AccountStore) -> None:
    """Do everything."""
    async with store.transaction() as work:
        await fill(work)


def test_an_error_undoes_the_whole_transaction(shop: Shop) -> None:
    """Whatever was done before it is gone; what was committed earlier stays."""
    store = shop.stores.accounts
    with pytest.raises(KeyError):
        shop.run(fill_and_fail(store))
    assert shop.run(look_anew(store)) == [None] * 5
    shop.run(commit(store))
    before = shop.run(look_anew(store))
    assert [found is None for found in before] == [False] * 4 + [True]
    with pytest.raises(KeyError):
        shop.run(change_and_fail(store))
    assert shop.run(look_anew(store)) == before


def test_a_transaction_inside_another_joins_it(shop: Shop) -> None:
    """The inner one sees what the outer did; an error of the outer undoes both."""
    with pytest.raises(KeyError):
        shop.run(join_and_fail(shop.stores.accounts))
    assert shop.run(look_anew(shop.stores.accounts)) == [None] * 5


def test_the_first_holder_stays(shop: Shop) -> None:
    """An identity or a unionid that is known already is not replaced; the one that is kept is returned."""

    async def flow() -> None:
        async with shop.stores.accounts.transaction() as work:
            await fill(work)
            kept = await work.find_identity(WX, OPENID)
            assert await work.add_identity(replace(IDENTITY, identity_id=IdentityId("idn_9"))) == kept
            await work.add_account(replace(ACCOUNT, account_id=AccountId("acc_9")))
            await work.hold_unionid("default", "one", UNIONID, AccountId("acc_9"))
            holder = await work.find_account_by_unionid("default", "one", UNIONID)
            assert holder is not None
            assert holder.account_id == ACCOUNT.account_id

    shop.run(flow())


def accounts_of(shop: Shop) -> Accounts:
    """Return the flow over the shop's store."""
    return Accounts(shop.stores.accounts, FakeClock(), CountedRandomness())


def test_first_logins_at_once_make_one_account(shop: Shop) -> None:
    """Twelve at once: one is new, all are the same account and identity."""
    flow = accounts_of(shop)
    found: list[Resolved] = shop.run_at_once(lambda _: flow.resolve(APP, OPENID, UNIONID), 12)
    assert len({one.identity.identity_id for one in found}) == 1
    assert len({one.account.account_id for one in found if one.account}) == 1
    assert sorted(one.is_new for one in found) == [False] * 11 + [True]


def test_bindings_at_once_make_one_account_of_a_member(shop: Shop) -> None:
    """Twelve people prove the same member at once: one account holds the external_id, and all are on it."""
    flow = accounts_of(shop)
    people = [OpenId(f"{OPENID}{number}") for number in range(12)]
    for openid in people:
        shop.run(flow.resolve(BOUND, openid, None))
    found = shop.run_at_once(lambda number: flow.bind(BOUND, people[number], Member("member")), 12)
    assert len({account.account_id for account in found}) == 1
    assert {account.external_id for account in found} == {"member"}


def test_bind_refuses_what_would_merge_or_replace(shop: Shop) -> None:
    """An account of its own beside the member's, another member, or nobody's openid: nothing is changed."""
    flow = accounts_of(shop)
    other = OpenId("o" * 28)
    own = shop.run(flow.resolve(APP, OPENID, None)).account
    assert own is not None
    shop.run(flow.resolve(APP, other, None))
    assert shop.run(flow.bind(APP, OPENID, Member("ming"))).account_id == own.account_id
    for openid, member in ((other, "ming"), (OPENID, "hong")):
        with pytest.raises(BindingConflict):
            shop.run(flow.bind(APP, openid, Member(member)))
    with pytest.raises(SessionInvalid):
        shop.run(flow.bind(APP, OpenId("o" * 27), Member("ming")))
    again = shop.run(flow.resolve(APP, other, None)).account
    assert again is not None
    assert again.external_id is None


def test_a_unionid_of_another_account_is_a_conflict(shop: Shop) -> None:
    """At a login and in user data alike the identity keeps its account, and the unionid stays where it was."""
    flow = accounts_of(shop)
    other = OpenId("o" * 28)
    first = shop.run(flow.resolve(APP, OPENID, UNIONID))
    shop.run(flow.resolve(APP, other, None))
    for clash in (flow.resolve(APP, other, UNIONID), flow.record_unionid(APP, other, UNIONID)):
        found = shop.run(clash)
        assert found is not None
        assert found.conflict
        assert found.identity.unionid is None
        assert found.account != first.account
    assert shop.run(flow.record_unionid(APP, OpenId("o" * 27), UNIONID)) is None


def test_a_transaction_joined_before_the_first_change_is_undone_too() -> None:
    """An inner transaction that ends well leaves it to the outer one to undo both."""
    store = MemoryAccounts()

    async def flow() -> None:
        async with store.transaction():
            async with store.transaction() as inner:
                await inner.add_account(Account(AccountId("acc_1"), "default", None, START))
            raise LookupError

    with pytest.raises(LookupError):
        drive(flow())

    async def look() -> Account | None:
        async with store.transaction() as work:
            return await work.find_account(AccountId("acc_1"))

    assert drive(look()) is None
