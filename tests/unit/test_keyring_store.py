"""The keyring store port, on every adapter in both colours; and what SQL keeps of a key."""

from __future__ import annotations

import logging
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from menjin import AesGcmVault, Database, Secret, new_vault_key, open_engine
from menjin.adapters.sqlalchemy.keyrings import SqlKeyrings
from menjin.bridge import drive
from menjin.session_keys import rules
from menjin.session_keys.model import HeldKey, Keyring
from menjin.session_keys.store import KeyringStore
from menjin.values import AppId, OpenId
from support.clock import START
from support.shop import Shop

WX, OPENID = AppId("wxde30000000000001"), OpenId("oGZUI0egBJY1zhBYw2KhdUfwVJJE")
FULL = Keyring(
    HeldKey(Secret("current-canary"), START + timedelta(microseconds=7)),
    HeldKey(Secret("previous-canary"), START),
    START + timedelta(minutes=10),
)


def test_a_ring_comes_back_as_it_was(shop: Shop) -> None:
    """With and without a key before; each (appid, openid) its own, to the letter."""
    store = shop.stores.keyrings
    assert shop.run(store.find(WX, OPENID)) is None
    alone = Keyring(HeldKey(Secret("k"), START))
    for ring in (FULL, alone, FULL):
        shop.run(store.change(WX, OPENID, lambda _, ring=ring: ring))  # type: ignore[misc]  # bound in the loop
        assert shop.run(store.find(WX, OPENID)) == ring
    for appid, openid in ((WX, OPENID.lower()), (WX, OPENID + " "), (AppId("wxde30000000000002"), OPENID)):
        assert shop.run(store.find(appid, OpenId(openid))) is None


def test_a_rule_sees_what_is_there_and_its_error_changes_nothing(shop: Shop) -> None:
    """The rule gets the ring, or None; if it raises, the ring stays."""
    store = shop.stores.keyrings
    seen: list[Keyring | None] = []

    def note(ring: Keyring | None) -> Keyring:
        seen.append(ring)
        return FULL

    def fail(ring: Keyring | None) -> Keyring:
        raise KeyError(str(ring is None))

    for _ in range(2):
        shop.run(store.change(WX, OPENID, note))
    assert seen == [None, FULL]
    with pytest.raises(KeyError):
        shop.run(store.change(WX, OPENID, fail))
    assert shop.run(store.find(WX, OPENID)) == FULL


def test_answers_at_once_leave_the_latest_begun_key(shop: Shop) -> None:
    """Twelve exchanges take their keys in at once, in any order: the last begun is current, the one before it kept."""
    store = shop.stores.keyrings

    def take(number: int) -> HeldKey:
        return HeldKey(Secret(f"key{number}"), START + timedelta(seconds=number * 7 % 12))

    shop.run_at_once(lambda number: store.change(WX, OPENID, lambda ring: rules.accept(ring, take(number), START)), 12)
    ring = shop.run(store.find(WX, OPENID))
    assert ring is not None
    assert ring.current.began_at == START + timedelta(seconds=11)
    assert ring.previous is not None
    assert ring.previous.began_at == START + timedelta(seconds=10)


def sql_store(folder: Path, vault: AesGcmVault) -> tuple[KeyringStore, Database]:
    """Return a store on a file."""
    database = Database(open_engine(f"sqlite:///{folder / 'keys.db'}"))
    drive(database.create_schema())
    return SqlKeyrings(database, vault), database


def test_sql_keeps_no_key_in_clear(tmp_path: Path) -> None:
    """Neither in the file nor in its log; with the vault's key gone the ring counts as none, and is reported."""
    store, database = sql_store(tmp_path, AesGcmVault("k1", {"k1": new_vault_key()}))
    drive(store.change(WX, OPENID, lambda _: FULL))
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert OPENID.encode() in kept
    assert b"canary" not in kept
    drive(database.close())


def test_a_sealed_key_moved_to_another_row_does_not_open(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Copied to another person, another slot or another number, it counts as none; the log says so without it."""
    store, database = sql_store(tmp_path, AesGcmVault("k1", {"k1": new_vault_key()}))
    thief = OpenId("o" * 28)
    for openid in (OPENID, thief):
        drive(store.change(WX, openid, lambda _: FULL))
    moves = [
        f"UPDATE keyrings SET current_sealed = (SELECT current_sealed FROM keyrings WHERE openid = '{OPENID}')",  # noqa: S608 - a constant
        "UPDATE keyrings SET current_sealed = previous_sealed",
        "UPDATE keyrings SET current_began_at = current_began_at + 1",
        "UPDATE keyrings SET current_sealed = 'k9' || substr(current_sealed, 3)",
        "UPDATE keyrings SET current_sealed = ''",
    ]
    for move in moves:
        drive(store.change(WX, thief, lambda _: FULL))
        assert drive(store.find(WX, thief)) == FULL
        with sqlite3.connect(tmp_path / "keys.db") as connection:
            connection.execute(f"{move} WHERE openid = '{thief}'")
        connection.close()
        assert drive(store.find(WX, thief)) is None
        assert drive(store.find(WX, OPENID)) == FULL
    drive(database.close())
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) >= len(moves)
    assert "canary" not in caplog.text
