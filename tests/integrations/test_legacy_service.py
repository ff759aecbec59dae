"""`[legacy]` of the service: old clients log in at menjin itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from starlette.types import ASGIApp

import wxsim
from menjin import AsyncMenjin, FunctionHttp, new_vault_key
from menjin.errors import ConfigurationError
from menjin.service.app import create_app
from menjin.service.legacy import to_legacy
from menjin.service.settings import load_settings, to_parts
from support.doors import answer_from
from support.legacy import call
from support.legacy_clients import Wafer2Client, WeappSessionClient


def write(folder: Path, legacy: str) -> Path:
    """Write a configuration."""
    found = folder / "menjin.toml"
    found.write_text(f"""
        [[apps]]
        appid = "{wxsim.FIRST_APPID}"
        app_secret = "{wxsim.FIRST_SECRET}"
        [vault]
        active = "k1"
        keys = {{ k1 = "{new_vault_key().reveal()}" }}
        [database]
        url = "sqlite:///{folder / "menjin.db"}"
        [dev]
        enabled = true
        {legacy}
    """)
    return found


@asynccontextmanager
async def serve(path: Path, world: wxsim.World) -> AsyncIterator[ASGIApp]:
    """Serve a configuration, with WeChat's place taken by the simulator."""
    settings = load_settings(path)
    built = to_parts(settings)
    http = FunctionHttp(answer_from(world))
    parts = type(built)(apps=built.apps, http=http, stores=built.stores, pause=built.pause)
    menjin = AsyncMenjin(parts)
    legacy = to_legacy(settings, parts, menjin)
    app = create_app(menjin, legacy.mounts, legacy.prepare, settings.gateway.to_proxies())
    async with menjin:
        await legacy.prepare()
        yield app


@pytest.mark.parametrize("named", [True, False])
def test_the_service_serves_the_protocols_it_is_told_to_and_no_other(tmp_path: Path, *, named: bool) -> None:
    """A wafer2 and a weapp-session client log in below /legacy; the skey is a bearer too. Unnamed: 404."""
    world = wxsim.World()
    path = write(tmp_path, '[legacy]\nprotocols = ["wafer2", "weapp-session"]' if named else "")

    async def story() -> None:
        async with serve(path, world) as app:
            base = f"/legacy/wafer2/{wxsim.FIRST_APPID}"
            if not named:
                assert (await call(app, f"{base}/login")).status == 404
                return
            client = Wafer2Client(app, world.phone("ming"), f"{base}/login")
            found = await client.login()
            assert (await client.request(f"{base}/user")).json() == {"code": 0, "data": found}
            assert client.session
            bearer = {"Authorization": f"Bearer {client.session['skey']}"}
            assert (await call(app, "/v1/session", bearer)).status == 200
            older = WeappSessionClient(app, world.phone("ming"))
            answer = await older.request(f"/legacy/weapp-session/{wxsim.FIRST_APPID}/user")
            assert answer.json()["data"]["openId"] == found["openId"]
            assert (await call(app, f"/legacy/wafer/{wxsim.FIRST_APPID}/login")).status == 404
            for nowhere in ("/legacy/wafer2/wx0000000000000000/login", "/legacy/wafer2//login", f"{base}x/login", base):
                missing = await call(app, nowhere)
                assert (missing.status, missing.json()["code"]) == (404, "not_found")

    asyncio.run(story())


@pytest.mark.parametrize("protocol", ["weapp-session", "wafer", "wafer2"])
@pytest.mark.parametrize("proxies", ["", '[gateway]\ntrusted_proxies = ["127.0.0.1"]'])
def test_bad_codes_of_all_doors_are_one_count(
    tmp_path: Path, protocol: str, proxies: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Thirty by an old protocol close POST /v1/sessions to the same client, and the other way; not to its neighbour.

    Control: behind a proxy that nobody configured, nobody is stopped.
    """
    world = wxsim.World()
    path = write(tmp_path, f'[legacy]\nprotocols = ["{protocol}"]\n{proxies}')
    door = f"/legacy/{protocol}/{wxsim.FIRST_APPID}/login"

    def bad_code(number: int, address: str) -> dict[str, str]:
        proof = {"X-WX-RawData": "%7B%7D", "X-WX-Signature": "0" * 40}
        cipher = {"X-WX-Encrypted-Data": "A" * 64, "X-WX-IV": "A" * 22 + "=="}
        return {"X-WX-Code": f"{number:032d}", "X-Forwarded-For": address} | proof | cipher

    async def story() -> None:
        async with serve(path, world) as app:
            for number in range(30):
                assert "retry-after" not in (await call(app, door, bad_code(number, "8.8.8.8"))).headers
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://menjin") as client:

                async def present(number: int, address: str) -> int:
                    body = {"appid": wxsim.FIRST_APPID, "login_code": f"{number:032d}"}
                    headers = {"X-Forwarded-For": address}
                    return (await client.post("/v1/sessions", json=body, headers=headers)).status_code

                assert await present(30, "8.8.8.8") == (429 if proxies else 400)
                for number in range(31, 61):
                    assert await present(number, "9.9.9.9") == 400
            refused = await call(app, door, bad_code(61, "9.9.9.9"))
            assert ("retry-after" in refused.headers) == bool(proxies)
            assert "retry-after" not in (await call(app, door, bad_code(62, "1.1.1.1"))).headers

    asyncio.run(story())
    # Without proxies the service says so when it starts, once for all: no protocol says it again.
    assert "trusted_proxies" not in caplog.text


def test_an_unknown_protocol_is_a_fault_at_start(tmp_path: Path) -> None:
    """A misspelt name does not start."""
    with pytest.raises(ConfigurationError, match="legacy"):
        load_settings(write(tmp_path, '[legacy]\nprotocols = ["wafer3"]'))
