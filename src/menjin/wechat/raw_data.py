"""rawData and its signature: user info in clear, vouched for by the session_key.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from menjin.errors import StaleSessionKey
from menjin.strict_json import read_object
from menjin.values import Secret
from menjin.wechat.open_data_kinds import meets_schema
from menjin.wechat.signature import verify_raw_data


def open_raw_data(raw_data: str, signature: str, session_key: Secret) -> Mapping[str, Any]:
    """Return the user info of `raw_data`.

    Args:
        raw_data: As received, byte for byte.
        signature: 40 hex digits.
        session_key: WeChat's key of the session's person.

    Raises:
        StaleSessionKey: The signature is not this key's, or the text is no user info; which, is not said.
    """
    try:
        verified = verify_raw_data(raw_data, signature, session_key)
        payload = read_object(raw_data.encode())
    except ValueError:  # a lone surrogate in either text is one as well
        verified, payload = False, {}
    if not (verified and meets_schema("user_info", payload) and "openId" not in payload):
        raise StaleSessionKey
    return payload
