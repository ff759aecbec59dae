"""A lost answer costs no second wx.login: the same sign-in with its Idempotency-Key gets the same answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from menjin import AsyncMenjin, TaskPause
from menjin.errors import AnswerUnreadable, LoginCodeInvalid, LoginCodeUsed
from support.clock import NoPause
from support.doors import House, open_house
from wxsim import FIRST_APPID, Fault

KEY = "k" * 22


def exchanges(house: House) -> int:
    """Return how many codes WeChat was asked for."""
    return sum(entry.path == "/sns/jscode2session" for entry in house.world.journal.entries)


def test_the_same_key_and_code_get_the_same_answer(house: House) -> None:
    """Token, session and is_new are the same; WeChat is asked once, and there is one session."""
    code = house.code()
    first = house.door.sign_in(FIRST_APPID, code, idempotency_key=KEY)
    again = house.door.sign_in(FIRST_APPID, code, idempotency_key=KEY)
    assert again.session_token == first.session_token
    assert again.session.session_id == first.session.session_id
    assert again.is_new
    assert exchanges(house) == 1
    assert len(house.door.list_sessions(first.session_token.reveal())[1]) == 1


def test_any_other_second_use_is_refused_without_asking_wechat(house: House) -> None:
    """No key, another key, or the key too late: login_code_used."""
    code = house.code()
    house.door.sign_in(FIRST_APPID, code, idempotency_key=KEY)
    for key in (None, "x" * 22):
        with pytest.raises(LoginCodeUsed):
            house.door.sign_in(FIRST_APPID, code, idempotency_key=key)
    house.advance(60)
    with pytest.raises(LoginCodeUsed):
        house.door.sign_in(FIRST_APPID, code, idempotency_key=KEY)
    assert exchanges(house) == 1


def test_a_key_after_a_first_use_without_one_is_refused_at_once(house: House) -> None:
    """Nothing was kept for whoever asked without a key, so there is nothing to wait for."""
    code = house.code()
    house.door.sign_in(FIRST_APPID, code)
    with pytest.raises(LoginCodeUsed):
        house.door.sign_in(FIRST_APPID, code, idempotency_key=KEY)
    assert isinstance(house.parts.pause, NoPause)
    assert house.parts.pause.lengths == []


def test_a_failed_first_try_is_told_at_once(house: House) -> None:
    """When the first presenter failed, the second is not left waiting; the code is spent."""
    code = house.code()
    house.world.fault(Fault(name="html", path="/sns/jscode2session"))
    with pytest.raises(AnswerUnreadable):
        house.door.sign_in(FIRST_APPID, code, idempotency_key=KEY)
    with pytest.raises(LoginCodeUsed):
        house.door.sign_in(FIRST_APPID, code, idempotency_key=KEY)
    assert isinstance(house.parts.pause, NoPause)
    assert house.parts.pause.lengths == []


def test_a_login_that_has_run_its_course_is_not_brought_back(house: House) -> None:
    """After sign-out or a rotation the kept answer is worth nothing: the code was used, log in anew."""
    for deed in (house.door.sign_out, house.door.rotate):
        code = house.code()
        deed(house.door.sign_in(FIRST_APPID, code, idempotency_key=KEY).session_token.reveal())
        with pytest.raises(LoginCodeUsed):
            house.door.sign_in(FIRST_APPID, code, idempotency_key=KEY)


def test_a_made_up_code_stays_invalid(house: House) -> None:
    """An unknown code is told so each time; nothing was spent."""
    for _ in range(2):
        with pytest.raises(LoginCodeInvalid):
            house.door.sign_in(FIRST_APPID, "f" * 32, idempotency_key=KEY)


def test_nothing_kept_reveals_the_token(tmp_path: Path) -> None:
    """The database holds neither the token, nor the code, nor the key."""
    house = open_house("sync", "sqlite", tmp_path)
    code = house.code()
    secrets = [house.door.sign_in(FIRST_APPID, code, idempotency_key=KEY).session_token.reveal(), code, KEY]
    house.door.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"sign_in_claims" in kept
    assert not [secret for secret in secrets if secret.encode() in kept]


def test_fifty_presenters_at_once_make_one_session(tmp_path: Path) -> None:
    """One exchange and one session, whoever comes first; with the key all get its token, without it one does."""
    house = open_house("async", "sqlite", tmp_path)
    try:
        code, other = house.code(), house.code()

        async def present() -> tuple[list[object], list[object]]:
            async with AsyncMenjin(replace(house.parts, pause=TaskPause())) as menjin:
                keyed = (menjin.sign_in(FIRST_APPID, code, idempotency_key=KEY) for _ in range(50))
                bare = (menjin.sign_in(FIRST_APPID, other) for _ in range(50))
                return (
                    list(await asyncio.gather(*keyed, return_exceptions=True)),
                    list(await asyncio.gather(*bare, return_exceptions=True)),
                )

        keyed, bare = asyncio.run(present())
        assert len({one.session_token.reveal() for one in keyed}) == 1  # type: ignore[attr-defined] # SignedIn, or this fails
        assert sorted(type(one).__name__ for one in bare) == ["LoginCodeUsed"] * 49 + ["SignedIn"]
        assert exchanges(house) == 2
    finally:
        house.door.close()
