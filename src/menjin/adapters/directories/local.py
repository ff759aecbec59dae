"""A directory of menjin's own: the table `members`, passwords as argon2id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from menjin.accounts.directory import Member
from menjin.adapters.directories.names import read_password, read_phone, read_username, to_member
from menjin.adapters.directories.schemes import Hasher, Schemes
from menjin.adapters.directories.verifying import Verifier
from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.tables import MEMBERS
from menjin.clock import Clock, SystemClock, SystemRandomness, to_micros
from menjin.errors import Fault, NotFound, RequestInvalid
from menjin.values import Secret, parse_external_id


@dataclass(frozen=True, slots=True)
class ListedMember:
    """A row, without its hash."""

    username: str
    external_id: str
    has_phone: bool


class LocalDirectory:
    """Keeps members in the database of the accounts. `menjin directory add` puts one in.

    Args:
        database: The one menjin's other tables are in.
        clock: For when a password was changed.
        hasher: By default argon2id.
    """

    def __init__(self, database: Database, clock: Clock | None = None, hasher: Hasher | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._verifier = Verifier(hasher or Schemes(SystemRandomness()), blocking=database.works_without_loop)
        self.works_without_loop = database.works_without_loop

    async def verify_password(self, username: str, password: Secret) -> Member | None:
        """Return the member, or None; an unknown name costs the same work as a wrong password.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        row = await self._find(username)
        right = await self._verifier.is_right(row.password_hash if row else None, read_password(password.reveal()))
        return to_member(row.external_id) if right and row is not None else None

    async def find_by_phone(self, phone_number: str) -> Member | None:
        """Return the member who has a number, or None.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        number = read_phone(phone_number)
        if number is None:
            return None
        async with self._database.reading() as work:
            row = await work.first(sa.select(MEMBERS.c.external_id).where(MEMBERS.c.phone_number == number))
        return to_member(row.external_id) if row is not None else None

    async def add(
        self, username: str, password: Secret, external_id: str | None = None, phone_number: str | None = None
    ) -> None:
        """Put a member in.

        Args:
            username: What they type.
            password: The same.
            external_id: Their id, for ever; by default the username.
            phone_number: E.164.

        Raises:
            RequestInvalid: Something has an impossible shape, or is taken.
            StoreUnavailable: Nothing was kept.
        """
        name, number = _need_username(username), _need_phone(phone_number)
        values = {
            "username": name,
            "external_id": _need_external_id(external_id or name),
            "password_hash": await self._verifier.hash(_need_password(password)),
            "phone_number": number,
            "changed_at": to_micros(self._clock.now()),
        }
        async with self._database.transaction() as work:
            if not await work.try_run(sa.insert(MEMBERS).values(**values)):
                raise RequestInvalid(Fault("username", "the name, its id or its phone number is taken"))

    async def change_password(self, username: str, password: Secret) -> None:
        """Give a member another password.

        Raises:
            NotFound: Nobody has this name.
            RequestInvalid: The password has an impossible shape.
            StoreUnavailable: Nothing was changed.
        """
        if await self._find(username) is None:
            raise NotFound
        values = {
            "password_hash": await self._verifier.hash(_need_password(password)),
            "changed_at": to_micros(self._clock.now()),
        }
        async with self._database.transaction() as work:
            await work.run(sa.update(MEMBERS).where(MEMBERS.c.username == read_username(username)).values(**values))

    async def list_members(self) -> tuple[ListedMember, ...]:
        """Return all, by name.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        query = sa.select(MEMBERS.c.username, MEMBERS.c.external_id, MEMBERS.c.phone_number).order_by(
            MEMBERS.c.username
        )
        async with self._database.reading() as work:
            return tuple(
                ListedMember(row.username, row.external_id, row.phone_number is not None)
                for row in await work.run(query)
            )

    async def close(self) -> None:
        """End what `verify_password` started; the database is whose it was."""
        self._verifier.close()

    async def _find(self, username: str) -> sa.Row[Any] | None:
        name = read_username(username)
        async with self._database.reading() as work:
            # An impossible name is looked up as well: not asking would be quicker.
            row = await work.first(sa.select(MEMBERS).where(MEMBERS.c.username == (name or "")))
        return row if row is not None and name is not None and row.username == name else None


def _need_username(text: str) -> str:
    name = read_username(text)
    if name is None:
        raise RequestInvalid(Fault("username", "1 to 128 printable characters, no blanks at its ends"))
    return name


def _need_external_id(text: str) -> str:
    try:
        return parse_external_id(text)
    except ValueError as error:
        raise RequestInvalid(Fault("external_id", str(error))) from None


def _need_password(password: Secret) -> bytes:
    read = read_password(password.reveal())
    if read is None:
        raise RequestInvalid(Fault("password", "1 to 1024 bytes of text"))
    return read


def _need_phone(text: str | None) -> str | None:
    if text is not None and read_phone(text) is None:
        raise RequestInvalid(Fault("phone_number", "is not like +8613800138000"))
    return text
