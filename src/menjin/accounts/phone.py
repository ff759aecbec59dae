"""A phone number as accounts keep it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COUNTRY = re.compile(r"[1-9][0-9]{0,3}")
_NATIONAL = re.compile(r"[0-9]{4,14}")
_SHOWN_AT_THE_END = 4
_SHOWN_AT_LEAST = 2


@dataclass(frozen=True, slots=True)
class Phone:
    """A number somebody was verified to have: digits only, its country code apart.

    Attributes:
        country_code: Such as `86`.
        national_number: Such as `13800138000`.

    Raises:
        ValueError: The two do not make an E.164 number.
    """

    country_code: str
    national_number: str

    def __post_init__(self) -> None:
        if not _COUNTRY.fullmatch(self.country_code) or not _NATIONAL.fullmatch(self.national_number):
            raise ValueError("not a phone number")

    @property
    def e164(self) -> str:
        """The number as `+8613800138000`."""
        return f"+{self.country_code}{self.national_number}"

    @property
    def masked(self) -> str:
        """The number as it may be shown to its owner: `+86 138****8000`; of a short one less."""
        digits = self.national_number
        end = _SHOWN_AT_THE_END if len(digits) > 2 * _SHOWN_AT_THE_END else _SHOWN_AT_LEAST
        start = max(0, len(digits) - 4 - end)
        return f"+{self.country_code} {digits[:start]}****{digits[-end:]}"

    def to_text(self) -> str:
        """Return it as a store seals it."""
        return f"{self.country_code} {self.national_number}"

    def __repr__(self) -> str:
        return f"Phone('+{self.country_code}…{self.national_number[-2:]}')"


def parse_phone(text: str) -> Phone:
    """Return what `to_text` wrote.

    Raises:
        ValueError: It is nothing of the kind.
    """
    country_code, _, national_number = text.partition(" ")
    return Phone(country_code, national_number)
