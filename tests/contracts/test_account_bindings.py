"""What every account store promises of bindings, and what the flows over it make of people who come at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from menjin import App, Secret
from menjin.accounts.bindings import Proved
from menjin.accounts.flow import Accounts
from menjin.accounts.model import Account, Bound, Identity
from menjin.accounts.phone import Phone
from menjin.accounts.store import AccountStore
from menjin.clock import SystemRandomness
from menjin.errors import BindingConflict
from menjin.values import AccountId, AppId, IdentityId, OpenId, UnionId
from support.benches import Bench
from support.clock import START, FakeClock

APP = App(AppId("wx0123456789abcdef"), Secret("s" * 32), open_platform="one")
OTHER_APP = replace(APP, appid=AppId("wxfedcba9876543210"))
OPENID = OpenId("oAbC_0123456789abcdefg")
UNIONID = UnionId("oUnion_0123456789abcd")
PHONE, OTHER_PHONE = Phone("86", "13800138000"), Phone("86", "13900139000")


def accounts_of(store: AccountStore) -> Accounts:
    """Return the flow over a store."""
    return Accounts(store, FakeClock(), SystemRandomness())


def an_identity(number: int, openid: str = OPENID) -> Identity:
    """Return an identity of the app that is bound to nothing."""
    return Identity(IdentityId(f"idn_{number}"), APP.appid, OpenId(openid), None, None, START)


def an_account(number: int) -> Account:
    """Return an account of the default realm."""
    return Account(AccountId(f"acc_{number}"), "default", None, START)


def test_a_number_is_kept_sealed_and_found_in_its_realm_only(bench: Bench) -> None:
    """A number leads to its account in its realm; no other spelling, realm or country code does; none is readable."""

    async def flow() -> None:
        async with bench.stores.accounts.transaction() as work:
            for number in (1, 2):
                await work.add_account(an_account(number))
            assert await work.put_phone(AccountId("acc_1"), PHONE)
            assert not await work.put_phone(AccountId("acc_2"), PHONE)
            assert await work.put_phone(AccountId("acc_1"), PHONE)
        async with bench.stores.accounts.transaction() as work:
            assert await work.find_account_by_phone("default", PHONE) == replace(an_account(1), phone=PHONE)
            assert (await work.find_account(AccountId("acc_2"))) == an_account(2)
            for realm, phone in (("other", PHONE), ("default", Phone("1", "3800138000")), ("default", OTHER_PHONE)):
                assert await work.find_account_by_phone(realm, phone) is None
            assert await work.put_phone(AccountId("acc_1"), OTHER_PHONE)
            assert await work.put_phone(AccountId("acc_2"), PHONE)
            assert await work.put_phone(AccountId("acc_2"), None)
        async with bench.stores.accounts.transaction() as work:
            assert await work.find_account_by_phone("default", PHONE) is None
            assert await work.find_account_by_phone("default", OTHER_PHONE) == replace(an_account(1), phone=OTHER_PHONE)

    bench.run(flow())
    if bench.url is not None:
        rows = bench.query("SELECT phone_index, phone_sealed FROM accounts WHERE account_id = 'acc_1'")
        assert "13800" not in str(rows)
        assert OTHER_PHONE.e164 not in str(rows)


def test_one_number_in_two_realms(bench: Bench) -> None:
    """Realms share nothing: the same number is one account's in each, under different hashes."""

    async def flow() -> None:
        async with bench.stores.accounts.transaction() as work:
            for number, realm in ((1, "default"), (2, "other")):
                await work.add_account(replace(an_account(number), realm=realm))
                assert await work.put_phone(AccountId(f"acc_{number}"), PHONE)

    bench.run(flow())
    if bench.url is not None:
        assert len(set(bench.query("SELECT phone_index FROM accounts"))) == 2


def test_identities_come_and_go(bench: Bench) -> None:
    """They are listed with their account; one that was detached says so until it is bound again."""

    async def flow() -> None:
        async with bench.stores.accounts.transaction() as work:
            await work.add_account(an_account(1))
            for number, openid in ((1, OPENID), (2, OpenId("oOther_123456789012345"))):
                await work.add_identity(an_identity(number, openid))
                await work.put_account_of_identity(IdentityId(f"idn_{number}"), AccountId("acc_1"))
            await work.detach_identity(IdentityId("idn_1"), START)
            left = await work.list_identities(AccountId("acc_1"))
            assert [one.identity_id for one in left] == ["idn_2"]
        async with bench.stores.accounts.transaction() as work:
            assert await work.find_identity(APP.appid, OPENID) == replace(an_identity(1), is_detached=True)
            await work.put_account_of_identity(IdentityId("idn_1"), AccountId("acc_1"))
            found = await work.find_identity(APP.appid, OPENID)
            assert found == replace(an_identity(1), account_id=AccountId("acc_1"))
            assert len(await work.list_identities(AccountId("acc_1"))) == 2

    bench.run(flow())


def test_a_noted_unionid_leads_on_if_wechat_said_it(bench: Bench) -> None:
    """By the identities of the apps named only; a released one belongs to nobody, and may be held anew."""
    apps = [APP.appid, OTHER_APP.appid]

    async def flow() -> None:
        async with bench.stores.accounts.transaction() as work:
            for number in (1, 2):
                await work.add_account(an_account(number))
            await work.add_identity(an_identity(1))
            await work.put_account_of_identity(IdentityId("idn_1"), AccountId("acc_1"))
            await work.put_unionid(IdentityId("idn_1"), UNIONID)
            assert await work.find_account_by_noted_unionid(apps, UNIONID) is None
            await work.put_unionid(IdentityId("idn_1"), UNIONID, is_vouched=True)
        async with bench.stores.accounts.transaction() as work:
            assert await work.find_account_by_noted_unionid(apps, UNIONID) == an_account(1)
            assert await work.find_account_by_noted_unionid([OTHER_APP.appid], UNIONID) is None
            await work.hold_unionid("default", "one", UNIONID, AccountId("acc_1"))
            await work.release_unionid(AccountId("acc_2"), UNIONID)
            assert await work.find_account_by_unionid("default", "one", UNIONID) == an_account(1)
            await work.release_unionid(AccountId("acc_1"), UNIONID)
            await work.hold_unionid("default", "one", UNIONID, AccountId("acc_2"))
            assert await work.find_account_by_unionid("default", "one", UNIONID) == an_account(2)

    bench.run(flow())


def test_use_and_successor_are_noted_and_undone(bench: Bench) -> None:
    """When an account was used, and where its person went, is kept; with a transaction that fails, nothing is."""
    account = replace(an_account(1), last_used_at=START + timedelta(days=9), successor_id=AccountId("acc_2"))

    async def note(*, fails: bool) -> None:
        async with bench.stores.accounts.transaction() as work:
            await work.put_phone(AccountId("acc_1"), PHONE)
            await work.put_last_used(AccountId("acc_1"), START + timedelta(days=9))
            await work.put_successor(AccountId("acc_1"), AccountId("acc_2"))
            if fails:
                raise LookupError

    async def make() -> None:
        async with bench.stores.accounts.transaction() as work:
            await work.add_account(an_account(1))

    async def look() -> Account | None:
        async with bench.stores.accounts.transaction() as work:
            return await work.lock_account(AccountId("acc_1"))

    bench.run(make())
    assert bench.run(look()) == an_account(1)
    with pytest.raises(LookupError):
        bench.run(note(fails=True))
    assert bench.run(look()) == an_account(1)
    bench.run(note(fails=False))
    assert bench.run(look()) == replace(account, phone=PHONE)


def test_proofs_are_kept_for_a_while_and_taken_once(bench: Bench) -> None:
    """The last text of a name is found until its end; of many who take it at once, one does."""
    proofs = bench.stores.proofs
    end = START + timedelta(minutes=10)

    async def keep() -> None:
        await proofs.put("a" * 64, "first", end)
        await proofs.put("a" * 64, "second 🎫", end)
        await proofs.put("b" * 64, "other", end)
        assert await proofs.find("a" * 64, end - timedelta(microseconds=1)) == "second 🎫"
        assert await proofs.find("a" * 64, end) is None
        assert await proofs.find("c" * 64, START) is None
        assert not await proofs.take("b" * 64, end)

    bench.run(keep())
    taken = bench.at_once([partial(proofs.take, "a" * 64, START)] * 20)
    assert sorted(taken, key=str) == [False] * 19 + [True]
    bench.run(proofs.put("d" * 64, "late", end))
    assert bench.run(proofs.purge_proofs(end)) >= 1
    assert bench.run(proofs.find("d" * 64, START)) is None


def test_a_hundred_people_bind_one_number_at_once(bench: Bench) -> None:
    """One has it, ninety-nine are a conflict that changed nothing, and no one is told of an outage."""
    accounts = accounts_of(bench.stores.accounts)
    openids = [OpenId(f"oPerson_{number:04}_0123456789") for number in range(100)]
    for openid in openids:
        bench.run(accounts.resolve(APP, openid, None))
    bind = accounts.bindings.by_phone
    results = bench.at_once([partial(bind, APP, openid, Proved(PHONE)) for openid in openids])
    winners = [result for result in results if isinstance(result, Bound)]
    assert len(winners) == 1
    assert {type(result) for result in results if not isinstance(result, Bound)} == {BindingConflict}


def test_the_last_two_ways_in_do_not_close_at_once(bench: Bench) -> None:
    """Two identities of one account unbind at the same moment: one of them is the last way in."""
    accounts = accounts_of(bench.stores.accounts)
    for _ in range(10):
        if bench.url is not None:
            bench.wipe()
        openids = [OpenId(f"oPerson_{name}_0123456789abc") for name in "ab"]
        for app, openid in zip((APP, OTHER_APP), openids, strict=True):
            bench.run(accounts.resolve(app, openid, UNIONID))
        undo = partial(accounts.bindings.undo, is_stepped_up=True)
        both = zip((APP, OTHER_APP), openids, strict=True)
        results = bench.at_once([partial(undo, app, openid) for app, openid in both])
        assert sorted(type(result).__name__ for result in results) == ["Bound", "LastWayIn"]
        if bench.url is None:
            break
