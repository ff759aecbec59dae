"""A flood of bad login_codes through a trusted proxy, beside people who just want to log in.

Three processes: `menjin serve` with a configuration file, `wxsim serve`, and this one, which is the proxy's
place: it sends X-Forwarded-For from 127.0.0.1. What counts is the share of the good logins that succeed.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp

import wxsim
from menjin import new_vault_key
from support.lean_http import LeanHttp
from support.ports import free_port

_PEOPLE = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """One trial.

    Attributes:
        bad: Bad codes a second, from so many `addresses`.
        good: Good logins a second, each from an address of its own.
        wechat_delay: Seconds WeChat takes for an exchange; with `per_app` calls at once it bounds what WeChat bears.
        bad_most: bad_codes_per_address a minute.
        are_limits_on: The control has them off.
    """

    seconds: int = 60
    bad: int = 1000
    addresses: int = 100
    good: int = 50
    wechat_delay: float = 0.05
    per_app: int = 50
    bad_most: int = 30
    are_limits_on: bool = True


# WeChat bears 40 exchanges a second here: the flood alone is three times that.
SCALED = Plan(seconds=5, bad=60, addresses=10, good=5, wechat_delay=0.2, per_app=4, bad_most=3)


@dataclass(slots=True)
class Tally:
    """What came back, by status; 0 for no answer in ten seconds."""

    good: Counter[int] = field(default_factory=Counter)
    bad: Counter[int] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        """The share of the good logins that succeeded."""
        return self.good[201] / max(1, self.good.total())


@dataclass(frozen=True, slots=True)
class _Doors:
    menjin: LeanHttp
    wechat: LeanHttp


def run(plan: Plan) -> Tally:
    """Run a trial."""
    with tempfile.TemporaryDirectory(prefix="menjin-soak-") as folder, _serve(plan, Path(folder)) as (menjin, wechat):
        return asyncio.run(_flood(plan, menjin, wechat))


async def _flood(plan: Plan, menjin: int, wechat: int) -> Tally:
    tally, doors = Tally(), _Doors(LeanHttp(menjin), LeanHttp(wechat))
    await _prepare(plan, menjin, wechat)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_send_good(plan, doors, tally))
            group.create_task(_send_bad(plan, doors, tally))
    finally:
        doors.menjin.close()
        doors.wechat.close()
    return tally


async def _prepare(plan: Plan, menjin: int, wechat: int) -> None:
    control = f"http://127.0.0.1:{wechat}/_sim"
    async with aiohttp.ClientSession() as http:
        await _wait_for(http, f"http://127.0.0.1:{menjin}/readyz")
        people = {"name": "guest", "count": _PEOPLE}
        delay = {"name": "delay", "path": "/sns/jscode2session", "times": None, "seconds": plan.wechat_delay}
        for name, told in (("people", people), ("faults", delay)):
            async with http.post(f"{control}/{name}", json=told) as answer:
                answer.raise_for_status()


async def _send_good(plan: Plan, doors: _Doors, tally: Tally) -> None:
    async def log_in(number: int) -> None:
        person = f"guest{number % _PEOPLE + 1}"
        given = await doors.wechat.post(f"/_wx/{wxsim.FIRST_APPID}/{person}/login")
        if not given.status:
            return  # no code, no login: this is wxsim's matter
        address = f"100.99.{number // 200 % 200}.{number % 200 + 1}"
        tally.good[await _present(doors, json.loads(given.body)["code"], address)] += 1

    async with asyncio.TaskGroup() as group:
        async for number in _ticks(plan.good, plan.seconds):
            group.create_task(log_in(number))


async def _send_bad(plan: Plan, doors: _Doors, tally: Tally) -> None:
    async def try_one(number: int) -> None:
        address = f"198.51.100.{number % plan.addresses + 1}"
        tally.bad[await _present(doors, f"0{number:031d}", address)] += 1

    async with asyncio.TaskGroup() as group:
        async for number in _ticks(plan.bad, plan.seconds):
            group.create_task(try_one(number))


async def _present(doors: _Doors, code: str, address: str) -> int:
    body = f'{{"appid": "{wxsim.FIRST_APPID}", "login_code": "{code}"}}'.encode()
    answer = await doors.menjin.post("/v1/sessions", body, f"X-Forwarded-For: {address}\r\n")
    return answer.status


async def _ticks(rate: int, seconds: int) -> AsyncIterator[int]:
    """Count, `rate` a second whatever becomes of what is counted."""
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), 0
    while sent < rate * seconds:
        due = min(rate * seconds, int((loop.time() - began) * rate) + 1)
        for number in range(sent, due):
            yield number
        sent = due
        await asyncio.sleep(0.01)


async def _wait_for(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                async with http.get(url) as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


@contextmanager
def _serve(plan: Plan, folder: Path) -> Iterator[tuple[int, int]]:
    menjin, wechat = free_port(), free_port()
    config = folder / "menjin.toml"
    config.write_text(_write_config(plan, folder, wechat), "utf-8")
    quiet = ("--log-level", "error")
    commands = (
        ["from wxsim.cli import main; main()", "serve", "--port", str(wechat), "--seed", "1"],
        ["from menjin.cli import main; main()", "serve", "--config", str(config), "--port", str(menjin), *quiet],
    )
    running: list[subprocess.Popen[bytes]] = []
    try:
        for code, *arguments in commands:
            command = [sys.executable, "-c", code, *arguments]
            running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        yield menjin, wechat
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(20)


def _write_config(plan: Plan, folder: Path, wechat: int) -> str:
    lines = [
        "[[apps]]",
        f'appid = "{wxsim.FIRST_APPID}"',
        f'app_secret = "{wxsim.FIRST_SECRET}"',
        "[vault]",
        'active = "k1"',
        f'keys.k1 = "{new_vault_key().reveal()}"',
        "[database]",
        f'url = "sqlite:///{folder / "menjin.db"}"',
        "[wechat]",
        f'base_url = "http://127.0.0.1:{wechat}"',
        "[dev]",
        "enabled = true",
        "[gateway]",
        'trusted_proxies = ["127.0.0.1/32"]',
        "[limits]",
        f"enabled = {str(plan.are_limits_on).lower()}",
        f"wechat_calls_per_app = {plan.per_app}",
        f"bad_codes_per_address = {{most = {plan.bad_most}, seconds = 60}}",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run it whole and say whether it holds."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--control", action="store_true", help="with the limits off")
    parser.add_argument("--seconds", type=int, default=0, help="shorter or longer than the plan")
    parser.add_argument("--bad", type=int, default=0, help="another number of bad codes a second")
    parser.add_argument("--scaled", action="store_true", help="as the tests run it")
    given = parser.parse_args()
    plan = replace(SCALED if given.scaled else Plan(), are_limits_on=not given.control)
    plan = replace(plan, seconds=given.seconds or plan.seconds, bad=given.bad or plan.bad)
    tally = run(plan)
    print(plan)  # noqa: T201 - a program's output
    print(f"good {dict(tally.good)}  bad {dict(tally.bad)}  share of the good {tally.share:.4f}")  # noqa: T201 - the same
    sys.exit(0 if tally.share >= 0.99 else 1)


if __name__ == "__main__":
    main()
