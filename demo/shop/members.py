"""The members the shop had before it had a mini program: the directory that menjin asks when somebody binds."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field


@dataclass(slots=True)
class Member:
    """One member.

    Attributes:
        name: The member's name, and the id menjin is told.
        phone: E.164, or "".
        password_hash: scrypt.
        nickname: As the member typed it.
        avatar: The picture's address, or "".
        orders: What was ordered, newest first.
    """

    name: str
    phone: str
    password_hash: bytes
    nickname: str = ""
    avatar: str = ""
    orders: list[dict[str, object]] = field(default_factory=list)


class Members:
    """All of them, in memory: the demo forgets them when it ends."""

    def __init__(self) -> None:
        self._salt = os.urandom(16)  # noqa: TID251 - a business has its own source of chance
        self._members: dict[str, Member] = {}

    def add(self, name: str, password: str, phone: str = "") -> None:
        """Enrol a member."""
        self._members[name] = Member(name, phone, self._hash(password))

    def get(self, name: str) -> Member | None:
        """Return a member by name."""
        return self._members.get(name)

    def verify(self, name: str, password: str) -> str | None:
        """Return the member's id if name and password fit; an unknown name costs as much work as a wrong password."""
        member, given = self._members.get(name), self._hash(password)
        known = member.password_hash if member else self._hash("")
        return name if hmac.compare_digest(given, known) and member else None

    def find_by_phone(self, phone: str) -> str | None:
        """Return the id of the member with this number."""
        return next((member.name for member in self._members.values() if member.phone == phone), None)

    def _hash(self, password: str) -> bytes:
        return hashlib.scrypt(password.encode(), salt=self._salt, n=2**12, r=8, p=1)
