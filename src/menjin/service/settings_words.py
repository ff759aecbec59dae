"""What is wrong with a value of the configuration, in Chinese; pydantic says it in English only."""

from __future__ import annotations

_UNUSABLE = "不可用"
_RANGE = "超出允许范围"
_LENGTH = "长度不对"
_WORDS = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这个设置项",
    "string_pattern_mismatch": "格式不对",
    "literal_error": "不是可选的值",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "string_type": "应为字符串",
    "list_type": "应为列表",
    "dict_type": "应为一个表",
    "model_type": "应为一个表",
    "greater_than": _RANGE,
    "greater_than_equal": _RANGE,
    "less_than": _RANGE,
    "less_than_equal": _RANGE,
    "string_too_short": _LENGTH,
    "string_too_long": _LENGTH,
    "too_short": _LENGTH,
    "too_long": _LENGTH,
}


def describe(kind: str, message: str) -> str:
    """Return what pydantic says, and the same in Chinese.

    Args:
        kind: Of pydantic's error.
        message: Its words; those of our own validators are in both languages already.
    """
    told = message.removeprefix("Value error, ")
    return told if not told.isascii() else f"{told} {_WORDS.get(kind, _UNUSABLE)}"


def describe_error(error: Exception) -> str:
    """Return what an error says; those of our own are in both languages already."""
    told = f"{type(error).__name__}: {error}"
    return told if not told.isascii() else f"{told} {_UNUSABLE}"
