"""The kinds of open data: which keys each holds, of which type, and which belong to another kind.

A ciphertext of one kind must never be read as another, so a payload that names a key of another kind
is refused. Keys that WeChat may add later are let through. Source: W "open data" pages of each API.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

OpenDataKind = Literal["user_info", "phone", "werun", "share_info", "group_enter_info", "private_message"]
_MOST_STEPS = 62  # WeChat gives 31 days; room for it to give more


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    """Whether it is a whole number from 0 to what a time or a count may be; a moment of 400 digits is none."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 34


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{20,64}", value) is not None


def _is_country_code(value: object) -> bool:
    text = str(value) if _is_whole(value) else value
    return isinstance(text, str) and re.fullmatch(r"[1-9][0-9]{0,3}", text) is not None


def _is_subscriber_number(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9]{4,14}", value) is not None


def _is_steps(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _MOST_STEPS
        and all(
            isinstance(day, dict) and _is_count(day.get("timestamp")) and _is_count(day.get("step")) for day in value
        )
    )


def _always(_payload: Mapping[str, Any]) -> bool:
    return True


def _group_agrees(payload: Mapping[str, Any]) -> bool:
    """Whether the chat is named: a group, or a single chat."""
    return "opengid" in payload or "open_single_roomid" in payload


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
    "werun": Schema(required={"stepInfoList": _is_steps}, optional={}, agrees=_always),
    "share_info": Schema(required={"openGId": _is_id}, optional={}, agrees=_always),
    "group_enter_info": Schema(
        required={},
        optional={"opengid": _is_id, "open_single_roomid": _is_id, "group_openid": _is_id, "chat_type": _is_whole},
        agrees=_group_agrees,
    ),
    "private_message": Schema(required={"activityId": _is_text}, optional={}, agrees=_always),
}

_KEYS_BY_KIND = {kind: frozenset({*schema.required, *schema.optional}) for kind, schema in SCHEMAS.items()}


def meets_schema(kind: OpenDataKind, payload: Mapping[str, Any]) -> bool:
    """Whether `payload`, without its watermark, is one of `kind` and of no other kind."""
    schema = SCHEMAS[kind]
    foreign = frozenset[str]().union(*(keys for other, keys in _KEYS_BY_KIND.items() if other != kind))
    return (
        all(name in payload and fits(payload[name]) for name, fits in schema.required.items())
        and all(fits(payload[name]) for name, fits in schema.optional.items() if name in payload)
        and foreign.isdisjoint(payload)
        and schema.agrees(payload)
    )
