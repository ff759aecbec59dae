"""The directory port's adapters."""

from __future__ import annotations

import asyncio

import pytest

from menjin import CallableDirectory, MemoryDirectory, Secret
from menjin.accounts.directory import Directory, Member
from menjin.bridge import drive
from menjin.errors import StoreUnavailable
from support.clock import CountedRandomness

TABLE = {"ming": "ming's password", "nobody-yet": "", "hóng": "密码"}


def ask(directory: Directory, username: str, password: str) -> Member | None:
    """Ask in both colours; both must say the same."""
    found = drive(directory.verify_password(username, Secret(password)))
    assert asyncio.run(_ask(directory, username, password)) == found
    return found


async def _ask(directory: Directory, username: str, password: str) -> Member | None:
    return await directory.verify_password(username, Secret(password))


def test_a_table_knows_its_members_and_nobody_else() -> None:
    """Names and passwords count to the letter; an unknown name is as wrong as a wrong password, the empty one too."""
    directory = MemoryDirectory(TABLE)
    for name, password in TABLE.items():
        assert ask(directory, name, password) == Member(name)
    wrong = [("ming", ""), ("ming", "MING'S PASSWORD"), ("Ming", TABLE["ming"]), ("ming ", TABLE["ming"])]
    wrong += [("nobody", ""), ("", ""), ("nobody", TABLE["ming"]), ("ming", TABLE["ming"] + " ")]
    for name, password in wrong:
        assert ask(directory, name, password) is None


def test_a_table_keeps_no_password() -> None:
    """Only salted hashes: two tables of the same members hold different ones."""
    one, other = MemoryDirectory(TABLE), MemoryDirectory(TABLE)
    assert "ming's password" not in repr(vars(one))
    assert one._hashes["ming"] != other._hashes["ming"]
    assert MemoryDirectory(TABLE, CountedRandomness())._salt == CountedRandomness().random_bytes(16)


def test_a_function_of_the_business_is_asked() -> None:
    """It gets the texts themselves; None is nobody; its errors pass as they are."""
    seen: list[tuple[str, str]] = []

    def verify(username: str, password: str) -> str | None:
        seen.append((username, password))
        if username == "down":
            raise StoreUnavailable
        return f"id-{username}" if password == "right" else None

    directory = CallableDirectory(verify)
    assert ask(directory, "ming", "right") == Member("id-ming")
    assert ask(directory, "ming", "wrong") is None
    assert seen[0] == ("ming", "right")
    with pytest.raises(StoreUnavailable):
        ask(directory, "down", "right")


def test_an_async_function_is_awaited() -> None:
    """Under an event loop a function may await; a sync caller is told that it cannot."""

    async def verify(username: str, password: str) -> str | None:
        await asyncio.sleep(0)
        return username if password == "right" else None

    directory = CallableDirectory(verify)
    assert asyncio.run(_ask(directory, "ming", "right")) == Member("ming")
    assert asyncio.run(_ask(directory, "ming", "wrong")) is None
