"""A store that cannot be asked: 503, never 401, and all is well when it is back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import sqlalchemy as sa

from menjin import AesGcmVault, Database, open_async_engine, sql_stores
from support.doors import VAULT_KEY
from support.serving import Client, Service, serve_menjin

TABLES = ("sessions", "keyrings", "identities")


def check_unavailable(reply: httpx2.Response) -> None:
    """Fail unless the reply is 503 store_unavailable."""
    assert (reply.status_code, reply.json()["code"]) == (503, "store_unavailable")


@contextmanager
def tables_gone(service: Service) -> Iterator[None]:
    """The tables are away, as while somebody restores a backup."""
    with closing(sqlite3.connect(service.database, isolation_level=None)) as database:
        database.execute("PRAGMA legacy_alter_table = ON")
        for name in TABLES:
            database.execute(f"ALTER TABLE {name} RENAME TO away_{name}")
        yield
        for name in TABLES:
            database.execute(f"ALTER TABLE away_{name} RENAME TO {name}")


def ask_everything(service: Service, client: Client) -> list[httpx2.Response]:
    """Knock at every door that needs the store."""
    event = service.world.phone("ming").getPhoneNumber(tap=True)
    return [
        client.who(),
        client.phone(event),
        client.bind("ming", "whatever"),
        client.call("DELETE", "/v1/session"),
        client.sign_in(service.code()),
    ]


def test_without_its_tables_every_door_is_503_and_comes_back(service: Service) -> None:
    """Nothing can be read: every door is 503, so is /readyz; /healthz is 200. Back again, the session still lives."""
    client = service.signed_in()
    with tables_gone(service):
        for reply in ask_everything(service, client):
            check_unavailable(reply)
        check_unavailable(client.call("GET", "/readyz"))
        assert client.call("GET", "/healthz").status_code == 200
    assert client.who().status_code == 200
    assert client.call("GET", "/readyz").status_code == 200
    assert client.sign_in(service.code()).status_code == 201


def test_a_failed_login_says_login(service: Service) -> None:
    """The code is spent at WeChat, so the cure is a fresh one: action login, not retry."""
    with tables_gone(service):
        assert service.client().sign_in(service.code()).json()["action"] == "login"


def test_a_locked_database_still_answers_who(service: Service) -> None:
    """Another process holds the write lock: who reads on, a login is 503 after a bounded wait, and works afterwards."""
    client = service.signed_in()
    with closing(sqlite3.connect(service.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert client.who().status_code == 200
        reply = service.client().sign_in(service.code())
        check_unavailable(reply)
        assert reply.elapsed.total_seconds() < 4
        other.execute("ROLLBACK")
    assert client.sign_in(service.code()).status_code == 201


@dataclass
class Disk:
    """How many pages the database may have.

    Attributes:
        pages: Of 4 KiB; fewer than there are means full.
    """

    pages: int = 2**20


def test_a_full_disk_is_503_for_writers_only(tmp_path: Path) -> None:
    """No page left: logins and sign-outs of size are 503, who still reads; with room again they work."""
    disk, engine = Disk(), open_async_engine(f"sqlite:///{tmp_path / 'full.db'}")

    @sa.event.listens_for(engine.sync_engine, "begin")
    def limit(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={disk.pages}")

    stores = sql_stores(Database(engine), AesGcmVault("k1", {"k1": VAULT_KEY}))
    with serve_menjin(tmp_path, stores=stores) as service:
        client = service.signed_in()
        disk.pages = 1
        logins = (service.client().sign_in(service.code()) for _ in range(60))
        check_unavailable(next(reply for reply in logins if reply.status_code != 201))
        assert client.who().status_code == 200
        disk.pages = 2**20
        assert client.sign_in(service.code()).status_code == 201
