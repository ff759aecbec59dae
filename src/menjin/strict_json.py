"""JSON as it should be: one object, strict UTF-8, no name twice, no NaN, no lone surrogate, bounded depth."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_no_constant, parse_float=_finite)


def read_object(data: bytes) -> dict[str, Any]:
    r"""Return the JSON object that `data` holds.

    Raises:
        ValueError: It is not UTF-8, not JSON, not an object, names something twice, holds NaN or Infinity,
            a number too long to be one, a `\ud800`-like half of a character, or nests too deep.
    """
    try:
        text = data.decode("utf-8")
        found = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(found, ensure_ascii=False).encode("utf-8")  # refuses lone surrogates
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one error for every kind of bad text
    return found
