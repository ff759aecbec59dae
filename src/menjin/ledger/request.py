"""Which request a flow works for, known to it without being handed through every call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_SHAPE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_CURRENT: ContextVar[str | None] = ContextVar("menjin_request_id", default=None)


@contextmanager
def within_request(request_id: str) -> Iterator[None]:
    """Let everything done inside be of this request, in audit lines.

    Args:
        request_id: 1 to 64 characters of `A-Za-z0-9_.:-`.

    Raises:
        ValueError: It has another shape.
    """
    if not _SHAPE.fullmatch(request_id):
        raise ValueError("a request_id is 1 to 64 characters of A-Za-z0-9_.:-")
    token = _CURRENT.set(request_id)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current_request_id() -> str | None:
    """Return the id of the request this flow works for."""
    return _CURRENT.get()
