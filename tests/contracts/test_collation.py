"""Ids compare byte by byte on every database; a collation that folds case is an account take-over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from menjin import App, Secret
from menjin.accounts.flow import Accounts
from menjin.clock import SystemRandomness
from menjin.values import AccountId, AppId, OpenId
from support.benches import Bench, Kind, open_bench
from support.clock import FakeClock

APP = App(AppId("wx0123456789abcdef"), Secret("s" * 32))
VICTIM = OpenId("oAbC_1_0123456789abcdef")
ATTACKER = OpenId("OABC_1_0123456789abcdef")
SERVERS = ("postgres", "mariadb")
FOLD_CASE = {
    "sqlite-sync": (
        "DROP TABLE identities",
        """CREATE TABLE identities (identity_id VARCHAR(30) PRIMARY KEY, appid VARCHAR(32), created_at BIGINT,
        openid VARCHAR(64) COLLATE NOCASE, unionid VARCHAR(64), account_id VARCHAR(30), detached_at BIGINT,
        is_unionid_vouched BOOLEAN DEFAULT 0, UNIQUE (appid, openid))""",
    ),
    "postgres-sync": (
        "CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "ALTER TABLE identities ALTER openid TYPE VARCHAR(64) COLLATE folding",
    ),
    "mariadb-sync": (
        "ALTER TABLE identities MODIFY openid VARCHAR(64) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL",
    ),
}


@pytest.fixture(params=["sqlite-sync", *(pytest.param(f"{name}-sync", marks=pytest.mark.servers) for name in SERVERS)])
def own_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A bench on a database that the test may ruin."""
    kind: Kind = request.param
    bench = open_bench(kind, tmp_path, request.getfixturevalue)
    yield bench
    bench.close()


def log_in(bench: Bench, openid: OpenId) -> AccountId | None:
    """Log somebody in; return the account."""
    accounts = Accounts(bench.stores.accounts, FakeClock(), SystemRandomness())
    resolved = bench.run(accounts.resolve(APP, openid, None))
    return resolved.account.account_id if resolved.account is not None else None


def test_openids_that_differ_in_case_are_two_people(own_bench: Bench) -> None:
    """Each gets an account and finds it again, whatever the server's default collation is."""
    victim, attacker = log_in(own_bench, VICTIM), log_in(own_bench, ATTACKER)
    assert victim != attacker
    assert (log_in(own_bench, VICTIM), log_in(own_bench, ATTACKER)) == (victim, attacker)


def test_control_a_folding_collation_hands_the_account_over(own_bench: Bench) -> None:
    """With the openid column as a careless schema has it, the attacker's login is in the victim's account."""
    for statement in FOLD_CASE[own_bench.kind]:
        own_bench.query(statement)
    victim = log_in(own_bench, VICTIM)
    assert log_in(own_bench, ATTACKER) == victim


@pytest.mark.servers
@pytest.mark.kinds("mariadb-sync")
def test_every_text_column_of_mariadb_is_binary(own_bench: Bench) -> None:
    """No column of ours, of whichever table, takes the server's own collation; elsewhere the default is by byte."""
    rows = own_bench.query(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns"
        " WHERE table_schema = database() AND collation_name IS NOT NULL"
    )
    assert len(rows) > 20
    assert [row for row in rows if not str(row[2]).endswith("_bin")] == []
