"""What an attacker tries against the old protocols; each test has a control that would be caught."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import wxsim
from menjin import AsyncMenjin, Device, OpenedData, SignedIn
from menjin.integrations.legacy import Entry, MemoryLegacyStore, Wafer, Wafer2, WeappSession
from menjin.integrations.legacy.asgi import AsgiApp
from menjin.login.beside import Beside
from menjin.login.results import ShareInfo
from support.doors import APP, Storage
from support.legacy import MAGIC, OTHER_APP, VECTORS, Answer, Legacy, call, open_legacy
from support.legacy_clients import encode_uri_component

PRESENTERS = 50


class ForgetfulStore(MemoryLegacyStore):
    """The control: nobody's claim is remembered."""

    async def claim(self, name: str, entry: Entry, now: datetime) -> Entry | None:
        """Say yes to everybody."""
        await super().forget(name)
        return await super().claim(name, entry, now)


def first_headers(legacy: Legacy, person: str = "ming") -> dict[str, str]:
    """Return a weapp-session client's first request."""
    code, found = legacy.code(person), legacy.profile(person)
    raw_data = encode_uri_component(found["rawData"])
    return {"X-WX-Code": code, "X-WX-RawData": raw_data, "X-WX-Signature": found["signature"]}


def login_headers(legacy: Legacy, person: str = "ming") -> dict[str, str]:
    """Return a wafer client's login."""
    code, found = legacy.code(person), legacy.profile(person)
    return {"X-WX-Code": code, "X-WX-Encrypted-Data": found["encryptedData"], "X-WX-IV": found["iv"]}


async def present_at_once(legacy: Legacy, apps: list[AsgiApp], path: str, headers: dict[str, str]) -> list[Answer]:
    """Send the same request from 50 callers over several processes, all before WeChat answers."""
    legacy.http.gate.clear()
    tasks = [asyncio.create_task(call(apps[number % len(apps)], path, headers)) for number in range(PRESENTERS)]
    await legacy.http.reached.wait()
    for _ in range(500):
        await asyncio.sleep(0)
    legacy.http.gate.set()
    return await asyncio.gather(*tasks)


def test_fifty_presenters_of_one_code_are_one_login(storage: Storage, tmp_path: Path) -> None:
    """Over four processes on one store: one call to WeChat, one session, the same answer to all."""

    async def story() -> None:
        async with open_legacy(storage, tmp_path) as legacy:
            apps = [legacy.mount(WeappSession) for _ in range(4)]
            answers = await present_at_once(legacy, apps, "/me", first_headers(legacy))
            assert legacy.calls() == 1
            assert len({answer.content for answer in answers}) == 1
            assert answers[0].json()["session_id"]

    asyncio.run(story())


def test_control_without_claims_not_all_presenters_get_the_session(tmp_path: Path) -> None:
    """The same with a store that remembers no claim: the test above would fail."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            store = ForgetfulStore()
            apps = [legacy.mount(WeappSession, store=store) for _ in range(4)]
            answers = await present_at_once(legacy, apps, "/me", first_headers(legacy))
            assert len({answer.content for answer in answers}) > 1

    asyncio.run(story())


@pytest.mark.parametrize("kind", [Wafer, Wafer2])
def test_of_fifty_wafer_logins_with_one_code_one_succeeds(tmp_path: Path, kind: type[Wafer | Wafer2]) -> None:
    """There a code is good once: whoever shows it again, even at once, gets no skey."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            apps = [legacy.mount(kind) for _ in range(4)]
            answers = await present_at_once(legacy, apps, "/login", login_headers(legacy))
            assert legacy.calls() == 1
            assert sum(b'"skey"' in answer.content for answer in answers) == 1

    asyncio.run(story())


def test_a_code_with_another_signature_gets_nothing(storage: Storage, tmp_path: Path) -> None:
    """A code that signed in gives its session to its own proof only, and the session is not harmed.

    Control: the right proof gets it, and so does any with a store that does not tell proofs apart.
    """

    class ProofBlind(MemoryLegacyStore):
        async def claim(self, name: str, entry: Entry, now: datetime) -> Entry | None:
            found = await super().claim(name, entry, now)
            return replace(found, proof=entry.proof) if found is not None else None

    async def story() -> None:
        async with open_legacy(storage, tmp_path) as legacy:
            app, headers = legacy.mount(WeappSession), first_headers(legacy)
            session = (await call(app, "/me", headers)).json()
            for changed in ({"X-WX-Signature": "0" * 40}, {"X-WX-RawData": encode_uri_component('{"nickName":"x"}')}):
                assert (await call(app, "/me", headers | changed)).is_vector("weapp-session-code-used")
            assert (await call(app, "/me", headers | {"X-WX-Signature": "x"})).is_vector("weapp-session-untrusted")
            assert (await call(app, "/me", headers)).json() == session
            assert legacy.calls() == 1
            blind, headers = legacy.mount(WeappSession, store=ProofBlind()), first_headers(legacy)
            right = await call(blind, "/me", headers)
            assert (await call(blind, "/me", headers | {"X-WX-Signature": "0" * 40})).json() == right.json()

    asyncio.run(story())


def test_anothers_code_with_ones_own_user_info_is_untrusted(tmp_path: Path) -> None:
    """Hong's rawData and signature do not go with ming's code.

    Control: with hong's own code they do, and with any code where the library does not verify.
    """

    class Trusting(AsyncMenjin):
        async def sign_in(
            self,
            appid: str,
            login_code: str,
            device: Device | None = None,
            *,
            beside: Beside | None = None,
            **named: Any,  # noqa: ANN401 - the rest of sign_in's
        ) -> SignedIn:
            signed_in = await super().sign_in(appid, login_code, device, **named)
            shown = beside.user_info if beside is not None else None
            data = json.loads(shown.signed[0]) if shown and shown.signed else {}
            return replace(signed_in, user_info=OpenedData(data, ShareInfo("")))

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app, hong = legacy.mount(WeappSession), first_headers(legacy, "hong")
            assert (await call(app, "/me", hong | {"X-WX-Code": legacy.code("ming")})).is_vector(
                "weapp-session-untrusted"
            )
            own = (await call(app, "/me", hong)).json()
            assert own["session_id"]
            trusting = legacy.mount(WeappSession, menjin=Trusting(legacy.menjin._parts))
            fooled = (await call(trusting, "/me", hong | {"X-WX-Code": legacy.code("ming")})).json()
            assert fooled["wx"]["nickName"] == own["wx"]["nickName"]

    asyncio.run(story())


def test_a_code_of_one_app_or_protocol_names_nothing_in_another(tmp_path: Path) -> None:
    """The same store serves both: names and seals are bound to app and protocol, sessions to their app."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path, APP, OTHER_APP) as legacy:
            app, headers = legacy.mount(WeappSession), first_headers(legacy)
            assert (await call(app, "/me", headers)).json()["session_id"]
            code = {"X-WX-Code": headers["X-WX-Code"]}
            foreign = legacy.mount(WeappSession, appid=OTHER_APP.appid)
            assert (await call(foreign, "/me", code)).is_vector("weapp-session-expired")
            skey = (await call(legacy.mount(Wafer2), "/login", login_headers(legacy))).json()["data"]["skey"]
            foreign = legacy.mount(Wafer2, appid=OTHER_APP.appid)
            assert (await call(foreign, "/me", {"X-WX-Skey": skey})).is_vector("wafer2-skey-invalid")
            assert (await call(legacy.mount(Wafer2), "/me", {"X-WX-Skey": skey})).json()["session_id"]

    asyncio.run(story())


def test_an_id_is_worth_nothing_without_its_own_skey(tmp_path: Path) -> None:
    """Two people's ids and skeys crossed are refused. Control: whoever looks at the skey alone lets them in."""

    class Careless(Wafer):
        def _is_its_id(self, shown: str, session_id: str) -> bool:
            return bool(shown and session_id)

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(Wafer)
            ming = (await call(app, "/login", login_headers(legacy, "ming"))).json()["session"]
            hong = (await call(app, "/login", login_headers(legacy, "hong"))).json()["session"]
            crossed = {"X-WX-Id": ming["id"], "X-WX-Skey": hong["skey"]}
            assert (await call(app, "/me", crossed)).is_vector("wafer-invalid-session")
            guessed = {"X-WX-Id": ming["id"], "X-WX-Skey": ming["skey"][:-1] + "A"}
            assert (await call(app, "/me", guessed)).is_vector("wafer-invalid-session")
            assert (await call(legacy.mount(Careless), "/me", crossed)).json()["session_id"] == hong["id"]

    asyncio.run(story())


def test_a_header_that_comes_twice_is_nobody(tmp_path: Path) -> None:
    """A proxy in front may have judged either value; neither is taken. Control: once, it is taken."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app, headers = legacy.mount(WeappSession), first_headers(legacy)
            await call(app, "/me", headers)
            code = ("X-WX-Code", headers["X-WX-Code"])
            assert (await call(app, "/me", [code])).json()["session_id"]
            for twice in ([code, code], [code, ("x-wx-code", "other")]):
                assert (await call(app, "/me", twice)).is_vector("weapp-session-expired")
            fresh = first_headers(legacy)
            doubled = [*fresh.items(), ("X-WX-Code", fresh["X-WX-Code"])]
            assert (await call(app, "/me", doubled)).is_vector("weapp-session-exchange-failed")
            wafer2 = legacy.mount(Wafer2)
            skey = ("X-WX-Skey", (await call(wafer2, "/login", login_headers(legacy))).json()["data"]["skey"])
            assert (await call(wafer2, "/me", [skey])).json()["session_id"]
            assert (await call(wafer2, "/me", [skey, skey])).is_vector("wafer2-skey-invalid")

    asyncio.run(story())


def old_skeys(session_key: str) -> set[str]:
    """Return what the old servers computed from a session_key, and the key itself."""
    computed = hashlib.sha1(session_key.encode()).hexdigest()  # noqa: S324 - theirs
    salted = f"{APP.appid}{APP.app_secret.reveal()}{session_key}"
    return {session_key, computed, hashlib.sha1(salted.encode()).hexdigest()}  # noqa: S324 - theirs


def test_no_reply_holds_a_session_key_or_what_derives_from_it(tmp_path: Path) -> None:
    """Neither key nor old skey stands in any reply or in the store. Control: the old formulas match the vectors."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            said = await everything_said(legacy)
            forbidden = set().union(*(old_skeys(key) for key in legacy.session_keys()))
            assert len(forbidden) >= 3
            assert not [text for text in forbidden if text.encode() in said]

    asyncio.run(story())
    for case in VECTORS["must_not_be"]:
        salt = case.get("appid", "") + case.get("app_secret", "")
        assert hashlib.sha1((salt + case["session_key"]).encode()).hexdigest() == case["value"]  # noqa: S324 - theirs


async def everything_said(legacy: Legacy) -> bytes:
    """Return all replies of all protocols, and all the store holds, as one text."""
    kinds: list[tuple[Callable[..., AsgiApp], str, Callable[[Legacy], dict[str, str]]]] = [
        (WeappSession, "/me", first_headers),
        (Wafer, "/login", login_headers),
        (Wafer2, "/login", login_headers),
    ]
    said = []
    for kind, path, make in kinds:
        app, headers = legacy.mount(kind), make(legacy)
        answers = [await call(app, path, headers) for _ in range(2)]
        answers.append(
            await call(app, path, make(legacy) | {"X-WX-Signature": "0" * 40, "X-WX-IV": headers["X-WX-Code"]})
        )
        said += [answer.content + json.dumps(dict(answer.headers)).encode() for answer in answers]
    assert MAGIC.encode() in b"".join(said)
    held = repr(legacy.store._entries)  # type: ignore[attr-defined] # the memory store's
    return b"".join(said) + held.encode()


def test_a_copy_of_the_store_opens_nothing(tmp_path: Path) -> None:
    """No code, token, nickname or openid is readable in it. Control: the entry opens for its code."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            headers = first_headers(legacy)
            await call(legacy.mount(WeappSession), "/me", headers)
            wafer2 = (await call(legacy.mount(Wafer2), "/login", login_headers(legacy))).json()["data"]
            held = repr(legacy.store._entries)  # type: ignore[attr-defined] # the memory store's
            nickname = wafer2["userinfo"]["nickName"]
            assert nickname
            for text in ("mjs_", headers["X-WX-Code"], wafer2["skey"], wafer2["userinfo"]["openId"], nickname):
                assert text not in held
            again = await call(legacy.mount(WeappSession), "/me", {"X-WX-Code": headers["X-WX-Code"]})
            assert again.json()["wx"]["nickName"] == nickname

    asyncio.run(story())


def test_a_caller_who_hangs_up_takes_nobody_with_him(tmp_path: Path) -> None:
    """The first of two presenters is cancelled while WeChat thinks: the other still gets the session."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app, headers = legacy.mount(WeappSession), first_headers(legacy)
            legacy.http.gate.clear()
            gone, stays = (asyncio.create_task(call(app, "/me", headers)) for _ in range(2))
            await legacy.http.reached.wait()
            for _ in range(100):
                await asyncio.sleep(0)
            gone.cancel()
            legacy.http.gate.set()
            assert (await stays).json()["session_id"]
            assert legacy.calls() == 1

    asyncio.run(story())


def test_made_up_codes_leave_nothing_behind(tmp_path: Path) -> None:
    """A refused code's claim is dropped; what is no code by its form never reaches store or WeChat."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app, headers = legacy.mount(WeappSession), first_headers(legacy)
            for number in range(20):
                await call(app, "/me", headers | {"X-WX-Code": f"{number:032d}"})
            assert legacy.calls() == 20
            await call(app, "/me", headers | {"X-WX-Code": "x" * 129})
            assert legacy.calls() == 20
            assert legacy.store._entries == {}  # type: ignore[attr-defined] # the memory store's

    asyncio.run(story())


def test_wechats_own_words_do_not_reach_the_client(tmp_path: Path) -> None:
    """40164 names the server's address in errmsg; the detail has the number and a text of ours."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app, headers = legacy.mount(WeappSession), first_headers(legacy)
            legacy.world.fault(wxsim.Fault(name="errcode", path="/sns/jscode2session", errcode=40164, times=9))
            detail = (await call(app, "/me", headers)).json()["error"]["detail"]
            assert detail["errcode"] == 40164
            assert detail["errmsg"].startswith("address not on the app's list")

    asyncio.run(story())


def test_the_store_does_not_grow_without_end(tmp_path: Path) -> None:
    """Every 256 logins what has ended is dropped: of 512 logins, six a day, those of the last 30 days are kept."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(Wafer2)
            for _ in range(512):
                assert (await call(app, "/login", login_headers(legacy))).json()["code"] == 0
                legacy.advance(4 * 3600)
            assert len(legacy.store._entries) <= 180  # type: ignore[attr-defined] # the memory store's

    asyncio.run(story())


def test_entries_swapped_in_the_store_open_nothing(tmp_path: Path) -> None:
    """Who can write the store cannot give one person's session to another's code. Control: put back, they open."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(WeappSession)
            ming, hong = first_headers(legacy, "ming"), first_headers(legacy, "hong")
            before = [(await call(app, "/me", headers)).json() for headers in (ming, hong)]
            codes = [{"X-WX-Code": headers["X-WX-Code"]} for headers in (ming, hong)]
            entries = legacy.store._entries  # type: ignore[attr-defined] # the memory store's
            names = list(entries)
            swapped = dict(zip(names, reversed([entries[name] for name in names]), strict=True))
            entries.update(swapped)
            for code in codes:
                assert (await call(app, "/me", code)).is_vector("weapp-session-expired")
            entries.update(zip(names, reversed([entries[name] for name in names]), strict=True))
            assert [(await call(app, "/me", code)).json() for code in codes] == before

    asyncio.run(story())
