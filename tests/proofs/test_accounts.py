"""`scripts/soak first-logins`, `one-phone` and `victim-ids`, scaled down."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from soak import first_logins, one_phone, victim_ids
from support.fleet import Zygote
from support.servers import MariaDbServer, PostgresServer


def test_first_logins_on_sqlite(zygote: Zygote) -> None:
    """100 at once over four processes make one account, and none fails; three times."""
    verdict = asyncio.run(first_logins.prove(zygote, rounds=3))
    assert verdict.violations == []
    assert verdict.seen["201"] == 300


@pytest.mark.servers
def test_first_logins_on_postgres(zygote: Zygote, postgres_server: PostgresServer) -> None:
    """The same on PostgreSQL."""
    url = postgres_server.fresh_database()
    verdict = asyncio.run(first_logins.prove(zygote, rounds=3, database=url))
    assert verdict.violations == []


@pytest.mark.servers
def test_first_logins_on_mariadb(zygote: Zygote, mariadb_server: MariaDbServer) -> None:
    """The same on MariaDB."""
    url = mariadb_server.fresh_database()
    verdict = asyncio.run(first_logins.prove(zygote, rounds=3, database=url))
    assert verdict.violations == []


def test_control_first_logins_without_a_transaction(zygote: Zygote) -> None:
    """CONTROL: a build that does each step of a login by itself makes several accounts of one person."""
    verdict = asyncio.run(first_logins.prove(zygote, rounds=5, at_once=20, build="steps_apart"))
    assert verdict.violations != []


@pytest.mark.servers
def test_one_phone_on_mariadb(zygote: Zygote, mariadb_server: MariaDbServer) -> None:
    """A hundred people, one number, four processes: one has it, ninety-nine are a conflict."""
    url = mariadb_server.fresh_database()
    verdict = asyncio.run(one_phone.prove(zygote, rounds=1, database=url))
    assert verdict.violations == []
    assert verdict.seen["409 binding_conflict"] == 99


@pytest.mark.servers
def test_one_phone_on_postgres(zygote: Zygote, postgres_server: PostgresServer) -> None:
    """Thirty people on PostgreSQL."""
    verdict = asyncio.run(one_phone.prove(zygote, rounds=1, people=30, database=postgres_server.fresh_database()))
    assert verdict.violations == []
    assert verdict.seen["409 binding_conflict"] == 29


def test_one_phone_on_sqlite(zygote: Zygote) -> None:
    """The same on SQLite."""
    verdict = asyncio.run(one_phone.prove(zygote, rounds=1))
    assert verdict.violations == []


def test_control_one_phone_without_a_unique_number(zygote: Zygote) -> None:
    """CONTROL: a build that takes every number for free gives one to several people."""
    verdict = asyncio.run(one_phone.prove(zygote, rounds=1, people=30, processes=2, build="numbers_free"))
    assert verdict.violations != []


def test_a_victims_ids_are_nobodys_proof(tmp_path: Path) -> None:
    """700 requests with a victim's ids in path, query, body and headers: none is taken for the victim."""
    verdict = victim_ids.prove(tmp_path, 700)
    assert verdict.violations == []
    assert verdict.seen["answered 200"] + verdict.seen["answered 201"] > 50


def test_control_a_believed_header_is_found_out(tmp_path: Path) -> None:
    """CONTROL: an app that takes X-WX-OPENID for the person is found out."""
    assert victim_ids.prove(tmp_path, 300, broken=True).violations != []
