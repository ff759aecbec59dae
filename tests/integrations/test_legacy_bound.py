"""The old protocols before apps that ask for a binding, and logins that fail half-way: no session is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from menjin import App, AsyncMenjin, Principal, SignedIn
from menjin.errors import BindingRequired, Replaced, StoreUnavailable
from menjin.integrations.legacy import Entry, MemoryLegacyStore, Wafer, Wafer2, WeappSession
from menjin.integrations.legacy.asgi import AsgiApp
from menjin.login.beside import Beside
from menjin.sessions.model import Device
from support.doors import APP, BOUND_APP, Storage
from support.legacy import Answer, Legacy, call, open_legacy
from support.legacy_clients import encode_uri_component


@dataclass(frozen=True)
class Protocol:
    """One of the three.

    Attributes:
        refusal: The vector of user info that does not hold; None if its text says more.
    """

    kind: Callable[..., AsgiApp]
    path: str
    refusal: str | None

    def login(self, legacy: Legacy, person: str = "ming", *, of: str | None = None) -> dict[str, str]:
        """Return a login's headers, with the user info of somebody else if `of` names them."""
        legacy.code(of or person)  # nobody has user info who never logged in
        code, found = legacy.code(person), legacy.profile(of or person)
        if self.kind is WeappSession:
            raw_data = encode_uri_component(found["rawData"])
            return {"X-WX-Code": code, "X-WX-RawData": raw_data, "X-WX-Signature": found["signature"]}
        return {"X-WX-Code": code, "X-WX-Encrypted-Data": found["encryptedData"], "X-WX-IV": found["iv"]}

    async def is_refused(self, app: AsgiApp, headers: dict[str, str]) -> bool:
        """Whether a login is refused for its user info, in the protocol's own words."""
        answer = await call(app, self.path, headers)
        return answer.is_vector(self.refusal) if self.refusal else answer.json()["error"] == "ERR_LOGIN_FAILED"


PROTOCOLS = [
    Protocol(WeappSession, "/me", "weapp-session-untrusted"),
    Protocol(Wafer, "/login", None),
    Protocol(Wafer2, "/login", "wafer2-decrypt"),
]
each_protocol = pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: one.kind.__name__)
SINGLE_APP = replace(APP, devices="single")
BOUND_SINGLE_APP = replace(BOUND_APP, devices="single")
each_app = pytest.mark.parametrize("app", [APP, BOUND_APP], ids=lambda one: one.sign_in)


class LogsInFirst(AsyncMenjin):
    """The control: the session is made before the user info is looked at."""

    async def sign_in(
        self,
        appid: str,
        login_code: str,
        device: Device | None = None,
        *,
        beside: Beside | None = None,
        **named: Any,  # noqa: ANN401 - the rest of sign_in's
    ) -> SignedIn:
        """Sign in, and look at the user info afterwards."""
        signed_in = await super().sign_in(appid, login_code, device, **named)
        if beside is not None and beside.user_info is not None:
            token, shown = signed_in.session_token.reveal(), beside.user_info
            await self.open_user_info(token, encrypted=shown.encrypted, signed=shown.signed)
        return signed_in


class Forgets(AsyncMenjin):
    """The control: a session is never ended."""

    async def sign_out(self, session_token: str) -> None:
        """Do nothing."""


class FailsToKeep(MemoryLegacyStore):
    """A store that fails when the login is done."""

    async def claim(self, name: str, entry: Entry, now: datetime) -> Entry | None:
        """Claim a code; fail to keep user info."""
        if entry.sealed is not None:
            raise StoreUnavailable
        return await super().claim(name, entry, now)

    async def fill(self, name: str, sealed: str, until: datetime) -> None:  # noqa: ARG002 - the port's
        """Fail."""
        raise StoreUnavailable


async def know(app: AsgiApp, answer: Answer, headers: dict[str, str]) -> Answer:
    """Return what the app knows of whoever just logged in."""
    body = answer.json()
    if "session" in body:
        held = {"X-WX-Id": body["session"]["id"], "X-WX-Skey": body["session"]["skey"]}
    elif "data" in body:
        held = {"X-WX-Skey": body["data"]["skey"]}
    else:
        held = {"X-WX-Code": headers["X-WX-Code"]}
    return await call(app, "/me", held)


async def count_sessions(legacy: Legacy, person: str = "ming") -> int:
    """Return how many live sessions somebody has besides the one this asks with, which is new and lets none go."""
    token = (await legacy.menjin.sign_in(legacy.appid, legacy.code(person))).session_token.reveal()
    return len((await legacy.menjin.list_sessions(token))[1]) - 1


@each_protocol
def test_a_bound_app_logs_in_with_user_info(storage: Storage, tmp_path: Path, protocol: Protocol) -> None:
    """Nobody has an account yet: the login gives its session all the same, with the user info it brought."""

    async def story() -> None:
        async with open_legacy(storage, tmp_path, BOUND_APP) as legacy:
            app, headers = legacy.mount(protocol.kind), protocol.login(legacy)
            known = (await know(app, await call(app, protocol.path, headers), headers)).json()
            assert known["session_id"]
            assert known["wx"]["nickName"] == legacy.profile()["userInfo"]["nickName"]
            assert await count_sessions(legacy) == 1

    asyncio.run(story())


def test_a_bound_apps_principal_has_no_account(tmp_path: Path) -> None:
    """The app behind sees that a binding is wanted; by the HTTP API's doors the session opens nothing yet."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path, BOUND_APP) as legacy:
            headers = PROTOCOLS[2].login(legacy)
            skey = (await call(legacy.mount(Wafer2), "/login", headers)).json()["data"]["skey"]
            principal: Principal = await legacy.menjin.authenticate(skey)
            assert principal.account is None
            assert principal.binding == "required"
            found = legacy.profile()
            with pytest.raises(BindingRequired):
                await legacy.menjin.open_user_info(skey, encrypted=(found["encryptedData"], found["iv"]))

    asyncio.run(story())


@each_app
@each_protocol
def test_user_info_that_does_not_hold_leaves_no_session(tmp_path: Path, protocol: Protocol, app: App) -> None:
    """Another person's user info is refused in the protocol's words, and there is no session of that login."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path, app) as legacy:
            mounted = legacy.mount(protocol.kind)
            assert await protocol.is_refused(mounted, protocol.login(legacy, of="hong"))
            assert await count_sessions(legacy) == 0

    asyncio.run(story())


@pytest.mark.parametrize("app", [SINGLE_APP, BOUND_SINGLE_APP], ids=lambda one: one.sign_in)
@each_protocol
def test_a_login_that_fails_ends_nobodys_session(tmp_path: Path, protocol: Protocol, app: App) -> None:
    """With one session a person, a login whose user info does not hold leaves the older session alive.

    Then one that succeeds takes its place.
    """

    async def story() -> None:
        async with open_legacy("memory", tmp_path, app) as legacy:
            mounted = legacy.mount(protocol.kind)
            before = (await legacy.menjin.sign_in(legacy.appid, legacy.code())).session_token.reveal()
            assert await protocol.is_refused(mounted, protocol.login(legacy, of="hong"))
            await legacy.menjin.authenticate(before)
            legacy.advance(1)
            headers = protocol.login(legacy)
            assert (await know(mounted, await call(mounted, protocol.path, headers), headers)).json()["session_id"]
            with pytest.raises(Replaced):
                await legacy.menjin.authenticate(before)

    asyncio.run(story())


@each_protocol
def test_control_where_user_info_is_opened_after_the_login_it_ends_one(tmp_path: Path, protocol: Protocol) -> None:
    """CONTROL: with the session made first, the refused login has replaced the person's real one."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path, SINGLE_APP) as legacy:
            mounted = legacy.mount(protocol.kind, menjin=LogsInFirst(legacy.menjin._parts))
            before = (await legacy.menjin.sign_in(legacy.appid, legacy.code())).session_token.reveal()
            legacy.advance(1)
            assert await protocol.is_refused(mounted, protocol.login(legacy, of="hong"))
            with pytest.raises(Replaced):
                await legacy.menjin.authenticate(before)

    asyncio.run(story())


@each_protocol
def test_a_store_that_fails_after_the_login_leaves_no_session(tmp_path: Path, protocol: Protocol) -> None:
    """503, and the session that the client was not told of is ended. CONTROL: where nobody ends it, it lives."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            for menjin, left in ((legacy.menjin, 0), (Forgets(legacy.menjin._parts), 1)):
                mounted = legacy.mount(protocol.kind, store=FailsToKeep(), menjin=menjin)
                before = await count_sessions(legacy)
                assert (await call(mounted, protocol.path, protocol.login(legacy))).status == 503
                assert await count_sessions(legacy) == before + 1 + left

    asyncio.run(story())
