"""How WeChat writes a phone number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wxsim.models import PhoneNumber
    from wxsim.settings import Settings

HOME = "86"


def phone_fields(phone: PhoneNumber, settings: Settings) -> dict[str, object]:
    """Return the three fields of a number; only a foreign one shows its code twice."""
    code, number = phone.country_code, phone.number
    full = number if code == HOME else settings.foreign_phone_format.format(cc=code, number=number)
    return {
        "phoneNumber": full,
        "purePhoneNumber": number,
        "countryCode": int(code) if settings.country_code_as_number else code,
    }
