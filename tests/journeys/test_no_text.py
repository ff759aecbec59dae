"""The library called with something that is no text, as who hands on a client's JSON unlooked-at does."""

from __future__ import annotations

from typing import Any

import pytest

from menjin.errors import (
    LoginCodeInvalid,
    OpenDataInvalid,
    PhoneCodeInvalid,
    RequestInvalid,
    SessionInvalid,
)
from support.doors import House
from wxsim import FIRST_APPID


@pytest.mark.parametrize("odd", [3, None, True, b"bytes", ["a"], {"a": 1}])
def test_what_is_no_text_is_refused_as_any_other_wrong_one(house: House, odd: Any) -> None:  # noqa: ANN401 - that is the test
    """With the error of that argument, never a TypeError; and the session goes on."""
    token = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()
    door = house.door
    for deed, arguments, error in (
        ("sign_in", (FIRST_APPID, odd), LoginCodeInvalid),
        ("sign_in", (odd, house.code()), RequestInvalid),
        ("authenticate", (odd,), SessionInvalid),
        ("rotate", (odd,), SessionInvalid),
        ("sign_out", (odd,), SessionInvalid),
        ("phone_by_code", (token, odd), PhoneCodeInvalid),
        ("step_up_by_login_code", (token, odd), LoginCodeInvalid),
        ("open_phone", (token, odd, odd), OpenDataInvalid),
    ):
        with pytest.raises(error):
            getattr(door, deed)(*arguments)
    assert door.authenticate(token).account is not None
