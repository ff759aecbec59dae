"""wafer and wafer2: clients of their protocols against our middlewares."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

import wxsim
from menjin.integrations.legacy import Wafer, Wafer2
from support.doors import Storage
from support.legacy import MAGIC, DownStore, Legacy, call, open_legacy
from support.legacy_clients import ClientFailedError, Wafer2Client, WaferClient


def login_headers(legacy: Legacy, person: str = "ming") -> dict[str, str]:
    """Return what a login carries."""
    code = legacy.code(person)
    found = legacy.profile(person)
    return {"X-WX-Code": code, "X-WX-Encrypted-Data": found["encryptedData"], "X-WX-IV": found["iv"]}


def test_a_wafer_client_logs_in_and_is_known(storage: Storage, tmp_path: Path) -> None:
    """One login for several requests; the app finds the decrypted user info with the session's openId."""

    async def story() -> None:
        async with open_legacy(storage, tmp_path) as legacy:
            client = WaferClient(legacy.mount(Wafer), legacy.world.phone("ming"))
            found = [(await client.request("/me", login=True)).json() for _ in range(3)]
            assert client.logins == 1
            assert client.session
            assert {answer["session_id"] for answer in found} == {client.session["id"]}
            assert found[0]["wx"]["nickName"] == legacy.profile()["userInfo"]["nickName"]
            assert found[0]["wx"]["openId"]
            assert "watermark" not in found[0]["wx"]

    asyncio.run(story())


def test_a_wafer_client_repeats_once_after_an_invalid_session(storage: Storage, tmp_path: Path) -> None:
    """Idle for a week: ERR_INVALID_SESSION, one login, the same request again."""

    async def story() -> None:
        async with open_legacy(storage, tmp_path) as legacy:
            client = WaferClient(legacy.mount(Wafer), legacy.world.phone("ming"))
            before = (await client.request("/me", login=True)).json()["session_id"]
            legacy.advance(7 * 86400)
            after = (await client.request("/me")).json()["session_id"]
            assert after
            assert after != before
            assert client.logins == 2

    asyncio.run(story())


def test_wafer_without_id_and_skey_passes_as_nobody(tmp_path: Path) -> None:
    """As the old server did; one of the two alone is none."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(Wafer)
            for headers in ({}, {"X-WX-Id": "x"}, {"X-WX-Skey": "x"}):
                assert (await call(app, "/me", headers)).json() == {"wx": None, "session_id": None}

    asyncio.run(story())


def test_wafer_errors_are_the_vectors(tmp_path: Path) -> None:
    """Missing headers, a dead session, a used code and a ciphertext that does not open."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app, headers = legacy.mount(Wafer), login_headers(legacy)
            assert (await call(app, "/login")).is_vector("wafer-missing-header")
            without = {name: value for name, value in headers.items() if name != "X-WX-IV"}
            assert MAGIC not in (await call(app, "/login", without)).json()
            assert MAGIC not in (await call(app, "/login", {"X-WX-Code": headers["X-WX-Code"]})).json()
            assert legacy.calls() == 0
            nobody = {"X-WX-Id": "ses_" + "0" * 26, "X-WX-Skey": "mjs_" + "A" * 43}
            assert (await call(app, "/me", nobody)).is_vector("wafer-invalid-session")
            session = (await call(app, "/login", headers)).json()["session"]
            held = {"X-WX-Id": session["id"], "X-WX-Skey": session["skey"]}
            assert (await call(app, "/login", held)).json()["code"] == 0
            used = (await call(app, "/login", headers)).json()
            assert used["error"] == "ERR_LOGIN_FAILED"
            assert used[MAGIC] == 1
            stale = login_headers(legacy) | {"X-WX-Encrypted-Data": headers["X-WX-Encrypted-Data"]}
            assert (await call(app, "/login", stale)).json()["error"] == "ERR_LOGIN_FAILED"

    asyncio.run(story())


def test_wafer_may_be_told_to_do_without_user_info(tmp_path: Path) -> None:
    """Today's wx.getUserInfo may give no ciphertext: with user_info_required=False the code is enough."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(Wafer, user_info_required=False)
            session = (await call(app, "/login", {"X-WX-Code": legacy.code()})).json()["session"]
            wx = (await call(app, "/me", {"X-WX-Id": session["id"], "X-WX-Skey": session["skey"]})).json()["wx"]
            assert wx["openId"]
            assert wx["nickName"] == ""

    asyncio.run(story())


def test_a_wafer2_client_logs_in_with_user_info_and_then_by_code(storage: Storage, tmp_path: Path) -> None:
    """Both ways give a userinfo and an skey that is known; by code alone the profile is blank beside the openId."""

    async def story() -> None:
        async with open_legacy(storage, tmp_path) as legacy:
            client = Wafer2Client(legacy.mount(Wafer2), legacy.world.phone("ming"))
            full = await client.login()
            known = (await client.request("/me")).json()["wx"]
            assert known == full
            assert full["nickName"] == legacy.profile()["userInfo"]["nickName"]
            blank = await client.login_with_code()
            assert blank["openId"] == full["openId"]
            assert blank["nickName"] == ""
            assert (await client.request("/me", login=True)).json()["wx"] == blank

    asyncio.run(story())


def test_a_wafer2_client_repeats_once_and_then_fails(storage: Storage, tmp_path: Path) -> None:
    """After a week idle it logs in by code and repeats; while WeChat refuses it fails instead of looping."""

    async def story() -> None:
        async with open_legacy(storage, tmp_path) as legacy:
            client = Wafer2Client(legacy.mount(Wafer2), legacy.world.phone("ming"))
            before = (await client.request("/me")).json()["session_id"]
            assert client.logins == 1
            legacy.advance(7 * 86400)
            assert (await client.request("/me")).json()["session_id"] not in {None, before}
            assert client.logins == 2
            legacy.advance(7 * 86400)
            legacy.world.fault(wxsim.Fault(name="errcode", path="/sns/jscode2session", errcode=40029, times=9))
            with pytest.raises(ClientFailedError):
                await client.request("/me")
            assert client.logins == 3

    asyncio.run(story())


def test_wafer2_errors_are_the_vectors(tmp_path: Path) -> None:
    """No skey, a foreign one, a login without code, a used code, half a ciphertext: code -1 and the old words."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app, headers = legacy.mount(Wafer2, ignore={"/open"}), login_headers(legacy)
            assert (await call(app, "/open")).json() == {"wx": None, "session_id": None}
            assert (await call(app, "/me")).is_vector("wafer2-skey-invalid")
            assert (await call(app, "/me", {"X-WX-Skey": "mjs_" + "A" * 43})).is_vector("wafer2-skey-invalid")
            assert (await call(app, "/login")).is_vector("wafer2-header-missed")
            half = {"X-WX-Code": headers["X-WX-Code"], "X-WX-IV": headers["X-WX-IV"]}
            assert (await call(app, "/login", half)).is_vector("wafer2-decrypt")
            assert (await call(app, "/login", headers | {"X-WX-IV": "AAAA"})).is_vector("wafer2-decrypt")
            assert legacy.calls() == 0
            assert (await call(app, "/login", headers)).json()["code"] == 0
            assert (await call(app, "/login", headers)).is_vector("wafer2-get-session-key")
            other = login_headers(legacy, "hong")
            mixed = {"X-WX-Code": legacy.code()} | {name: other[name] for name in ("X-WX-Encrypted-Data", "X-WX-IV")}
            assert (await call(app, "/login", mixed)).is_vector("wafer2-decrypt")

    asyncio.run(story())


def test_a_login_path_below_a_mount_is_found(tmp_path: Path) -> None:
    """The path is read below the place where the app is mounted."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = Starlette(routes=[Mount("/shop", app=legacy.mount(Wafer2))])
            assert (await call(app, "/shop/login", login_headers(legacy))).json()["code"] == 0

    asyncio.run(story())


@pytest.mark.parametrize("kind", [Wafer, Wafer2])
def test_an_outage_is_503_for_wafer_too(tmp_path: Path, kind: type[Wafer | Wafer2]) -> None:
    """Neither a login nor a request turns an outage into a lost session."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(kind, store=DownStore())
            assert (await call(app, "/login", login_headers(legacy))).status == 503
            signed_in = await legacy.menjin.sign_in(legacy.appid, legacy.code())
            held = {"X-WX-Id": signed_in.session.session_id, "X-WX-Skey": signed_in.session_token.reveal()}
            assert (await call(app, "/me", held)).status == 503

    asyncio.run(story())
