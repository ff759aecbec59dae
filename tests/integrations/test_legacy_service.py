"""`[legacy]` of the service: old clients log in at menjin itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("named", [True, False])
def test_the_service_serves_the_protocols_it_is_told_to_and_no_other(tmp_path: Path, *, named: bool) -> None:
    """A wafer2 and a weapp-session client log in below /legacy; the skey is a bearer too. Unnamed: 404."""
    world = wxsim.World()
    path = write(tmp_path, '[legacy]\nprotocols = ["wafer2", "weapp-session"]' if named else "")

    async def story() -> None:
        settings = load_settings(path)
        built = to_parts(settings)
        http = FunctionHttp(answer_from(world))
        parts = type(built)(apps=built.apps, http=http, stores=built.stores, pause=built.pause)
        menjin = AsyncMenjin(parts)
        legacy = to_legacy(settings, parts, menjin)
        app = create_app(menjin, legacy.mounts, legacy.prepare)
        async with menjin:
            await legacy.prepare()
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

    asyncio.run(story())


def test_an_unknown_protocol_is_a_fault_at_start(tmp_path: Path) -> None:
    """A misspelt name does not start."""
    with pytest.raises(ConfigurationError, match="legacy"):
        load_settings(write(tmp_path, '[legacy]\nprotocols = ["wafer3"]'))
