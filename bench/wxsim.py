"""wxsim's logins a second beside menjin's own: the simulator must not be what limits a load test of menjin.

Every figure is of this machine at this moment; the ratios are what can be quoted.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from menjin import new_vault_key
from wxsim import FIRST_APPID, FIRST_SECRET
from wxsim.bench import measure

LOGINS = 1500
AT_ONCE = 20
PEOPLE = 500


@contextmanager
def running(port: int, *argv: str) -> Iterator[str]:
    """Start a program of the project on a port and yield its URL."""
    command = [sys.executable, "-m", *argv, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            program.terminate()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def write_configuration(folder: Path, wechat: str) -> Path:
    """Write a menjin.toml for the simulator's app."""
    path = folder / "menjin.toml"
    path.write_text(
        f'[[apps]]\nappid = "{FIRST_APPID}"\napp_secret = "{FIRST_SECRET}"\n'
        f'[vault]\nactive = "k1"\n[vault.keys]\nk1 = "{new_vault_key().reveal()}"\n'
        f'[database]\nurl = "sqlite:///{folder}/menjin.db"\n[wechat]\nbase_url = "{wechat}"\n[dev]\nenabled = true\n'
    )
    return path


async def log_in(menjin: str, wechat: str) -> float:
    """Return menjin's logins a second; the codes are made before the clock starts."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http:
        await wait_until_ready(http, f"{wechat}/_sim/clock")
        await http.post(f"{wechat}/_sim/settings", json={"exchange_calls_per_minute": 0})
        await http.post(f"{wechat}/_sim/people", json={"name": "p", "count": PEOPLE})
        codes = [await make_code(http, wechat, number) for number in range(LOGINS)]
        await wait_until_ready(http, f"{menjin}/readyz")
        begun = time.perf_counter()

        async def work(first: int) -> None:
            for code in codes[first::AT_ONCE]:
                async with http.post(f"{menjin}/v1/sessions", json={"appid": FIRST_APPID, "login_code": code}) as reply:
                    reply.raise_for_status()

        await asyncio.gather(*(work(first) for first in range(AT_ONCE)))
        return LOGINS / (time.perf_counter() - begun)


async def make_code(http: aiohttp.ClientSession, wechat: str, number: int) -> str:
    """Return a login_code of one of the crowd."""
    async with http.post(f"{wechat}/_wx/{FIRST_APPID}/p{number % PEOPLE + 1}/login") as reply:
        code: str = (await reply.json())["code"]
        return code


async def wait_until_ready(http: aiohttp.ClientSession, url: str) -> None:
    """Return when a program answers."""
    for _ in range(100):
        try:
            await http.get(url)
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{url} does not answer")


def main() -> int:
    """Print the table; fail if wxsim is under three times menjin."""
    rates = measure()
    with tempfile.TemporaryDirectory() as folder, running(free_port(), "wxsim", "serve", "--seed", "1") as wechat:
        config = write_configuration(Path(folder), wechat)
        with running(free_port(), "menjin.cli", "serve", "--config", str(config)) as menjin:
            own = asyncio.run(log_in(menjin, wechat))
    print(f"wxsim in process  {rates.in_process:8,.0f} logins/s   {rates.in_process / own:5.1f} x menjin")
    print(f"wxsim over HTTP   {rates.over_http:8,.0f} logins/s   {rates.over_http / own:5.1f} x menjin")
    share = rates.over_http * 2 / rates.bare_requests
    print(f"bare server       {rates.bare_requests:8,.0f} requests/s; wxsim answers {share:.2f} of that")
    print(f"menjin            {own:8,.0f} logins/s   (SQLite, one process, {AT_ONCE} at once)")
    return 0 if rates.over_http >= 3 * own else 1


if __name__ == "__main__":
    sys.exit(main())
