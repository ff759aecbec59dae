"""Sealing anew, on every database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from menjin import AesGcmVault, Secret, new_vault_key, sql_stores
from menjin.adapters.sqlalchemy.resealing import Resealed, Resealing
from menjin.adapters.sqlalchemy.tables import KEYRINGS
from menjin.session_keys.model import HeldKey, Keyring
from menjin.values import AppId, OpenId
from support.benches import Bench
from support.clock import START

_KEYS = {"k1": new_vault_key(), "k2": new_vault_key()}


@pytest.mark.parametrize("batch", [1, 2, 5, 500])
def test_whatever_opens_is_sealed_anew(sql_bench: Bench, batch: int) -> None:
    """In batches of any size, over apps and people, five that do not open in front of the others or among them."""
    database = sql_bench.database
    assert database is not None
    former = sql_stores(database, AesGcmVault("k1", _KEYS)).keyrings
    people = [
        (AppId(f"wx000000000000000{app}"), OpenId(f"oPerson_{name:04}_0123456789"))
        for app in (1, 2)
        for name in range(6)
    ]
    for appid, openid in people:
        sql_bench.run(former.change(appid, openid, lambda _: Keyring(HeldKey(Secret("key"), START))))
    for place in (0, 1, 2, 3, 7):
        appid, openid = people[place]
        changed = sa.update(KEYRINGS).where(KEYRINGS.c.appid == appid, KEYRINGS.c.openid == openid)
        sql_bench.run(_run(sql_bench, changed.values(current_sealed="k1.AAAA")))
    resealing = Resealing(database, AesGcmVault("k2", _KEYS))
    assert sql_bench.run(resealing.reseal(batch)) == Resealed(done=7, damaged=5)
    assert sql_bench.run(resealing.count_by_key()) == {"k1": 5, "k2": 7}
    assert sql_bench.run(Resealing(database, AesGcmVault("k2", {"k2": _KEYS["k2"]})).count_by_key()) == {
        "k1": 5,
        "k2": 7,
    }


async def _run(bench: Bench, statement: sa.Executable) -> None:
    assert bench.database is not None
    async with bench.database.transaction() as work:
        await work.run(statement)
