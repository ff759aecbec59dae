"""Vault keys: rotated while the service runs, and never silently missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from menjin import AesGcmVault, Database, Secret, new_vault_key, open_async_engine, open_engine, sql_stores
from menjin.adapters.sqlalchemy.resealing import Resealed, Resealing
from menjin.bridge import drive
from menjin.cli import _APP
from menjin.errors import ConfigurationError
from support.doors import Colour, Door, House, open_house
from wxsim import FIRST_APPID

INDEX_KEY = 1  # what phone numbers are found by: one sealed text a database
KEYS = {"k1": new_vault_key(), "k2": new_vault_key()}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A WeChat, a clock and parts; the door under test is opened beside it."""
    found = open_house("sync", "memory", tmp_path)
    yield found
    found.door.close()


def resealing_database(folder: Path) -> Database:
    """Return the house's database, for a reader beside the service."""
    return Database(open_engine(f"sqlite:///{folder / 'vault.db'}"))


def open_with(  # noqa: PLR0917 - a test's knobs
    house: House, folder: Path, colour: Colour, active: str, names: str, keys: Mapping[str, Secret] = KEYS
) -> tuple[Door, Resealing]:
    """Open the house's database with some of the keys."""
    vault = AesGcmVault(active, {name: keys[name] for name in names.split()})
    url = f"sqlite:///{folder / 'vault.db'}"
    database = Database(open_async_engine(url) if colour == "async" else open_engine(url))
    door = Door(replace(house.parts, stores=sql_stores(database, vault)), colour)
    reader = Resealing(resealing_database(folder), vault)
    return door, reader


def test_keys_rotate_while_people_log_in(tmp_path: Path, colour: Colour, house: House) -> None:
    """With the new key active, old texts still open; resealed, they open without the old key."""
    door, _ = open_with(house, tmp_path, colour, "k1", "k1")
    token = door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    tap = house.world.phone("ming").getPhoneNumber(tap=True)
    door.close()
    door, resealing = open_with(house, tmp_path, colour, "k2", "k1 k2")
    assert drive(resealing.count_by_key()) == {"k1": 1 + INDEX_KEY}
    number = door.open_phone(token, tap["encryptedData"], tap["iv"])
    assert drive(resealing.reseal()).done == 1 + INDEX_KEY
    assert drive(resealing.reseal()).done == 0
    assert drive(resealing.count_by_key()) == {"k2": 2 + INDEX_KEY}
    door.close()
    door, _ = open_with(house, tmp_path, colour, "k2", "k2")
    assert door.open_phone(token, tap["encryptedData"], tap["iv"]) == number
    again = house.world.phone("ming").getPhoneNumber(tap=True)
    assert door.open_phone(token, again["encryptedData"], again["iv"]) == number
    door.close()


def test_a_missing_key_is_refused_at_start(tmp_path: Path, colour: Colour, house: House) -> None:
    """Without the key that sealed what is kept, nothing starts, and the fault names it."""
    door, _ = open_with(house, tmp_path, colour, "k1", "k1")
    door.sign_in(FIRST_APPID, house.code())
    door.close()
    with pytest.raises(ConfigurationError, match="k1 is missing"):
        open_with(house, tmp_path, colour, "k2", "k2")


def test_a_key_of_other_bytes_is_refused_at_start(tmp_path: Path, colour: Colour, house: House) -> None:
    """Under the same name, it opens nothing: nothing starts, before and after a rotation, and no key is shown."""
    door, resealing = open_with(house, tmp_path, colour, "k1", "k1")
    door.sign_in(FIRST_APPID, house.code())
    door.close()
    drive(resealing.check())
    others = {"k1": new_vault_key(), "k2": KEYS["k2"]}
    for active in ("k1", "k2"):
        with pytest.raises(ConfigurationError, match="k1 does not open what it sealed") as caught:
            open_with(house, tmp_path, colour, active, "k1 k2", others)
        assert not [key for key in others.values() if key.reveal() in str(caught.value)]
    engine = open_engine(f"sqlite:///{tmp_path / 'vault.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM index_keys")
    engine.dispose()
    with pytest.raises(ConfigurationError, match="k1 does not open what it sealed"):  # by the session_keys alone
        drive(Resealing(resealing_database(tmp_path), AesGcmVault("k1", others)).check())


def test_an_index_key_alone_that_does_not_open_is_refused(tmp_path: Path, house: House) -> None:
    """No phone number would be found by it, whatever else opens."""
    door, resealing = open_with(house, tmp_path, "sync", "k1", "k1")
    door.sign_in(FIRST_APPID, house.code())
    door.close()
    engine = open_engine(f"sqlite:///{tmp_path / 'vault.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE index_keys SET sealed = 'k1.' || substr(sealed, 8)")
    engine.dispose()
    with pytest.raises(ConfigurationError, match="k1 does not open what it sealed"):
        drive(resealing.check())


def test_the_commands_tell_a_key_of_other_bytes(tmp_path: Path, house: House) -> None:
    """Doctor fails on it, `serve` and `keys rotate` end with 2, and nobody says that keys may leave."""
    door, _ = open_with(house, tmp_path, "sync", "k1", "k1")
    door.sign_in(FIRST_APPID, house.code())
    door.close()
    config = tmp_path / "menjin.toml"
    text = (
        f'[[apps]]\nappid = "{FIRST_APPID}"\napp_secret = "{"5e" * 16}"\n[vault]\nactive = "k2"\n'
        f'keys.k1 = "{{k1}}"\nkeys.k2 = "{KEYS["k2"].reveal()}"\n[database]\nurl = "sqlite:///{tmp_path}/vault.db"\n'
    )
    config.write_text(text.format(k1=new_vault_key().reveal()), "utf-8")
    for words, status in ((["serve"], 2), (["keys", "rotate"], 2), (["doctor"], 1)):
        result = CliRunner().invoke(_APP, [*words, "--config", str(config)])
        assert result.exit_code == status, (result.output, result.exception)
        assert "k1 does not open what it sealed; put the former bytes back 密钥与已封存数据不符" in result.output
        assert "may leave" not in result.output
    config.write_text(text.format(k1=KEYS["k1"].reveal()), "utf-8")
    assert CliRunner().invoke(_APP, ["doctor", "--config", str(config)]).exit_code == 0


def test_the_command(tmp_path: Path, house: House) -> None:
    """`menjin keys status` counts, `rotate` reseals, and neither prints a key."""
    door, _ = open_with(house, tmp_path, "sync", "k1", "k1")
    door.sign_in(FIRST_APPID, house.code())
    door.close()
    config = tmp_path / "menjin.toml"
    keys = "\n".join(f'{name} = "{key.reveal()}"' for name, key in KEYS.items())
    config.write_text(
        f'[vault]\nactive = "k2"\n[vault.keys]\n{keys}\n[database]\nurl = "sqlite:///{tmp_path}/vault.db"\n'
    )

    def run(command: str) -> str:
        argv = [sys.executable, "-m", "menjin.cli", "keys", command, "--config", str(config)]
        ran = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30)
        assert not [key for key in KEYS.values() if key.reveal() in ran.stdout + ran.stderr]
        return ran.stdout

    assert run("status") == "key\tsealed\tstate\nk1\t2\tin the ring\nk2\t0\tactive\n"
    assert "2 sealed anew with k2" in run("rotate")
    assert run("status") == "key\tsealed\tstate\nk1\t0\tin the ring\nk2\t2\tactive\n"


def test_a_malformed_ring_lists_every_fault() -> None:
    """Bad keys, bad ids and a missing active key are told at once."""
    with pytest.raises(ConfigurationError) as caught:
        AesGcmVault("k9", {"k1": Secret("short"), "bad id": new_vault_key()})
    assert len(caught.value.faults) == 3


def damage(folder: Path, where: str) -> None:
    """Change the session_keys of some people, as a disk might."""
    engine = open_engine(f"sqlite:///{folder / 'vault.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE keyrings SET current_sealed = substr(current_sealed, 1, 20) || 'AAAA' "  # noqa: S608 - our own words
            f"|| substr(current_sealed, 25) WHERE {where}"
        )
    engine.dispose()


def test_a_tampered_text_is_left_and_reported(tmp_path: Path, house: House) -> None:
    """One row that does not open does not stop the others from being sealed anew."""
    door, _ = open_with(house, tmp_path, "sync", "k1", "k1")
    for person in ("ming", "hong"):
        door.sign_in(FIRST_APPID, house.code(person))
    door.close()
    damage(tmp_path, "rowid = 1")
    door, resealing = open_with(house, tmp_path, "sync", "k2", "k1 k2")
    assert drive(resealing.reseal()) == Resealed(done=1 + INDEX_KEY, damaged=1)
    assert drive(resealing.reseal()) == Resealed(damaged=1)
    door.close()


def test_damaged_texts_do_not_hide_the_good_ones(tmp_path: Path, house: House) -> None:
    """However many that do not open come first, in batches of any size, all others are sealed anew, and told."""
    door, _ = open_with(house, tmp_path, "sync", "k1", "k1")
    for number in range(12):
        house.world.add_person(f"p{number}")
        door.sign_in(FIRST_APPID, house.code(f"p{number}"))
    door.close()
    damage(tmp_path, "openid IN (SELECT openid FROM keyrings ORDER BY openid LIMIT 5)")
    door, resealing = open_with(house, tmp_path, "sync", "k2", "k1 k2")
    told: list[int] = []
    assert drive(resealing.reseal(3, told.append)) == Resealed(done=7 + INDEX_KEY, damaged=5)
    assert told == [1, 4, 7, 7 + INDEX_KEY]
    assert drive(resealing.count_by_key()) == {"k1": 5, "k2": 7 + INDEX_KEY}
    door.close()


def test_the_command_lets_no_key_go_that_is_needed(tmp_path: Path, house: House) -> None:
    """While a text is left under an older key, `rotate` says so, in numbers, and ends with 1."""
    door, _ = open_with(house, tmp_path, "sync", "k1", "k1")
    for person in ("ming", "hong"):
        door.sign_in(FIRST_APPID, house.code(person))
    door.close()
    damage(tmp_path, "rowid = 1")
    config = tmp_path / "menjin.toml"
    keys = "\n".join(f'{name} = "{key.reveal()}"' for name, key in KEYS.items())
    url = f"sqlite:///{tmp_path}/vault.db"
    config.write_text(f'[vault]\nactive = "k2"\n[vault.keys]\n{keys}\n[database]\nurl = "{url}"\n')
    result = CliRunner().invoke(_APP, ["keys", "rotate", "--config", str(config)])
    assert result.exit_code == 1, result.output
    assert f"{1 + INDEX_KEY} sealed anew with k2; not all were" in result.output
    assert "1 do not open" in result.output
    assert "must stay in the ring, with what each sealed: k1 (1)." in result.output
    assert "may leave" not in result.output
    again = CliRunner().invoke(_APP, ["keys", "rotate", "--config", str(config)])
    assert (again.exit_code, "k1 (1)" in again.output) == (1, True)  # k1 is known to be the true one still
    door, _ = open_with(house, tmp_path, "sync", "k2", "k1 k2")
    door.close()
    damage_gone = open_engine(url)
    with damage_gone.begin() as connection:
        connection.exec_driver_sql("DELETE FROM keyrings WHERE rowid = 1")
    damage_gone.dispose()
    result = CliRunner().invoke(_APP, ["keys", "rotate", "--config", str(config)])
    assert (result.exit_code, "older keys may leave the ring" in result.output) == (0, True)


def watch(engine: sa.Engine) -> list[str]:
    """Return a list that will hold every statement."""
    told: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: told.append(statement))
    return told


def test_a_start_searches_nothing_while_every_key_is_there(tmp_path: Path, house: House) -> None:
    """It looks at one text a key; all are looked at when one has left the ring, once, or when somebody asks."""
    door, _ = open_with(house, tmp_path, "sync", "k1", "k1")
    door.sign_in(FIRST_APPID, house.code())
    door.close()
    engine = open_engine(f"sqlite:///{tmp_path / 'vault.db'}")
    told = watch(engine)

    def searches(active: str, names: str, *, whole: bool = False) -> bool:
        told.clear()
        vault = AesGcmVault(active, {name: KEYS[name] for name in names.split()})
        drive(Resealing(Database(engine), vault).check(whole=whole))
        return any("FROM keyrings" in one for one in told)

    assert not searches("k1", "k1")
    assert searches("k1", "k1", whole=True)
    assert [searches("k2", "k1 k2") for _ in range(2)] == [False, False]
    with pytest.raises(ConfigurationError, match="k1 is missing"):
        searches("k2", "k2")
    drive(Resealing(Database(engine), AesGcmVault("k2", KEYS)).reseal())
    assert [searches("k2", "k2") for _ in range(2)] == [True, False]
    engine.dispose()


@pytest.mark.parametrize("change", ["DELETE FROM vault_keys", "UPDATE vault_keys SET sealed = 'k1.AAAA'"])
def test_what_keys_are_known_by_may_be_lost(tmp_path: Path, house: House, change: str) -> None:
    """Then a few texts of each tell the true key from another, and it is known again."""
    door, resealing = open_with(house, tmp_path, "sync", "k1", "k1")
    door.sign_in(FIRST_APPID, house.code())
    door.close()
    engine = open_engine(f"sqlite:///{tmp_path / 'vault.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(change)
    other = Resealing(Database(engine), AesGcmVault("k1", {"k1": new_vault_key()}))
    with pytest.raises(ConfigurationError, match="k1 does not open what it sealed"):
        drive(other.check())
    drive(resealing.check())
    told = watch(engine)
    drive(Resealing(Database(engine), AesGcmVault("k1", {"k1": KEYS["k1"]})).check())
    assert not any("FROM keyrings" in one for one in told)
    engine.dispose()
