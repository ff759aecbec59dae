"""A payload that met its kind's schema, as a typed value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from menjin.login.results import (
    DaySteps,
    GroupEnterInfo,
    OpenDataValue,
    OpenedData,
    PrivateMessage,
    ShareInfo,
    UserInfo,
    WeRun,
)
from menjin.wechat.open_data_kinds import OpenDataKind

_NOT_FOR_CLIENTS = frozenset({"openId", "unionId", "watermark"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_opened(kind: OpenDataKind, payload: Mapping[str, Any]) -> OpenedData:
    """Return what a client may see of a payload.

    Args:
        kind: Any but `phone`, which has a door of its own.
        payload: As it met the kind's schema.
    """
    data = {name: value for name, value in payload.items() if name not in _NOT_FOR_CLIENTS}
    return OpenedData(data, _READERS[kind](data))


def _to_user_info(data: Mapping[str, Any]) -> UserInfo:
    return UserInfo(
        nick_name=data["nickName"],
        avatar_url=data["avatarUrl"],
        gender=data["gender"],
        city=data["city"],
        province=data["province"],
        country=data["country"],
    )


def _to_werun(data: Mapping[str, Any]) -> WeRun:
    days = (DaySteps(_EPOCH + timedelta(seconds=day["timestamp"]), day["step"]) for day in data["stepInfoList"])
    return WeRun(tuple(days))


def _to_group(data: Mapping[str, Any]) -> GroupEnterInfo:
    names = ("opengid", "open_single_roomid", "group_openid", "chat_type")
    return GroupEnterInfo(*(data.get(name) for name in names))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], OpenDataValue]] = {
    "user_info": _to_user_info,
    "werun": _to_werun,
    "share_info": lambda data: ShareInfo(data["openGId"]),
    "group_enter_info": _to_group,
    "private_message": lambda data: PrivateMessage(data["activityId"]),
}
