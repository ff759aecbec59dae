"""An id of impossible shape reaches no query, whichever way it is looked up."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from menjin import AppId
from menjin.accounts.directory import Member
from menjin.values import OpenId, UnionId
from support.benches import Bench

APPID = AppId("wx0123456789abcdef")
GOOD = "oAbC_1_0123456789abcdef"
IMPOSSIBLE = [
    ("", ""),
    ("short", " x"),
    (GOOD + " ", "m-1 "),
    (" " + GOOD, "\tm-1"),
    (GOOD + "\n", "m\n1"),
    ("o" * 65, "m" * 129),
    ("ｏ" * 24, "m\u200b1"),
    (GOOD[:-1] + "\0", "m\0"),
    ("o'Abc--0123456789abcd", "\x7f"),
]


@pytest.fixture
def queries(sql_bench: Bench) -> list[str]:
    """Every SELECT that a bench sends from now on."""
    assert sql_bench.database is not None
    engine = sql_bench.database._engine
    seen: list[str] = []

    @sa.event.listens_for(engine if isinstance(engine, sa.Engine) else engine.sync_engine, "before_cursor_execute")
    def note(*words: object) -> None:
        seen.append(str(words[2]))

    return seen


@pytest.mark.kinds("sqlite", "postgres-sync", "mariadb-sync")
@pytest.mark.parametrize(("wechat_id", "external_id"), IMPOSSIBLE)
def test_no_look_up_of_an_impossible_id_reaches_the_database(
    sql_bench: Bench, queries: list[str], wechat_id: str, external_id: str
) -> None:
    """By openid, unionid, noted unionid and external_id it is None, and no SELECT was sent."""

    async def look() -> list[object]:
        async with sql_bench.stores.accounts.transaction() as work:
            return [
                await work.find_identity(APPID, OpenId(wechat_id)),
                await work.find_account_by_unionid("default", "one", UnionId(wechat_id)),
                await work.find_account_by_noted_unionid([APPID], UnionId(wechat_id)),
                await work.find_account_by_external_id("default", external_id),
            ]

    assert sql_bench.run(look()) == [None] * 4
    assert [query for query in queries if "SELECT" in query] == []


@pytest.mark.kinds("sqlite-sync")
def test_control_a_possible_id_is_looked_up(sql_bench: Bench, queries: list[str]) -> None:
    """Control: the ear above hears a query."""

    async def look() -> object:
        async with sql_bench.stores.accounts.transaction() as work:
            return await work.find_identity(APPID, OpenId(GOOD))

    assert sql_bench.run(look()) is None
    assert [query for query in queries if "SELECT" in query]


@pytest.mark.parametrize("external_id", ["", " m-1", "m-1 ", "m\n1", "m" * 129, "m\0"])
def test_a_member_of_an_impossible_id_is_none(external_id: str) -> None:
    """No directory can name one, a business's own included."""
    with pytest.raises(ValueError, match="external_id"):
        Member(external_id)
