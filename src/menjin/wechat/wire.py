"""How WeChat's answers are read: by content, not by status or content type.

Errors come with HTTP 200 and an errcode; success is errcode 0, absent, or the text "0".
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from menjin.errors import AnswerUnreadable, ConnectFailed
from menjin.strict_json import read_object
from menjin.wechat.errcodes import to_error
from menjin.wechat.ports import HttpResponse

_ERRMSG_LIMIT = 500


def read_answer(response: HttpResponse) -> dict[str, Any]:
    """Return the JSON object of an answer.

    Raises:
        ConnectFailed: A 5xx without such an object: a gateway on the way, not WeChat.
        AnswerUnreadable: Anything else that is no JSON object.
    """
    try:
        return read_object(response.body)
    except ValueError:
        pass
    if response.status >= 500:  # noqa: PLR2004 - HTTP's server errors
        raise ConnectFailed
    raise AnswerUnreadable


def read_errcode(answer: dict[str, Any]) -> tuple[int, str]:
    """Return errcode and errmsg; (0, …) where there is none.

    Raises:
        AnswerUnreadable: errcode is neither a whole number nor the text of one.
    """
    raw = answer.get("errcode", 0)
    if isinstance(raw, str) and re.fullmatch(r"-?[0-9]{1,12}", raw):
        raw = int(raw)
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise AnswerUnreadable
    errmsg = answer.get("errmsg", "")
    return raw, errmsg[:_ERRMSG_LIMIT] if isinstance(errmsg, str) else ""


def read_success(response: HttpResponse, now: datetime) -> dict[str, Any]:
    """Return the answer of a call that needs no errcode of its own.

    Raises:
        WeChatError: Any errcode but 0.
        TransportError: The answer cannot be read.
    """
    answer = read_answer(response)
    errcode, errmsg = read_errcode(answer)
    if errcode:
        raise to_error(errcode, errmsg, now)
    return answer
