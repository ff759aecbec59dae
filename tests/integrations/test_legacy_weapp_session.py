"""weapp-session: a client of its protocol against our middleware."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

import wxsim
from menjin.integrations.legacy import WeappSession
from menjin.integrations.legacy.asgi import AsgiApp
from support.doors import Storage
from support.legacy import Answer, DownStore, Legacy, call, open_legacy
from support.legacy_clients import ClientFailedError, WeappSessionClient, encode_uri_component


def first_headers(legacy: Legacy, person: str = "ming") -> dict[str, str]:
    """Return what a client's first request carries."""
    code = legacy.code(person)
    found = legacy.profile(person)
    raw_data = encode_uri_component(found["rawData"])
    return {"X-WX-Code": code, "X-WX-RawData": raw_data, "X-WX-Signature": found["signature"]}


async def first(app: AsgiApp, legacy: Legacy) -> tuple[dict[str, str], Answer]:
    """Send a first request; return its headers and the answer."""
    headers = first_headers(legacy)
    return headers, await call(app, "/me", headers)


def test_a_client_signs_in_once_and_shows_its_code_ever_after(storage: Storage, tmp_path: Path) -> None:
    """The first request signs in, later ones carry the code alone; wxUserInfo has the openId; one session serves."""

    async def story() -> None:
        async with open_legacy(storage, tmp_path) as legacy:
            app = legacy.mount(WeappSession)
            client = WeappSessionClient(app, legacy.world.phone("ming"))
            answers = [(await client.request("/me")).json() for _ in range(3)]
            assert [len(headers) for headers in client.sent] == [3, 1, 1]
            assert len({answer["session_id"] for answer in answers}) == 1
            principal_openid = legacy.world.exchange(legacy.code())["openid"]
            assert answers[2]["wx"]["openId"] == principal_openid
            assert answers[2]["wx"]["nickName"] == legacy.profile()["userInfo"]["nickName"]
            assert legacy.calls() == 2

    asyncio.run(story())


def test_parallel_first_requests_share_one_session(storage: Storage, tmp_path: Path) -> None:
    """A page that sends five requests at launch, all with rawData, ends with one exchange and one session."""

    async def story() -> None:
        async with open_legacy(storage, tmp_path) as legacy:
            client = WeappSessionClient(legacy.mount(WeappSession), legacy.world.phone("ming"))
            answers = await asyncio.gather(*(client.request("/me") for _ in range(5)))
            assert len({answer.json()["session_id"] for answer in answers}) == 1
            assert legacy.calls() == 1

    asyncio.run(story())


def test_a_request_without_code_and_an_ignored_path_pass_as_nobody(tmp_path: Path) -> None:
    """Nobody is signed in there, whatever else the request carries; a function may ignore as well."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(WeappSession, ignore={"/open"})
            assert (await call(app, "/me")).json() == {"wx": None, "session_id": None}
            assert (await call(app, "/open", {"X-WX-Code": "made-up"})).json() == {"wx": None, "session_id": None}
            other = legacy.mount(WeappSession, ignore=lambda scope: scope["path"].startswith("/pub/"))
            assert (await call(other, "/pub/1", {"X-WX-Code": "made-up"})).json()["wx"] is None
            assert (await call(other, "/me", {"X-WX-Code": "made-up"})).is_vector("weapp-session-expired")

    asyncio.run(story())


def test_the_three_reasons_are_the_vectors_byte_for_byte(storage: Storage, tmp_path: Path) -> None:
    """Unknown code, refused code, wrong signature, broken escapes: status 200 and the documented bytes."""

    async def story() -> None:
        async with open_legacy(storage, tmp_path) as legacy:
            app, headers = legacy.mount(WeappSession), first_headers(legacy)
            assert (await call(app, "/me", {"X-WX-Code": headers["X-WX-Code"]})).is_vector("weapp-session-expired")
            made_up = headers | {"X-WX-Code": "0" * 32}
            assert (await call(app, "/me", made_up)).is_vector("weapp-session-exchange-failed")
            broken = headers | {"X-WX-RawData": "%7B%E4%B8"}
            assert (await call(app, "/me", broken)).is_vector("weapp-session-uri-malformed")
            assert (await call(app, "/me", headers | {"X-WX-RawData": "%zz"})).is_vector("weapp-session-uri-malformed")
            no_json = (await call(app, "/me", headers | {"X-WX-RawData": "hello"})).json()
            assert "reason" not in no_json
            assert no_json["error"]["name"] == "SyntaxError"
            wrong = headers | {"X-WX-Signature": "0" * 40}
            untrusted = await call(app, "/me", wrong)
            assert untrusted.is_vector("weapp-session-untrusted")
            assert untrusted.headers["content-type"] == "application/json; charset=utf-8"
            assert (await call(app, "/me", headers)).is_vector("weapp-session-code-used")

    asyncio.run(story())


def test_a_login_whose_signature_does_not_hold_leaves_no_session(tmp_path: Path) -> None:
    """The session made on the way is ended before the client hears of the failure."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app, headers = legacy.mount(WeappSession), first_headers(legacy)
            await call(app, "/me", headers | {"X-WX-Signature": "0" * 40})
            signed_in = await legacy.menjin.sign_in(legacy.appid, legacy.code())
            deeds = legacy.menjin._deeds
            assert len(await deeds.sessions.list_live(signed_in.session)) == 1

    asyncio.run(story())


def test_the_same_first_request_is_good_for_five_minutes(storage: Storage, tmp_path: Path) -> None:
    """Within five minutes it gives the same session without asking WeChat; later it is a used code.

    The code alone goes on naming the session. Control: a longer window would let the late one in.
    """

    async def story() -> None:
        async with open_legacy(storage, tmp_path) as legacy:
            app = legacy.mount(WeappSession)
            headers, answer = await first(app, legacy)
            legacy.advance(299)
            assert (await call(app, "/me", headers)).json() == answer.json()
            legacy.advance(1)
            assert (await call(app, "/me", headers)).is_vector("weapp-session-code-used")
            careless = legacy.mount(WeappSession, repeatable=timedelta(days=1))
            assert (await call(careless, "/me", headers)).json() == answer.json()
            assert (await call(app, "/me", {"X-WX-Code": headers["X-WX-Code"]})).json() == answer.json()
            assert legacy.calls() == 1

    asyncio.run(story())


def test_the_session_lives_and_ends_as_ours(storage: Storage, tmp_path: Path) -> None:
    """Used daily it lives 30 days; idle for 7 it is over, and the client logs in anew by itself."""

    async def story() -> None:
        async with open_legacy(storage, tmp_path) as legacy:
            client = WeappSessionClient(legacy.mount(WeappSession), legacy.world.phone("ming"))
            session_id = (await client.request("/me")).json()["session_id"]
            for _ in range(29):
                legacy.advance(86400)
                assert (await client.request("/me")).json()["session_id"] == session_id
            legacy.advance(86400)
            later = (await client.request("/me")).json()["session_id"]
            assert later != session_id
            legacy.advance(7 * 86400)
            assert (await client.request("/me")).json()["session_id"] != later
            assert legacy.calls() == 3

    asyncio.run(story())


def test_a_signed_out_session_is_expired_to_the_client(tmp_path: Path) -> None:
    """The protocol knows no other end: the app signs out, the code is dead, the next request logs in anew."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(WeappSession)
            headers, _ = await first(app, legacy)
            entry = next(iter(legacy.store._entries.values()))  # type: ignore[attr-defined] # the memory store's
            for session in await legacy.menjin._deeds.sessions.list_live(
                (await legacy.menjin.sign_in(legacy.appid, legacy.code())).session
            ):
                await legacy.menjin._deeds.sessions._end(session, "kicked_out")
            assert entry.sealed
            assert (await call(app, "/me", {"X-WX-Code": headers["X-WX-Code"]})).is_vector("weapp-session-expired")
            assert (await call(app, "/me", headers)).is_vector("weapp-session-expired")

    asyncio.run(story())


def test_a_busy_wechat_does_not_spend_the_code(tmp_path: Path) -> None:
    """-1 comes as an exchange failure, and the same headers succeed once WeChat answers again."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app, headers = legacy.mount(WeappSession), first_headers(legacy)
            legacy.world.fault(wxsim.Fault(name="errcode", path="/sns/jscode2session", errcode=-1, times=3))
            body = (await call(app, "/me", headers)).json()
            assert body["reason"] == "ERR_SESSION_KEY_EXCHANGE_FAILED"
            assert body["error"]["detail"]["errcode"] == -1
            assert (await call(app, "/me", headers)).json()["session_id"]

    asyncio.run(story())


def test_a_store_outage_is_503_and_never_an_expired_session(tmp_path: Path) -> None:
    """A client that is told 503 keeps its code; an ERR_SESSION_EXPIRED would make every phone log in at once."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(WeappSession, store=DownStore())
            answer = await call(app, "/me", {"X-WX-Code": "0" * 32})
            assert answer.status == 503
            assert answer.json()["code"] == "store_unavailable"
            assert "reason" not in answer.json()

    asyncio.run(story())


def test_a_client_whose_user_info_is_forged_fails_at_once(tmp_path: Path) -> None:
    """ERR_UNTRUSTED_RAW_DATA is not repeated by the client."""

    class Forging(WeappSessionClient):
        async def _log_in(self) -> dict[str, str]:
            return await super()._log_in() | {"X-WX-RawData": encode_uri_component('{"nickName":"boss"}')}

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            client = Forging(legacy.mount(WeappSession), legacy.world.phone("ming"))
            with pytest.raises(ClientFailedError, match="untrusted raw data"):
                await client.request("/me")
            assert len(client.sent) == 1

    asyncio.run(story())


def test_a_code_alone_waits_for_its_first_request(tmp_path: Path) -> None:
    """A client shows the code alone once the first request is under way, to any process: same session, no new login."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            headers = first_headers(legacy)
            legacy.http.gate.clear()
            full = asyncio.create_task(call(legacy.mount(WeappSession), "/me", headers))
            await legacy.http.reached.wait()
            code = {"X-WX-Code": headers["X-WX-Code"]}
            alone = asyncio.create_task(call(legacy.mount(WeappSession), "/me", code))
            for _ in range(100):
                await asyncio.sleep(0)
            assert not alone.done()
            legacy.http.gate.set()
            assert (await alone).json() == (await full).json()
            assert legacy.calls() == 1

    asyncio.run(story())
