"""What every account store promises, and what the flow over it makes of people who come all at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, cast

import pytest

from menjin import App, Secret
from menjin.accounts.directory import Member
from menjin.accounts.flow import Accounts
from menjin.accounts.model import Account, Identity, Resolved
from menjin.accounts.store import AccountStore, AccountTransaction
from menjin.apps import SignInPolicy
from menjin.clock import SystemRandomness
from menjin.errors import BindingConflict
from menjin.session_keys.flow import SessionKeys
from menjin.values import AccountId, AppId, IdentityId, OpenId, UnionId
from support.benches import Bench
from support.clock import START, FakeClock

APP = App(AppId("wx0123456789abcdef"), Secret("s" * 32), open_platform="one")
OTHER_APP = replace(APP, appid=AppId("wxfedcba9876543210"))
OPENID = OpenId("oAbC_0123456789abcdefg")
UNIONID = UnionId("oUnion_0123456789abcd")


def accounts_of(store: AccountStore) -> Accounts:
    """Return the flow over a store."""
    return Accounts(store, FakeClock(), SystemRandomness())


def an_identity(number: int, openid: str = OPENID) -> Identity:
    """Return an identity of the app that is bound to nothing."""
    return Identity(IdentityId(f"idn_{number}"), APP.appid, OpenId(openid), None, None, START)


def an_account(number: int, external_id: str | None = None) -> Account:
    """Return an account of the default realm."""
    return Account(AccountId(f"acc_{number}"), "default", external_id, START)


def test_what_is_kept_is_found_again(bench: Bench) -> None:
    """Identity, account, unionid and external_id lead to what was kept; their likes lead nowhere."""

    async def flow() -> None:
        async with bench.stores.accounts.transaction() as work:
            await work.add_identity(an_identity(1))
            await work.add_account(an_account(1))
            await work.put_account_of_identity(IdentityId("idn_1"), AccountId("acc_1"))
            await work.put_unionid(IdentityId("idn_1"), UNIONID)
            await work.hold_unionid("default", "one", UNIONID, AccountId("acc_1"))
            assert await work.put_external_id(AccountId("acc_1"), "会员-1 🎫")
        async with bench.stores.accounts.transaction() as work:
            kept = replace(an_identity(1), unionid=UNIONID, account_id=AccountId("acc_1"))
            account = an_account(1, "会员-1 🎫")
            assert await work.find_identity(APP.appid, OPENID) == kept
            assert await work.find_account(AccountId("acc_1")) == account
            assert await work.find_account_by_unionid("default", "one", UNIONID) == account
            assert await work.find_account_by_external_id("default", "会员-1 🎫") == account
            assert await work.find_identity(OTHER_APP.appid, OPENID) is None
            assert await work.find_account_by_unionid("default", "two", UNIONID) is None
            for like in ("会员-1 🎫 ", "会员-1", "会员-1 🎟"):
                assert await work.find_account_by_external_id("default", like) is None

    bench.run(flow())


def test_what_is_taken_stays(bench: Bench) -> None:
    """A second identity of the openid, holder of the unionid, or taker of the external_id changes nothing."""

    async def flow() -> None:
        async with bench.stores.accounts.transaction() as work:
            for number in (1, 2):
                await work.add_account(an_account(number))
                assert (await work.add_identity(an_identity(number))).identity_id == "idn_1"
                await work.hold_unionid("default", "one", UNIONID, AccountId(f"acc_{number}"))
            assert await work.find_account_by_unionid("default", "one", UNIONID) == an_account(1)
            assert await work.put_external_id(AccountId("acc_1"), "ming")
            assert not await work.put_external_id(AccountId("acc_2"), "ming")
            assert await work.add_account(an_account(3, "ming")) == an_account(1, "ming")
            assert await work.find_account(AccountId("acc_3")) is None
            await work.remove_account(AccountId("acc_2"))
        async with bench.stores.accounts.transaction() as work:
            assert await work.find_account(AccountId("acc_1")) == an_account(1, "ming")
            assert await work.find_account(AccountId("acc_2")) is None

    bench.run(flow())


def test_an_error_undoes_the_transaction(bench: Bench) -> None:
    """Nothing of a transaction that ends by an error is there afterwards, an inner one's work included."""

    async def fail() -> None:
        async with bench.stores.accounts.transaction() as work:
            await work.add_identity(an_identity(1))
            async with bench.stores.accounts.transaction() as inner:
                await inner.add_account(an_account(1, "ming"))
            raise LookupError

    async def look() -> None:
        async with bench.stores.accounts.transaction() as work:
            assert await work.find_identity(APP.appid, OPENID) is None
            assert await work.find_account(AccountId("acc_1")) is None
            assert await work.find_account_by_external_id("default", "ming") is None

    with pytest.raises(LookupError):
        bench.run(fail())
    bench.run(look())


def test_stores_join_one_transaction(sql_bench: Bench) -> None:
    """Identity and key of a login are kept together or not at all."""
    stores = sql_bench.stores
    keys = SessionKeys(stores.keyrings, stores.attempts, FakeClock())

    async def flow(*, fails: bool) -> None:
        async with stores.transactions.transaction():
            await accounts_of(stores.accounts).resolve(APP, OPENID, None)
            await keys.take_in(APP.appid, OPENID, Secret("key"), START)
            if fails:
                raise LookupError

    with pytest.raises(LookupError):
        sql_bench.run(flow(fails=True))
    assert sql_bench.query("SELECT count(*) FROM identities") == [(0,)]
    assert sql_bench.query("SELECT count(*) FROM keyrings") == [(0,)]
    sql_bench.run(flow(fails=False))
    assert sql_bench.query("SELECT count(*) FROM identities") == [(1,)]
    assert sql_bench.run(keys.usable(APP.appid, OPENID)) == (Secret("key"),)


class _NotTogether:
    """The broken variant: each step of a transaction is one by itself."""

    def __init__(self, store: AccountStore) -> None:
        self._store = store

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AccountTransaction]:
        yield cast("AccountTransaction", self)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands in for every step
        async def step(*args: Any) -> Any:  # noqa: ANN401 - the same
            async with self._store.transaction() as work:
                return await getattr(work, name)(*args)

        return step


def log_in_at_once(bench: Bench, store: AccountStore, apps: list[App], unionid: UnionId | None) -> list[Resolved]:
    """Log one person in through each app at the same time, as a login does; none may fail."""
    accounts, keys = accounts_of(store), SessionKeys(bench.stores.keyrings, bench.stores.attempts, FakeClock())

    async def log_in(app: App) -> Resolved:
        async with bench.stores.transactions.transaction() if store is bench.stores.accounts else _nothing():
            resolved = await accounts.resolve(app, OPENID, unionid)
            await keys.take_in(app.appid, OPENID, Secret("the same key"), START)
            return resolved

    results = bench.at_once([partial(log_in, app) for app in apps])
    assert [result for result in results if isinstance(result, BaseException)] == []
    return cast("list[Resolved]", results)


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


@pytest.mark.parametrize("unionid", [None, UNIONID])
def test_a_hundred_first_logins_make_one_account(bench: Bench, unionid: UnionId | None) -> None:
    """One openid, a hundred times at once: one identity, one account, made by one of them, and no error."""
    found = log_in_at_once(bench, bench.stores.accounts, [APP] * 100, unionid)
    assert len({result.account.account_id for result in found if result.account}) == 1
    assert len({result.identity.identity_id for result in found}) == 1
    assert [result.is_new for result in found].count(True) == 1
    if bench.url is not None:
        assert bench.query("SELECT count(*) FROM accounts") == [(1,)]


def test_control_without_a_transaction_first_logins_make_several(sql_bench: Bench) -> None:
    """The same hundred, each step by itself, make more than one account: the test above can fail."""
    broken = cast("AccountStore", _NotTogether(sql_bench.stores.accounts))
    made = 0
    for _ in range(20):  # threads may happen to run one after another; not twenty times over
        sql_bench.wipe()
        found = log_in_at_once(sql_bench, broken, [APP] * 100, None)
        made = max(made, [result.is_new for result in found].count(True))
        if made > 1:
            break
    assert made > 1


def test_first_logins_of_one_unionid_in_two_apps_make_one_account(bench: Bench) -> None:
    """Fifty at once in each of two apps of one open platform: two identities, one account."""
    found = log_in_at_once(bench, bench.stores.accounts, [APP, OTHER_APP] * 50, UNIONID)
    assert len({result.identity.identity_id for result in found}) == 2
    assert len({result.account.account_id for result in found if result.account}) == 1
    if bench.url is not None:
        assert bench.query("SELECT count(*) FROM accounts") == [(1,)]


@pytest.mark.servers
def test_first_logins_just_after_an_erasure_do_not_deadlock(server_bench: Bench) -> None:
    """Six times over, each on rows deleted a moment ago, whose ghosts InnoDB still locks."""
    for _ in range(6):
        server_bench.wipe()
        log_in_at_once(server_bench, server_bench.stores.accounts, [APP, OTHER_APP] * 25, UNIONID)
    assert server_bench.query("SELECT count(*) FROM accounts") == [(1,)]


@pytest.mark.parametrize("sign_in", ["open", "bound"])
def test_bindings_to_one_member_at_once(bench: Bench, sign_in: SignInPolicy) -> None:
    """Twenty identities bind to one member: without an account of their own all join it, with one the first has it."""
    app = replace(APP, sign_in=sign_in, open_platform=None)
    accounts = accounts_of(bench.stores.accounts)
    openids = [OpenId(f"oPerson_{number:04}_0123456789") for number in range(20)]
    for openid in openids:
        bench.run(accounts.resolve(app, openid, None))
    results = bench.at_once([partial(accounts.bind, app, openid, Member("ming")) for openid in openids])
    bound = [result.account_id for result in results if isinstance(result, Account)]
    refused = [result for result in results if not isinstance(result, Account)]
    assert len(set(bound)) == 1
    assert {type(result) for result in refused} <= {BindingConflict}
    assert len(bound) == (1 if sign_in == "open" else 20)
