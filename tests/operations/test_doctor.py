"""`menjin doctor` on live tables of each database, healthy and spoiled."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
import sqlalchemy as sa

from menjin import AesGcmVault, AppId, Database, Secret, new_vault_key, open_engine
from menjin.adapters.sqlalchemy.accounts import SqlAccounts
from menjin.bridge import drive
from menjin.values import OpenId
from support.command import run_command
from support.servers import MariaDbServer, PostgresServer, RedisServer

VICTIM = OpenId("oAbC_1_0123456789abcdef")
ATTACKER = OpenId("OABC_1_0123456789abcdef")
KEY = new_vault_key().reveal()
CONFIG = '[vault]\nactive = "k1"\nkeys.k1 = "{key}"\n[database]\nurl = "{url}"\n'
SPOIL = {
    "mysql": (
        "identities.openid",
        "ALTER TABLE identities MODIFY openid VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL",
    ),
    "postgresql": (
        "identities.openid",
        "CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "ALTER TABLE identities ALTER openid TYPE VARCHAR(64) COLLATE folding",
    ),
}


def make(url: str) -> str:
    """Make our tables in an empty database; return its URL."""
    database = Database(open_engine(url))
    drive(database.create_schema())
    drive(database.close())
    return url


def backend(url: str) -> str:
    """Return which database a URL names."""
    return url.partition(":")[0]


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=pytest.mark.servers) for name in ("postgres", "mariadb"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of each kind, with our tables and one person in it."""
    server = None if request.param == "sqlite" else request.getfixturevalue(f"{request.param}_server")
    found = make(server.fresh_database() if server else f"sqlite:///{tmp_path}/menjin.db")
    run(
        found,
        "INSERT INTO accounts (account_id, realm, created_at) VALUES ('acc_victim', 'default', 1)",
        "INSERT INTO identities (appid, openid, identity_id, account_id, created_at)"
        " VALUES ('wx0123456789abcdef', 'oAbC_1_0123456789abcdef', 'idn_victim', 'acc_victim', 1)",
    )
    yield found
    if server:
        server.drop_database(found)


def run(url: str, *statements: str) -> None:
    """Run statements beside."""
    engine = open_engine(url, pool_size=1)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def fold_in_file(url: str) -> tuple[str, ...]:
    """Return what makes the openid of a SQLite file fold case, whatever else the table holds."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        made = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'identities'").fetchone()[0]
    connection.close()
    return (
        "ALTER TABLE identities RENAME TO former",
        made.replace("openid VARCHAR(64)", "openid VARCHAR(64) COLLATE NOCASE"),
        "INSERT INTO identities SELECT * FROM former",
    )


def examine(folder: Path, url: str, more: str = "", key: str = KEY) -> tuple[int, list[dict[str, Any]]]:
    """Run `menjin doctor --json`; return its exit status and findings."""
    (folder / "menjin.toml").write_text(CONFIG.format(key=key, url=url) + more, "utf-8")
    ended = run_command(folder, "doctor", "--json")
    assert "Traceback" not in ended.stderr, ended.stderr
    told = json.loads(ended.stdout)
    assert told["healthy"] == (ended.returncode == 0)
    return ended.returncode, told["findings"]


def of(findings: list[dict[str, Any]], check: str, *levels: str) -> list[str]:
    """Return the subjects of a check's findings of these levels."""
    return [one["subject"] for one in findings if one["check"] == check and one["level"] in levels]


def find_account(url: str, openid: OpenId) -> str | None:
    """Return whose login an openid is."""
    database = Database(open_engine(url))

    async def look() -> str | None:
        async with SqlAccounts(database, AesGcmVault("k1", {"k1": Secret(KEY)})).transaction() as work:
            identity = await work.find_identity(AppId("wx0123456789abcdef"), openid)
            return identity.account_id if identity is not None else None

    try:
        return drive(look())
    finally:
        drive(database.close())


def test_a_healthy_installation(url: str, tmp_path: Path) -> None:
    """Everything is ok, each check says something, and the exit status is 0; the attacker's openid is unknown."""
    status, findings = examine(tmp_path, url)
    assert status == 0
    assert {one["level"] for one in findings} == {"ok"}
    assert [one["check"] for one in findings] == ["database", "schema", "collation", "charset", "vault"]
    assert find_account(url, VICTIM) == "acc_victim"
    assert find_account(url, ATTACKER) is None


def test_a_column_that_folds_case_is_named(url: str, tmp_path: Path) -> None:
    """It alone fails, with what to do next. Control: with it, the attacker is in the victim's account."""
    name, *statements = SPOIL.get(backend(url), ("identities.openid",))
    run(url, *(statements or fold_in_file(url)))
    status, findings = examine(tmp_path, url)
    assert status == 1
    assert of(findings, "collation", "failed") == [name]
    assert all(one["next"] for one in findings if one["level"] == "failed")
    assert find_account(url, ATTACKER) == "acc_victim"


@pytest.mark.servers
def test_every_column_of_identity_is_looked_at(mariadb_server: MariaDbServer, tmp_path: Path) -> None:
    """Each of several that a careless administrator converted is told, and latin1 where emoji must fit."""
    url = make(mariadb_server.fresh_database())
    spoiled = {"unionids": ("unionid", 64), "accounts": ("external_id", 128), "members": ("phone_number", 20)}
    careless = "CHARACTER SET latin1 COLLATE latin1_swedish_ci"
    run(url, *(f"ALTER TABLE {t} MODIFY {c} VARCHAR({n}) {careless}" for t, (c, n) in spoiled.items()))
    _, findings = examine(tmp_path, url)
    assert set(of(findings, "collation", "failed")) == {f"{t}.{c}" for t, (c, _) in spoiled.items()}
    assert of(findings, "charset", "failed") == ["accounts.external_id"]
    mariadb_server.drop_database(url)


@pytest.mark.servers
def test_citext_is_named(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """The type folds case whatever its collation is."""
    url = make(postgres_server.fresh_database())
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            connection.execute("CREATE EXTENSION citext")
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("this PostgreSQL has no citext")
    run(url, "ALTER TABLE unionids ALTER unionid TYPE citext")
    assert of(examine(tmp_path, url)[1], "collation", "failed") == ["unionids.unionid"]
    postgres_server.drop_database(url)


@pytest.mark.servers
def test_a_database_of_another_encoding_is_named(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """LATIN1 holds no emoji; that is the whole database's fault."""
    with psycopg.connect(postgres_server.dsn("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    url = make(f"postgresql://menjin@127.0.0.1:{postgres_server.port}/narrow")
    assert of(examine(tmp_path, url)[1], "charset", "failed") == ["the database"]
    postgres_server.drop_database(url)


def test_tables_that_do_not_fit(url: str, tmp_path: Path) -> None:
    """A strange revision and a missing column are told, each by its name."""
    column = "ALTER TABLE accounts DROP COLUMN disabled_at"
    run(url, "UPDATE menjin_schema SET version_num = 'of tomorrow'", column)
    status, findings = examine(tmp_path, url)
    assert status == 1
    assert of(findings, "schema", "failed") == ["revision", "accounts.disabled_at"]


def test_an_empty_database_is_no_fault(tmp_path: Path) -> None:
    """The first start makes the tables; until then there is nothing to complain of, and doctor makes none."""
    (tmp_path / "new.db").touch()
    status, findings = examine(tmp_path, f"sqlite:///{tmp_path}/new.db")
    assert (status, of(findings, "schema", "warning")) == (0, ["revision"])
    assert examine(tmp_path, f"sqlite:///{tmp_path}/new.db")[1] == findings


def test_a_database_file_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    """Nor is its folder: doctor changes nothing. The keys are looked at all the same."""
    status, findings = examine(tmp_path, f"sqlite:///{tmp_path}/deep/new.db")
    assert (status, of(findings, "database", "warning")) == (0, ["sqlite"])
    assert "deep/new.db: no such file" in findings[0]["en"]
    assert [one["check"] for one in findings] == ["database", "vault"]
    assert not (tmp_path / "deep").exists()
    assert examine(tmp_path, f"sqlite:///{tmp_path}/deep/new.db", key="short")[0] == 1


def test_a_missing_key_is_told(url: str, tmp_path: Path) -> None:
    """A text sealed by a key that left the ring fails the check, by that key's id."""
    run(
        url,
        "INSERT INTO keyrings (appid, openid, current_sealed, current_began_at)"
        " VALUES ('wx0123456789abcdef', 'oAbC_1_0123456789abcdef', 'k0.AAAA', 1)",
    )
    status, findings = examine(tmp_path, url)
    assert status == 1
    assert "k0" in next(one["en"] for one in findings if one["check"] == "vault")


def test_what_cannot_be_reached(tmp_path: Path) -> None:
    """Database and Redis are each told, neither hides the other, and no password is shown."""
    nobody = "postgresql://menjin:canary-pw@127.0.0.1:1/menjin"
    status, findings = examine(tmp_path, nobody, '[redis]\nurl = "redis://:canary-pw@127.0.0.1:1"\n')
    assert status == 1
    assert of(findings, "database", "failed") == ["postgresql"]
    assert of(findings, "redis", "failed") == ["server"]
    assert "canary" not in json.dumps(findings)


@pytest.mark.servers
def test_redis_that_keeps_nothing(redis_server: RedisServer, tmp_path: Path) -> None:
    """Its persistence fails as the tests' server has it, and is ok once appendonly is on."""
    url = make(f"sqlite:///{tmp_path}/menjin.db")
    examine_redis = partial(examine, tmp_path, url, f'[redis]\nurl = "{redis_server.url}"\n')
    client = redis.Redis.from_url(redis_server.url, decode_responses=True)
    before = client.config_get("appendonly", "save")
    try:
        client.config_set("appendonly", "no")
        client.config_set("save", "")
        found = examine_redis()[1]
        assert of(found, "redis", "failed") == ["persistence"]
        told = next(one for one in found if one["subject"] == "persistence")
        assert (told["en"].isascii(), "登录态" in told["zh"]) == (True, True)
        client.config_set("appendonly", "yes")
        assert of(examine_redis()[1], "redis", "ok") == ["server", "persistence"]
    finally:
        for name, value in before.items():
            client.config_set(str(name), str(value))
        client.close()


def test_for_people(tmp_path: Path) -> None:
    """Without --json there is a line a finding, in both languages, and what to do next."""
    (tmp_path / "menjin.toml").write_text(CONFIG.format(key=KEY, url=f"sqlite:///{tmp_path}/new.db"), "utf-8")
    (tmp_path / "new.db").touch()
    ended = run_command(tmp_path, "doctor")
    assert ended.returncode == 0
    assert "WARNING schema: revision: no tables yet 还没有表" in ended.stdout
    assert "→ the first start makes them" in ended.stdout
    assert "menjin: 0 failed, 2 warnings. 0 项需要处理，有 2 条警告。" in ended.stdout
    assert "一切正常" not in ended.stdout


def test_a_missing_table_is_made_as_the_advice_says(url: str, tmp_path: Path) -> None:
    """What `menjin migrate --table` prints makes the table and its indexes; the doctor is content after that."""
    run(url, "DROP TABLE audit_lines")
    findings = examine(tmp_path, url)[1]
    advice = next(one["next"] for one in findings if one["subject"] == "audit_lines")
    assert "`menjin migrate --table audit_lines`" in advice
    ended = run_command(tmp_path, "migrate", "--table", "audit_lines")
    assert ended.returncode == 0, ended.stderr
    run(url, *(part for part in ended.stdout.split(";") if part.strip()))
    assert examine(tmp_path, url)[0] == 0
    assert run_command(tmp_path, "migrate", "--table", "nothing").returncode == 2
