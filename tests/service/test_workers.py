"""`menjin serve` with an internal listener and several workers, as a program; and the commands beside it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

import wxsim
from support.internal import APPID, REPORT_PATH, TOKEN_PATH, send
from support.ports import free_port
from support.program import MENJIN, clean_environment, wait_until_ready, write_config
from support.program import Program as RunningProgram

PATIENCE = 15.0
EVERYTHING = ("--app", "*", "--scope", "access_token:read", "--scope", "access_token:report")


@dataclass
class Fleet:
    """Workers of one program, and its commands.

    Attributes:
        printed: Everything the commands printed.
    """

    program: RunningProgram
    internal: str
    config: Path
    wechat: wxsim.Served
    printed: list[str] = field(default_factory=list)

    def menjin(self, *words: str, status: int = 0) -> str:
        """Run a command beside the program; return what it printed."""
        command = [*MENJIN, *words, "--config", str(self.config)]
        env = clean_environment(self.config.parent)
        ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == status, ran.stderr
        self.printed += [ran.stdout, ran.stderr]
        return ran.stdout if not status else ran.stderr

    def add_client(self, name: str = "orders") -> tuple[str, str]:
        """Add a client; return its id and its credential."""
        made = json.loads(self.menjin("clients", "add", name, *EVERYTHING, "--json"))
        return made["client_id"], made["credential"]

    def read(self, credential: str) -> httpx2.Response:
        """GET the access_token."""
        return send("GET", f"{self.internal}{TOKEN_PATH}", credential)

    def workers(self) -> list[int]:
        """Return the workers' process ids, as the log tells them."""
        told = re.findall(r"Started server process \[(\d+)\]", self.program.log.read_text("utf-8"))
        return [pid for pid in map(int, told) if is_alive(pid)]


def is_alive(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    return False


def wait_for(what: str, found: Any) -> None:  # noqa: ANN401 - a function without arguments
    """Return once `found()` is true; fail after a while."""
    end = time.monotonic() + PATIENCE  # noqa: TID251 - a real program, real time
    while time.monotonic() < end:  # noqa: TID251 - the same
        if found():
            return
        time.sleep(0.05)
    raise AssertionError(what)


@contextlib.contextmanager
def run_fleet(folder: Path, workers: int = 2) -> Iterator[Fleet]:
    """Start the program with an internal listener."""
    port, inside = free_port(), free_port()
    with wxsim.serve() as wechat:
        config, log = write_config(folder, wechat.url), folder / "menjin.log"
        words = ["--config", str(config), "--port", str(port), "--internal-port", str(inside), "--log-level", "debug"]
        with log.open("ab") as sink:
            process = subprocess.Popen(
                [*MENJIN, "serve", *words, "--workers", str(workers)],
                stdout=sink,
                stderr=sink,
                env=clean_environment(folder),
                start_new_session=True,
            )
        fleet = Fleet(
            RunningProgram(f"http://127.0.0.1:{port}", log, process), f"http://127.0.0.1:{inside}", config, wechat
        )
        try:
            wait_until_ready(fleet.program)
            wait_for("not all workers came up", lambda: len(fleet.workers()) == workers)
            yield fleet
        finally:
            fleet.program.kill()


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Two workers."""
    with run_fleet(tmp_path) as found:
        yield found


def test_every_worker_hands_out_the_one_token(fleet: Fleet) -> None:
    """Any number of requests, over whichever worker: one token, one call to WeChat, one line of audit, all counted."""
    client_id, credential = fleet.add_client()
    answers = [fleet.read(credential) for _ in range(40)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_token"] for answer in answers}) == 1
    paths = [entry.path for entry in fleet.wechat.world.journal.entries if entry.door == "server"]
    assert paths.count("/cgi-bin/stable_token") == 1
    log = fleet.program.log.read_text("utf-8")
    assert log.count(f"access_token read client={client_id} name=orders appid={APPID} generation=1") == 1
    told = send("GET", f"{fleet.internal}/metrics").text
    assert f'menjin_access_token_reads_total{{appid="{APPID}",client="orders"}} 40.0' in told
    assert send("GET", f"{fleet.program.url}/metrics").status_code == 404
    assert send("GET", f"{fleet.program.url}{TOKEN_PATH}", credential).status_code == 404


def test_a_revoked_client_is_refused_by_every_worker_within_a_second(fleet: Fleet) -> None:
    """Revoked from the command line while the program runs."""
    client_id, credential = fleet.add_client()
    assert {fleet.read(credential).status_code for _ in range(10)} == {200}
    fleet.menjin("clients", "revoke", client_id)
    time.sleep(1)
    assert {fleet.read(credential).status_code for _ in range(20)} == {401}


def test_a_killed_worker_is_replaced(fleet: Fleet) -> None:
    """After kill -9 of each worker the program serves again, with as many, and the token is the same."""
    _, credential = fleet.add_client()
    before = fleet.read(credential).json()["access_token"]
    gone = fleet.workers()
    for pid in gone:
        os.kill(pid, signal.SIGKILL)
    wait_for("no new workers", lambda: len(fleet.workers()) == 2 and not set(fleet.workers()) & set(gone))
    wait_until_ready(fleet.program)
    assert fleet.read(credential).json()["access_token"] == before


def test_workers_end_with_their_program(tmp_path: Path) -> None:
    """At SIGTERM in good order, with status 0; and when the program is killed, they do not stay behind."""
    for name in ("ended", "killed"):  # each with a vault key of its own
        (tmp_path / name).mkdir()
    with run_fleet(tmp_path / "ended") as fleet:
        workers = fleet.workers()
        os.kill(fleet.program.process.pid, signal.SIGTERM)
        assert fleet.program.process.wait(PATIENCE) == 0
        assert not any(map(is_alive, workers))
    with run_fleet(tmp_path / "killed") as fleet:
        workers = fleet.workers()
        os.kill(fleet.program.process.pid, signal.SIGKILL)
        wait_for("workers stay behind", lambda: not any(map(is_alive, workers)))


def test_tokens_are_shown_and_renewed_without_being_printed(fleet: Fleet) -> None:
    """`tokens status` and `renew` tell ages, ends and causes; a dry run calls nothing; --force replaces the token."""
    _, credential = fleet.add_client()
    assert json.loads(fleet.menjin("tokens", "status", "--json"))[0]["state"] == "none"
    before = fleet.read(credential).json()["access_token"]
    (status,) = json.loads(fleet.menjin("tokens", "status", "--json"))
    assert (status["appid"], status["state"], status["generation"], status["last_cause"]) == (APPID, "fresh", 1, "cold")
    assert 7000 < status["remaining_seconds"] <= 7200
    assert "remaining_seconds" in fleet.menjin("tokens", "status")
    dry = json.loads(fleet.menjin("tokens", "renew", APPID, "--force", "--dry-run", "--json"))
    assert (dry["dry_run"], dry["generation"]) == (True, 1)
    assert json.loads(fleet.menjin("tokens", "status", "--json"))[0]["calls_today"] == 1
    plain = json.loads(fleet.menjin("tokens", "renew", APPID, "--json"))
    assert (plain["is_new"], plain["generation"]) == (False, 1)
    forced = json.loads(fleet.menjin("tokens", "renew", APPID, "--force", "--json"))
    assert (forced["is_new"], forced["generation"]) == (True, 2)
    wait_for("old token", lambda: fleet.read(credential).json()["access_token"] != before)
    after = fleet.read(credential).json()["access_token"]
    assert not [text for text in fleet.printed if before in text or after in text]
    assert "not an app" in fleet.menjin("tokens", "renew", "wx" + "0" * 16, status=2)


def test_credentials_and_tokens_stay_out_of_the_log(fleet: Fleet) -> None:
    """At DEBUG, with good and bad requests: neither credential nor token is in the log or in clear in the database."""
    _, credential = fleet.add_client()
    token = fleet.read(credential).json()["access_token"]
    send("POST", f"{fleet.internal}{REPORT_PATH}", credential, json={"access_token": token})
    send("POST", f"{fleet.internal}{REPORT_PATH}", credential, content=f'{{"access_token": "{token}", "x": 1}}')
    send("GET", f"{fleet.internal}/v1/apps/{credential}/access-token", credential)
    send("GET", f"{fleet.internal}{TOKEN_PATH}?secret={credential}&access_token={token}")
    files = [path for path in fleet.config.parent.glob("menjin.*") if path.suffix != ".toml"]
    assert len(files) > 1
    kept = b"".join(path.read_bytes() for path in files)
    assert b"access_token read client=" in kept  # control: the log was read
    for secret in (credential, credential[4:], token, token[3:]):
        assert secret.encode() not in kept


def test_every_listener_of_every_worker_bounds_a_head(fleet: Fleet) -> None:
    """An endless header is refused on both ports, over whichever worker; a request to upgrade is plain HTTP."""
    for url in (fleet.program.url, fleet.internal):
        host, _, port = url.removeprefix("http://").partition(":")
        for _ in range(4):
            with socket.create_connection((host, int(port)), PATIENCE) as endless:
                endless.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 80_000)
                assert endless.recv(100).startswith(b"HTTP/1.1 431 ")
        with socket.create_connection((host, int(port)), PATIENCE) as upgrading:
            asked = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            upgrading.sendall(b"GET /healthz?x=CANARY HTTP/1.1\r\nHost: x\r\n" + asked + b"\r\n")
            assert upgrading.recv(100).startswith(b"HTTP/1.1 200 ")
    assert "CANARY" not in fleet.program.log.read_text("utf-8")
