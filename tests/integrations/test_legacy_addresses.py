"""Bad codes by the old protocols count against their address, as they do by the new one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

import wxsim
from menjin import AsyncMenjin, SignedIn
from menjin.integrations.legacy import Entry, MemoryLegacyStore, Wafer, Wafer2, WeappSession
from menjin.integrations.legacy.asgi import AsgiApp, Receive, Scope, Send
from menjin.limits.addresses import NO_PROXIES, parse_proxies
from menjin.login.beside import Beside
from menjin.sessions.model import Device
from support.legacy import Answer, Legacy, call, open_legacy
from support.legacy_clients import (
    ClientFailedError,
    Wafer2Client,
    WaferClient,
    WeappSessionClient,
    encode_uri_component,
)

HERE, ELSEWHERE = "8.8.8.8", "9.9.9.9"  # global ones: a private peer has no limit
OUR_PROXY = parse_proxies(["127.0.0.1/32"])
MOST = 30


@dataclass(frozen=True)
class Protocol:
    """One of the three, as a flood sees it."""

    kind: Callable[..., AsgiApp]
    path: str
    refusal: str

    def login(self, legacy: Legacy, number: int | None = None, person: str = "ming") -> dict[str, str]:
        """Return a login's headers; with a number, those of a code that WeChat does not know."""
        code, found = legacy.code(person), legacy.profile(person)
        shown = code if number is None else f"{number:032d}"
        if self.kind is WeappSession:
            raw_data = encode_uri_component(found["rawData"])
            return {"X-WX-Code": shown, "X-WX-RawData": raw_data, "X-WX-Signature": found["signature"]}
        return {"X-WX-Code": shown, "X-WX-Encrypted-Data": found["encryptedData"], "X-WX-IV": found["iv"]}


PROTOCOLS = [
    Protocol(WeappSession, "/me", "weapp-session-too-many"),
    Protocol(Wafer, "/login", "wafer-too-many"),
    Protocol(Wafer2, "/login", "wafer2-get-session-key"),
]
each_protocol = pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: one.kind.__name__)


class From:
    """Says that every request of an app comes from one peer."""

    def __init__(self, app: AsgiApp, peer: str) -> None:
        self._app = app
        self._peer = peer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        await self._app({**scope, "client": (self._peer, 1234)}, receive, send)


class Unaddressed(AsyncMenjin):
    """The control: the library is told no address."""

    async def sign_in(
        self,
        appid: str,
        login_code: str,
        device: Device | None = None,
        *,
        idempotency_key: str | None = None,
        address: str | None = None,  # noqa: ARG002 - that is the fault
        beside: Beside | None = None,
        phone_code: str | None = None,
    ) -> SignedIn:
        """Sign in, from nowhere."""
        return await super().sign_in(
            appid, login_code, device, idempotency_key=idempotency_key, beside=beside, phone_code=phone_code
        )

    async def turn_away(self, address: str | None) -> None:
        """Let everybody in."""


class CountingStore(MemoryLegacyStore):
    """Counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.claims = 0

    async def claim(self, name: str, entry: Entry, now: datetime) -> Entry | None:
        """Claim."""
        self.claims += 1
        return await super().claim(name, entry, now)


async def flood(
    legacy: Legacy, protocol: Protocol, app: AsgiApp, times: int = MOST, forwarded: str | None = None
) -> list[Answer]:
    """Send so many bad codes, each another."""
    extra = {"X-Forwarded-For": forwarded} if forwarded else {}
    return [await call(app, protocol.path, protocol.login(legacy, number) | extra) for number in range(times)]


@each_protocol
def test_bad_codes_close_their_address_and_no_other(tmp_path: Path, protocol: Protocol) -> None:
    """After thirty WeChat is not asked, good code or bad; the answer is the protocol's own and says when to come back.

    Another address logs in meanwhile, and so does the first a minute later.
    """

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(protocol.kind, trusted_proxies=NO_PROXIES)
            await flood(legacy, protocol, From(app, HERE))
            assert legacy.calls() == MOST
            for headers in (protocol.login(legacy, 99), protocol.login(legacy)):
                refused = await call(From(app, HERE), protocol.path, headers)
                assert refused.is_vector(protocol.refusal)
                assert 1 <= int(refused.headers["retry-after"]) <= 61
            assert legacy.calls() == MOST
            good = await call(From(app, ELSEWHERE), protocol.path, protocol.login(legacy))
            assert is_let_in(good)
            legacy.advance(62)
            assert is_let_in(await call(From(app, HERE), protocol.path, protocol.login(legacy)))

    asyncio.run(story())


def is_let_in(answer: Answer) -> bool:
    """Whether a login succeeded."""
    return b'"skey"' in answer.content or bool(answer.json().get("session_id"))


@each_protocol
def test_control_without_the_address_every_bad_code_reaches_wechat(tmp_path: Path, protocol: Protocol) -> None:
    """CONTROL: the same flood where the address is not handed on is never stopped."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            menjin = Unaddressed(legacy.menjin._parts)
            app = legacy.mount(protocol.kind, menjin=menjin, trusted_proxies=NO_PROXIES)
            answers = await flood(legacy, protocol, From(app, HERE), 2 * MOST)
            assert legacy.calls() == 2 * MOST
            assert "retry-after" not in answers[-1].headers

    asyncio.run(story())


@each_protocol
def test_a_hundred_bad_codes_at_once_are_a_hundred(tmp_path: Path, protocol: Protocol) -> None:
    """They are counted before WeChat answers: thirty of them reach it. Control: without the address all do."""

    async def at_once(legacy: Legacy, menjin: AsyncMenjin) -> int:
        before = legacy.calls()
        app = From(legacy.mount(protocol.kind, menjin=menjin, trusted_proxies=NO_PROXIES), HERE)
        headers = [protocol.login(legacy, before * 1000 + number) for number in range(100)]
        await asyncio.gather(*(call(app, protocol.path, one) for one in headers))
        return legacy.calls() - before

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            assert await at_once(legacy, legacy.menjin) == MOST
            assert await at_once(legacy, Unaddressed(legacy.menjin._parts)) == 100

    asyncio.run(story())


@each_protocol
def test_behind_our_proxy_the_client_counts_and_nobody_elses_word(tmp_path: Path, protocol: Protocol) -> None:
    """Of a trusted proxy X-Forwarded-For is read from the right; whoever is none moves nothing by it."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(protocol.kind, trusted_proxies=OUR_PROXY)
            behind = From(app, "127.0.0.1")
            for number in range(MOST):
                forwarded = {"X-Forwarded-For": f"198.51.100.{number}, {HERE}"}
                await call(behind, protocol.path, protocol.login(legacy, number) | forwarded)
            closed = await call(behind, protocol.path, protocol.login(legacy) | {"X-Forwarded-For": HERE})
            assert closed.is_vector(protocol.refusal)
            direct = await call(From(app, HERE), protocol.path, protocol.login(legacy) | {"X-Forwarded-For": ELSEWHERE})
            assert direct.is_vector(protocol.refusal)
            other = await call(behind, protocol.path, protocol.login(legacy) | {"X-Forwarded-For": ELSEWHERE})
            assert is_let_in(other)

    asyncio.run(story())


@each_protocol
def test_an_unconfigured_proxy_puts_nobody_into_one_bucket(
    tmp_path: Path, protocol: Protocol, caplog: pytest.LogCaptureFixture
) -> None:
    """Without trusted_proxies a private peer has no limit by address, and a line says so; nor has a peer unknown.

    Whoever says what stands in front is not warned.
    """

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(protocol.kind)
            assert sum("trusted_proxies" in record.message for record in caplog.records) == 1
            for said in (NO_PROXIES, OUR_PROXY):
                legacy.mount(protocol.kind, trusted_proxies=said)
            assert sum("trusted_proxies" in record.message for record in caplog.records) == 1
            for peer in ("127.0.0.1", "10.0.0.5", "testclient", ""):
                before = legacy.calls()
                await flood(legacy, protocol, From(app, peer), MOST + 5, forwarded=HERE)
                assert legacy.calls() == before + MOST + 5

    with caplog.at_level(logging.WARNING, "menjin.legacy"):
        asyncio.run(story())


@pytest.mark.parametrize(
    "changed",
    [{"X-WX-Code": "x" * 129}, {"X-WX-Signature": "0" * 40}],
    ids=["impossible", "used"],
)
def test_codes_that_weapp_session_refuses_itself_count_too(tmp_path: Path, changed: dict[str, str]) -> None:
    """Impossible codes, and used ones shown with another proof; then neither store nor WeChat is asked.

    Control: where the address is not handed on, the session of the first presentation is given out after all.
    """

    async def story(menjin: Callable[[Legacy], AsyncMenjin]) -> tuple[bool, int]:
        async with open_legacy("memory", tmp_path) as legacy:
            store, protocol = CountingStore(), PROTOCOLS[0]
            mounted = legacy.mount(WeappSession, menjin=menjin(legacy), store=store, trusted_proxies=NO_PROXIES)
            app, good = From(mounted, HERE), protocol.login(legacy)
            assert is_let_in(await call(app, "/me", good))
            for _ in range(MOST):
                assert not is_let_in(await call(app, "/me", good | changed))
            asked = store.claims
            last = await call(app, "/me", good)
            assert legacy.calls() == 1
            return last.is_vector("weapp-session-too-many"), store.claims - asked

    assert asyncio.run(story(lambda legacy: legacy.menjin)) == (True, 0)
    assert asyncio.run(story(lambda legacy: Unaddressed(legacy.menjin._parts))) == (False, 1)


def test_the_same_first_request_again_and_again_is_no_bad_code(tmp_path: Path) -> None:
    """A page that sends many at launch, or a client that repeats, closes nothing."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = From(legacy.mount(WeappSession, trusted_proxies=NO_PROXIES), HERE)
            headers = PROTOCOLS[0].login(legacy)
            answers = await asyncio.gather(*(call(app, "/me", headers) for _ in range(2 * MOST)))
            answers += [await call(app, "/me", headers) for _ in range(2 * MOST)]
            assert len({answer.content for answer in answers}) == 1
            assert is_let_in(answers[0])
            assert is_let_in(await call(app, "/me", PROTOCOLS[0].login(legacy)))

    asyncio.run(story())


def test_sessions_of_a_closed_address_go_on(tmp_path: Path) -> None:
    """Only logins are refused: a code, an skey, or id and skey of before are good, at wafer's login path too."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            apps = {one.kind: From(legacy.mount(one.kind, trusted_proxies=NO_PROXIES), HERE) for one in PROTOCOLS}
            first = PROTOCOLS[0].login(legacy)
            await call(apps[WeappSession], "/me", first)
            wafer = (await call(apps[Wafer], "/login", PROTOCOLS[1].login(legacy))).json()["session"]
            wafer2 = (await call(apps[Wafer2], "/login", PROTOCOLS[2].login(legacy))).json()["data"]
            await flood(legacy, PROTOCOLS[2], apps[Wafer2])
            assert (await call(apps[Wafer], "/login", PROTOCOLS[1].login(legacy))).is_vector("wafer-too-many")
            assert is_let_in(await call(apps[WeappSession], "/me", {"X-WX-Code": first["X-WX-Code"]}))
            held = {"X-WX-Id": wafer["id"], "X-WX-Skey": wafer["skey"]}
            assert is_let_in(await call(apps[Wafer], "/me", held))
            assert (await call(apps[Wafer], "/login", held)).json()["code"] == 0
            assert is_let_in(await call(apps[Wafer2], "/me", {"X-WX-Skey": wafer2["skey"]}))

    asyncio.run(story())


def test_unmodified_clients_fail_at_once_and_get_in_later(tmp_path: Path) -> None:
    """None of the three comes again at once by itself; when the minute is over each logs in as ever.

    Control: a reason that asks for a new login would make weapp-session's client come four times.
    """

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            mounted = [From(legacy.mount(one.kind, trusted_proxies=NO_PROXIES), HERE) for one in PROTOCOLS]
            await flood(legacy, PROTOCOLS[2], mounted[2])
            asked, phone = legacy.calls(), legacy.world.phone("ming", legacy.appid)
            first = WeappSessionClient(mounted[0], phone)
            older, newer = WaferClient(mounted[1], phone), Wafer2Client(mounted[2], phone)
            with pytest.raises(ClientFailedError, match="too many attempts"):
                await first.request("/me")
            with pytest.raises(ClientFailedError):
                await older.request("/me", login=True)
            with pytest.raises(ClientFailedError):
                await newer.request("/me")
            assert (len(first.sent), older.logins, newer.logins) == (1, 1, 1)
            assert legacy.calls() == asked
            legacy.advance(62)
            answers = [await first.request("/me"), await older.request("/me", login=True), await newer.request("/me")]
            assert all(is_let_in(answer) for answer in answers)
            legacy.world.fault(wxsim.Fault(name="errcode", path="/sns/jscode2session", errcode=40029, times=9))
            sent = len(first.sent)
            first.code = None
            with pytest.raises(ClientFailedError):
                await first.request("/me")
            assert len(first.sent) == sent + 4

    asyncio.run(story())


@each_protocol
def test_a_person_who_logs_in_far_too_often_is_told_in_the_same_form(tmp_path: Path, protocol: Protocol) -> None:
    """A hundred and fifty logins of one person in a minute, wherever they come from; another person is not meant."""

    async def story() -> None:
        async with open_legacy("memory", tmp_path) as legacy:
            app = legacy.mount(protocol.kind, trusted_proxies=NO_PROXIES)
            for number in range(150):
                if number % 50 == 0:
                    legacy.world.clock.advance(61)  # WeChat's own limit is lower
                legacy.clock.advance(seconds=0.1)  # of many sessions the oldest gives way
                assert is_let_in(await call(app, protocol.path, protocol.login(legacy)))
            refused = await call(app, protocol.path, protocol.login(legacy))
            assert refused.is_vector(protocol.refusal)
            assert int(refused.headers["retry-after"]) >= 1
            assert is_let_in(await call(app, protocol.path, protocol.login(legacy, person="hong")))

    asyncio.run(story())
