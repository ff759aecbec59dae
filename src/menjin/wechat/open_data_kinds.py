"""The kinds of open data: which keys each holds, of which type, and which belong to another kind.

A ciphertext of one kind must never be read as another, so a payload that names a key of another kind
is refused. Keys that WeChat may add later are let through. Source: W "open data" pages of each API.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

OpenDataKind = Literal["user_info", "phone"]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{20,64}", value) is not None


def _is_country_code(value: object) -> bool:
    text = str(value) if _is_whole(value) else value
    return isinstance(text, str) and re.fullmatch(r"[1-9][0-9]{0,3}", text) is not None


def _is_subscriber_number(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9]{4,14}", value) is not None


def _phone_agrees(payload: Mapping[str, Any]) -> bool:
    """Whether phoneNumber is purePhoneNumber, with the countryCode before it or without."""
    written = payload["phoneNumber"]
    country, number = str(payload["countryCode"]), payload["purePhoneNumber"]
    if not re.fullmatch(r"\+?[0-9]+(?:[ -][0-9]+)*", written):
        return False
    digits = re.sub(r"[^0-9]", "", written)
    bare = digits == number and not written.startswith("+")
    return bare or digits == country + number


def _user_info_agrees(payload: Mapping[str, Any]) -> bool:
    """Whether a unionId, if there, stands beside an openId; without one it says nothing of anybody."""
    return "openId" in payload or "unionId" not in payload


@dataclass(frozen=True, slots=True)
class Schema:
    """The shape of one kind: what must be there, what may, and what must agree."""

    required: Mapping[str, Callable[[object], bool]]
    optional: Mapping[str, Callable[[object], bool]]
    agrees: Callable[[Mapping[str, Any]], bool]


SCHEMAS: Mapping[OpenDataKind, Schema] = {
    "user_info": Schema(
        required={
            "nickName": _is_text,
            "gender": _is_whole,
            "city": _is_text,
            "province": _is_text,
            "country": _is_text,
            "avatarUrl": _is_text,
        },
        optional={"openId": _is_id, "unionId": _is_id, "language": _is_text, "is_demote": _is_flag},
        agrees=_user_info_agrees,
    ),
    "phone": Schema(
        required={
            "phoneNumber": _is_text,
            "purePhoneNumber": _is_subscriber_number,
            "countryCode": _is_country_code,
        },
        optional={},
        agrees=_phone_agrees,
    ),
}

# Keys of kinds that have no schema here yet; they must not pass for an addition to another kind.
_FURTHER_KEYS = frozenset({"openGId", "opengid", "open_single_roomid", "group_openid", "stepInfoList", "activityId"})
_KEYS_BY_KIND = {kind: frozenset({*schema.required, *schema.optional}) for kind, schema in SCHEMAS.items()}


def meets_schema(kind: OpenDataKind, payload: Mapping[str, Any]) -> bool:
    """Whether `payload`, without its watermark, is one of `kind` and of no other kind."""
    schema = SCHEMAS[kind]
    foreign = _FURTHER_KEYS.union(*(keys for other, keys in _KEYS_BY_KIND.items() if other != kind))
    return (
        all(name in payload and fits(payload[name]) for name, fits in schema.required.items())
        and all(fits(payload[name]) for name, fits in schema.optional.items() if name in payload)
        and foreign.isdisjoint(payload)
        and schema.agrees(payload)
    )
