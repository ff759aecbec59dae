"""The directory port: the account system the business already has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from menjin.values import Secret, parse_external_id


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody the directory knows.

    Attributes:
        external_id: The member's id there, 1 to 128 printable characters without blanks at the ends; it never changes
            hands.

    Raises:
        ValueError: The id has another shape.
    """

    external_id: str

    def __post_init__(self) -> None:
        parse_external_id(self.external_id)


@runtime_checkable
class FindsByPhone(Protocol):
    """A directory that knows its members' phone numbers too."""

    async def find_by_phone(self, phone_number: str) -> Member | None:
        """Return the member who has a number, or None.

        Args:
            phone_number: E.164, such as `+8613800138000`.

        Raises:
            StoreUnavailable: The directory cannot be asked.
        """
        ...


class Directory(Protocol):
    """Answers for the business's own accounts."""

    async def verify_password(self, username: str, password: Secret) -> Member | None:
        """Return the member, or None whether the name or the password is wrong.

        Raises:
            StoreUnavailable: The directory cannot be asked.
        """
        ...
