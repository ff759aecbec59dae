"""Whose address counts over HTTP, with and without proxies, and what the refused are told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from menjin import Secret
from menjin.aio import AsyncMenjin
from menjin.errors import ConfigurationError
from menjin.limits.addresses import NO_PROXIES, TrustedProxies, parse_proxies
from menjin.service.app import create_app
from menjin.service.settings import load_settings
from support.doors import House, open_house
from wxsim import FIRST_APPID, Fault

PROXIES = parse_proxies(["127.0.0.1/32", "10.0.0.0/8"])
Asked = tuple[str, dict[str, str]]


def ask(house: House, asked: list[Asked], trusted: TrustedProxies) -> list[httpx2.Response]:
    """Send bad codes, each from a peer with headers, and return the answers."""

    async def story() -> list[httpx2.Response]:
        app = create_app(AsyncMenjin(house.parts), trusted_proxies=trusted)
        answers = []
        for number, (peer, headers) in enumerate(asked):
            transport = httpx2.ASGITransport(app, client=(peer, 1234))
            async with httpx2.AsyncClient(transport=transport, base_url="http://menjin") as client:
                body = {"appid": FIRST_APPID, "login_code": f"0{number:031d}"}
                answers.append(await client.post("/v1/sessions", json=body, headers=headers))
        return answers

    return asyncio.run(story())


def statuses(house: House, asked: list[Asked], trusted: TrustedProxies) -> list[int]:
    """Return the statuses of what `ask` sends."""
    return [answer.status_code for answer in ask(house, asked, trusted)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house whose parts the tests serve."""
    found = open_house("async", "memory", tmp_path)
    yield found
    found.door.close()


def test_a_flood_through_our_proxy_closes_one_client_only(house: House) -> None:
    """Thirty bad codes of one client, then 429; the next client of the same proxy is asked for at WeChat."""
    flood = [("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"})] * 31
    other = [("127.0.0.1", {"X-Forwarded-For": "203.0.113.10"})]
    assert statuses(house, [*flood, *other], PROXIES) == [400] * 30 + [429, 400]


def test_the_refusal_says_when_and_what(house: House) -> None:
    """429 too_many_attempts, Retry-After in whole seconds and in the body, action login: a fresh code."""
    answer = ask(house, [("203.0.113.9", {})] * 31, PROXIES)[-1]
    body = answer.json()
    assert answer.status_code == 429
    assert body["code"] == "too_many_attempts"
    assert body["action"] == "login"
    assert int(answer.headers["Retry-After"]) == body["retry_after"]
    assert 1 <= body["retry_after"] <= 61


@pytest.mark.parametrize("trusted", [PROXIES, NO_PROXIES])
@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "X_Forwarded_For"])
def test_nobody_escapes_by_a_header(house: House, trusted: TrustedProxies, header: str) -> None:
    """A client that names another address with every request is the same client."""
    asked = [("8.8.8.8", {header: f"198.51.100.{number}"}) for number in range(31)]
    assert statuses(house, asked, trusted)[-1] == 429


def test_nobody_escapes_through_the_proxy(house: House) -> None:
    """What the client wrote before the proxy's own entry, and X-Real-IP, move nothing; nor another IPv6 of the /64."""
    asked = [
        ("127.0.0.1", {"X-Forwarded-For": f"198.51.100.{number}, 2001:db8::{number:x}", "X-Real-IP": f"8.8.8.{number}"})
        for number in range(31)
    ]
    assert statuses(house, asked, PROXIES)[-1] == 429


def test_control_believing_everybody_lets_the_flood_through(house: House) -> None:
    """CONTROL: with the whole network trusted the same flood names a new address each time and is never stopped."""
    everybody = parse_proxies(["203.0.113.0/24"])
    asked = [("203.0.113.9", {"X-Forwarded-For": f"198.51.100.{number}"}) for number in range(31)]
    assert statuses(house, asked, everybody)[-1] == 400


def step_up(house: House, peers: list[str]) -> list[int]:
    """Send bad codes of a live session as step-ups, each from a peer, and return the statuses."""
    token = house.door.sign_in(FIRST_APPID, house.code()).session_token.reveal()

    async def story() -> list[int]:
        app = create_app(AsyncMenjin(house.parts), trusted_proxies=PROXIES)
        statuses = []
        for number, peer in enumerate(peers):
            transport = httpx2.ASGITransport(app, client=(peer, 1234))
            async with httpx2.AsyncClient(transport=transport, base_url="http://menjin") as client:
                body, headers = {"login_code": f"1{number:031d}"}, {"Authorization": f"Bearer {token}"}
                statuses.append((await client.post("/v1/session/step-up", json=body, headers=headers)).status_code)
        return statuses

    return asyncio.run(story())


def test_bad_codes_of_a_live_session_close_its_address(house: House) -> None:
    """As step-ups they count as at sign-in, in the same count: after thirty, 429 at both doors; not elsewhere.

    CONTROL: from a peer without an address they are not stopped.
    """
    house.parts = replace(house.parts, counters_key=Secret("the same for each of the apps below"))
    assert step_up(house, ["8.8.8.8"] * 32) == [400] * 30 + [429] * 2
    assert statuses(house, [("8.8.8.8", {}), ("9.9.9.9", {})], PROXIES) == [429, 400]
    assert step_up(house, [""] * 35) == [400] * 35


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.5", "192.168.1.1", "::1"])
def test_an_unconfigured_proxy_puts_nobody_into_one_bucket(house: House, peer: str) -> None:
    """Without trusted_proxies a private peer has no limit by address."""
    assert statuses(house, [(peer, {"X-Forwarded-For": "203.0.113.9"})] * 35, NO_PROXIES)[-1] == 400


def test_the_start_warns_once(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Without trusted_proxies one warning says what is off; with them there is none."""

    async def start(trusted: TrustedProxies) -> int:
        caplog.clear()
        app = create_app(AsyncMenjin(house.parts), trusted_proxies=trusted)
        messages: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        for kind in ("startup", "shutdown"):
            messages.put_nowait({"type": f"lifespan.{kind}"})

        async def send(_message: object) -> None:
            pass

        await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, messages.get, send)
        return sum("trusted_proxies" in record.message for record in caplog.records)

    with caplog.at_level(logging.WARNING, "menjin.service"):
        assert asyncio.run(start(NO_PROXIES)) == 1
        assert asyncio.run(start(PROXIES)) == 0


def test_a_held_call_is_503_with_retry_after(house: House) -> None:
    """While WeChat does not answer: wechat_unavailable, Retry-After of a few seconds, action login."""
    house.world.fault(Fault(name="errcode", path="/sns/jscode2session", times=None, errcode=-1))
    answers = ask(house, [("8.8.8.8", {})] * 5, PROXIES)
    assert [answer.status_code for answer in answers] == [503] * 5
    assert answers[-1].json()["code"] == "wechat_unavailable"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 5


def write_settings(folder: Path, text: str) -> Path:
    """Return a configuration file."""
    path = folder / "menjin.toml"
    path.write_text(f'[vault]\nactive = "k1"\n{text}', "utf-8")
    return path


def test_the_figures_are_settings(tmp_path: Path) -> None:
    """Written in menjin.toml, in whole seconds; what is not written has its documented default."""
    text = (
        "[limits]\nbad_codes_per_address = {most = 7, seconds = 120}\nsign_ins_per_openid = {most = 0, seconds = 60}\n"
        'wechat_calls_per_app = 9\n[gateway]\ntrusted_proxies = ["10.0.0.0/8", "unix"]\n'
    )
    settings = load_settings(write_settings(tmp_path, text))
    figures = settings.limits.to_figures()
    assert (figures.bad_codes_per_address.most, figures.bad_codes_per_address.window.seconds) == (7, 120)
    assert figures.sign_ins_per_openid.most == 0
    assert figures.sign_ins_per_address.most == 600
    assert settings.limits.to_upstream().per_app == 9
    assert settings.gateway.to_proxies().unix


@pytest.mark.parametrize("proxies", ['["0.0.0.0/0"]', '["proxy"]', '["10.0.0.1/8"]'])
def test_a_senseless_proxy_is_told_at_start(tmp_path: Path, proxies: str) -> None:
    """With the place of the fault."""
    with pytest.raises(ConfigurationError, match=r"gateway\.trusted_proxies"):
        load_settings(write_settings(tmp_path, f"[gateway]\ntrusted_proxies = {proxies}\n"))
