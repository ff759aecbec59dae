"""What every access_token store promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from menjin import AccessToken, AesGcmVault, AppId, Secret
from menjin.access_tokens.model import Lease, Record, Spent, Trouble
from menjin.access_tokens.store import TokenStore
from menjin.adapters.memory_tokens import MemoryTokens
from menjin.adapters.sqlalchemy.access_tokens import SqlTokens
from menjin.adapters.vault import new_vault_key
from support.benches import Bench
from support.clock import START

APPID, OTHER = AppId("wx0123456789abcdef"), AppId("wx0123456789abcdee")
LONG = "50_" + "Im7-_" * 400
SECOND, MICRO = timedelta(seconds=1), timedelta(microseconds=1)


def a_token(text: str = "50_first", generation: int = 1, appid: AppId = APPID) -> AccessToken:
    """Return a token of an app."""
    return AccessToken(appid, Secret(text), generation, START + MICRO, START + 7200 * SECOND)


def a_record(tag: str = "tag-1", token: AccessToken | None = None) -> Record:
    """Return a record in which nothing is left out."""
    return Record(
        tag=tag,
        mode="legacy",
        token=token or a_token(),
        due_at=START + 6960 * SECOND + MICRO,
        lease=Lease("report", START + SECOND + MICRO, START + 11 * SECOND),
        spent=Spent(29_000_000, 3, 20_000, 12, 2, START + 3 * MICRO),
        trouble=Trouble(40164, "6515357b-15f0e52f-024d7479", 7, START - MICRO, START + 5 * MICRO),
        checked_at=START - 9 * SECOND,
        last_cause="due",
    )


def store_of(bench: Bench) -> TokenStore:
    """Return the store."""
    return bench.stores.tokens


def put(bench: Bench, record: Record, seen: str | None = None, appid: AppId = APPID) -> bool:
    """Swap."""
    return bench.run(store_of(bench).swap(appid, seen, record))


def load(bench: Bench, appid: AppId = APPID) -> Record | None:
    """Load."""
    return bench.run(store_of(bench).load(appid))


def test_a_record_comes_back_as_it_was_kept(token_bench: Bench) -> None:
    """Every field survives, to the microsecond; what may be absent stays absent."""
    assert load(token_bench) is None
    assert put(token_bench, a_record())
    assert load(token_bench) == a_record()
    bare = Record("tag-2", "stable")
    assert put(token_bench, bare, "tag-1")
    assert load(token_bench) == bare


def test_a_token_of_2000_characters_is_kept_whole(token_bench: Bench) -> None:
    """WeChat asks to reserve 512; four times as much is no fault."""
    assert len(LONG) > 2000
    assert put(token_bench, a_record(token=a_token(LONG)))
    found = load(token_bench)
    assert found is not None
    assert found.token is not None
    assert found.token.value.reveal() == LONG


@pytest.mark.kinds("sqlite", "postgres", "mariadb", "redis", "valkey")
def test_whoever_steals_the_store_has_no_token(token_bench: Bench) -> None:
    """No part of a token's text is in what is kept."""
    put(token_bench, a_record(token=a_token("50_canary-canary")))
    dump = token_bench.dump()
    assert "tag-1" in dump
    assert "canary" not in dump


@pytest.mark.kinds("sqlite", "postgres", "mariadb")
def test_a_sealed_token_opens_at_its_own_place_only(token_bench: Bench) -> None:
    """Moved to another app's row, or to another generation, it does not open: the app counts as having none."""
    put(token_bench, a_record())
    put(token_bench, a_record(token=a_token("50_other", appid=OTHER)), appid=OTHER)
    token_bench.query(
        f"UPDATE access_tokens SET token_sealed = (SELECT t FROM (SELECT token_sealed AS t FROM access_tokens "  # noqa: S608 - constants
        f"WHERE appid = '{OTHER}') AS moved) WHERE appid = '{APPID}'"
    )
    found = load(token_bench)
    assert found is not None
    assert found.token is None
    token_bench.query("UPDATE access_tokens SET generation = 2")
    found = load(token_bench, OTHER)
    assert found is not None
    assert found.token is None


def test_a_swap_needs_the_tag_that_is_there(token_bench: Bench) -> None:
    """The fence: who has not seen the last change changes nothing."""
    assert not put(token_bench, a_record("tag-2"), "tag-1")
    assert load(token_bench) is None
    assert put(token_bench, a_record("tag-1"))
    for seen in (None, "tag-0", "TAG-1"):
        assert not put(token_bench, a_record("tag-2"), seen)
    assert load(token_bench) == a_record("tag-1")
    assert put(token_bench, a_record("tag-2"), "tag-1")
    assert not put(token_bench, a_record("tag-3"), "tag-1")
    assert load(token_bench) == a_record("tag-2")


def race(bench: Bench, store: TokenStore, seen: str | None) -> list[bool | BaseException]:
    """Swap twenty times at once from one tag."""
    records = [a_record(f"racer-{number}", a_token(f"50_{number}")) for number in range(20)]
    return bench.at_once([partial(store.swap, APPID, seen, record) for record in records])


@pytest.mark.parametrize("seen", [None, "tag-1"])
def test_of_swaps_at_once_one_wins(token_bench: Bench, seen: str | None) -> None:
    """Twenty at once, on an empty store and on a kept record: one is taken, and it is the one that is there."""
    if seen is not None:
        put(token_bench, a_record(seen))
    results = race(token_bench, store_of(token_bench), seen)
    assert sorted(results, key=str) == [False] * 19 + [True]
    winner = results.index(True)
    assert load(token_bench) == a_record(f"racer-{winner}", a_token(f"50_{winner}"))


class Unfenced(MemoryTokens):
    """BROKEN: looks at nobody's tag."""

    async def swap(self, appid: AppId, seen: str | None, record: Record) -> bool:
        """Put it there in any case."""
        kept = await self.load(appid)
        return await super().swap(appid, kept.tag if kept is not None else None, replace(record, tag=f"x{seen}"))


@pytest.mark.kinds("memory")
def test_control_without_the_fence_several_win(token_bench: Bench) -> None:
    """CONTROL: a store that compares no tag lets all twenty win."""
    assert race(token_bench, Unfenced(), None).count(True) > 1


def test_two_apps_never_share_a_record(token_bench: Bench) -> None:
    """Each appid has its own, however alike they are."""
    put(token_bench, a_record("tag-1"))
    put(token_bench, a_record("tag-2", a_token("50_other", appid=OTHER)), appid=OTHER)
    assert not put(token_bench, a_record("tag-3"), "tag-2")
    first, second = load(token_bench), load(token_bench, OTHER)
    assert first == a_record("tag-1")
    assert second == a_record("tag-2", a_token("50_other", appid=OTHER))


@pytest.mark.kinds("sqlite-sync", "postgres-sync", "mariadb-sync")
def test_without_its_vault_key_a_token_counts_as_none(token_bench: Bench) -> None:
    """The rest of the record is there, so that the next renewal takes its place under the fence."""
    put(token_bench, a_record())
    assert token_bench.database is not None
    other = SqlTokens(token_bench.database, AesGcmVault("k9", {"k9": new_vault_key()}))
    found = token_bench.run(other.load(APPID))
    assert found == replace(a_record(), token=None)
    assert token_bench.run(other.swap(APPID, "tag-1", a_record("tag-2")))


@pytest.mark.kinds("sqlite-sync", "postgres-sync", "mariadb-sync")
def test_a_state_that_cannot_be_read_counts_as_none(token_bench: Bench) -> None:
    """It is reported, and the next renewal writes it anew."""
    put(token_bench, a_record())
    token_bench.query("UPDATE access_tokens SET state = '{}'")
    assert load(token_bench) == Record("tag-1", "stable")
    assert put(token_bench, a_record("tag-2"), "tag-1")
    assert load(token_bench) == a_record("tag-2")
