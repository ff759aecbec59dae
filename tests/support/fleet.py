"""Several `menjin serve` processes on one set of stores, beside a WeChat: killed and started again at will."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import wxsim
from menjin import new_vault_key
from support.ports import free_port

APPID = wxsim.FIRST_APPID
START_SECONDS = 30.0
_TESTS = Path(__file__).parents[1]
CONFIG = """
[[apps]]
appid = "{appid}"
app_secret = "{secret}"
sign_in = "{sign_in}"
[vault]
active = "k1"
keys.k1 = "{vault_key}"
[database]
url = "{database}"
[wechat]
base_url = "{wechat}"
deadline = 10000
[directory]
call = "support.broken_builds:verify"
[limits]
enabled = false
codes_at_once_per_address = 1000
codes_at_once_in_total = 1000
breaker_failures = 1000
breaker_within_seconds = 1
[dev]
enabled = true
{redis}
"""


class Zygote:
    """The warm process that services are forked from; see `support/zygote.py`."""

    def __init__(self) -> None:
        whole = os.environ
        kept = {name: value for name, value in whole.items() if not name.startswith("MENJIN_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**kept, "PYTHONPATH": str(_TESTS)},
            text=True,
        )

    def start(self, config: Path, port: int, build: str, log: Path) -> int:
        """Start a service; return its process id."""
        order = {"config": str(config), "port": port, "build": build, "log": str(log)}
        _pipe(self._process.stdin).write(json.dumps(order) + "\n")
        _pipe(self._process.stdin).flush()
        return int(_pipe(self._process.stdout).readline())

    def close(self) -> None:
        """End it and everything it started."""
        _pipe(self._process.stdin).close()
        self._process.wait(10)
        _pipe(self._process.stdout).close()


def _pipe(found: IO[str] | None) -> IO[str]:
    assert found is not None
    return found


@dataclass
class Service:
    """One process of a fleet."""

    zygote: Zygote
    config: Path
    build: str
    port: int = field(default_factory=free_port)
    pid: int = 0

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Where it prints."""
        return self.config.parent / f"menjin-{self.port}.log"

    def start(self) -> None:
        """Start it; `wait` says when it answers."""
        self.pid = self.zygote.start(self.config, self.port, self.build, self.log)

    def wait(self) -> None:
        """Return when it answers."""
        end = time.monotonic() + START_SECONDS
        while not _answers(self.port):
            if not is_alive(self.pid) or time.monotonic() > end:
                raise AssertionError(f"menjin serve did not start:\n{self.log.read_text('utf-8')[-3000:]}")
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once, and return when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        while is_alive(self.pid):
            time.sleep(0.001)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as connection:
        connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        return b" 200 " in connection.recv(64)
    return False


def is_alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass
class Fleet:
    """Services on one set of stores, and their WeChat.

    Attributes:
        folder: Where SQLite's file and the logs are.
    """

    services: list[Service]
    world: wxsim.World
    folder: Path
    config: Path

    @property
    def urls(self) -> list[str]:
        """Everybody's base URL."""
        return [service.url for service in self.services]

    def code(self, person: str) -> str:
        """Return a fresh login_code of somebody who may be new to WeChat."""
        if person not in self.world.people:
            self.world.change_person(person, phone=phone_of(person))
        found: str = self.world.phone(person, APPID).login()["code"]
        return found


def phone_of(person: str) -> str:
    """Return a mobile number that belongs to one person only."""
    return f"139{sum(ord(letter) * 31**place for place, letter in enumerate(person)) % 10**8:08d}"


def make_world(clock: wxsim.Clock | None = None, **settings: object) -> wxsim.World:
    """Return a WeChat without limits on how often one may ask."""
    free = {"exchange_calls_per_minute": 0, "client_calls_per_second": 0, "phone_trial_calls": 10**7, **settings}
    world = wxsim.World(clock=clock)
    world.handle(wxsim.Request("POST", "/_sim/settings", {}, body=json.dumps(free).encode()))
    return world


@contextlib.contextmanager
def run_fleet(
    zygote: Zygote,
    count: int,
    *,
    build: str = "",
    database: str = "",
    redis: str = "",
    sign_in: str = "open",
    world: wxsim.World | None = None,
) -> Iterator[Fleet]:
    """Run `count` services; they end with the context.

    Args:
        zygote: Where they are forked from.
        count: How many.
        build: One of `broken_builds`; the real one by default.
        database: Its URL; a SQLite file by default.
        redis: Its URL; none by default.
        sign_in: The app's.
        world: The WeChat; a new one by default.
    """
    with (
        tempfile.TemporaryDirectory(prefix="menjin-fleet-", ignore_cleanup_errors=True) as name,
        wxsim.serve(world or make_world()) as wechat,
    ):
        folder = Path(name)
        config = folder / "menjin.toml"
        text = CONFIG.format(
            appid=APPID,
            secret=wxsim.FIRST_SECRET,
            sign_in=sign_in,
            vault_key=new_vault_key().reveal(),
            database=database or f"sqlite:///{folder}/menjin.db",
            wechat=wechat.url,
            redis=f'[redis]\nurl = "{redis}"' if redis else "",
        )
        config.write_text(text, "utf-8")
        fleet = Fleet([Service(zygote, config, build) for _ in range(count)], wechat.world, folder, config)
        try:
            for number, service in enumerate(fleet.services):
                service.start()
                if not number:
                    service.wait()  # it makes the tables
            for service in fleet.services:
                service.wait()
            yield fleet
        finally:
            for service in fleet.services:
                service.kill()


@contextlib.contextmanager
def run_zygote() -> Iterator[Zygote]:
    """Have a zygote for as long as the context lasts."""
    zygote = Zygote()
    try:
        yield zygote
    finally:
        zygote.close()
