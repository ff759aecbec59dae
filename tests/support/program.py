"""`menjin serve` as a real program: its configuration, its process, its log."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

import wxsim
from menjin import new_vault_key
from support.ports import free_port
from support.serving import Client

START_SECONDS = 15.0
MENJIN = (str(Path(sys.executable).with_name("menjin")),)
DIRECTORY = """
MEMBERS = {{"ming": {password!r}}}


def verify(username: str, password: str) -> str | None:
    return username if MEMBERS.get(username) == password else None
"""
CONFIG = """
[[apps]]
appid = "{appid}"
app_secret = "{secret}"
sign_in = "{sign_in}"
[vault]
active = "k1"
keys.k1 = "{vault_key}"
[database]
url = "sqlite:///{folder}/menjin.db"
[wechat]
base_url = "{wechat}"
[directory]
call = "business_directory:verify"
[dev]
enabled = true
"""


def write_config(
    folder: Path,
    wechat: str,
    *,
    secret: str = wxsim.FIRST_SECRET,
    sign_in: str = "bound",
    vault_key: str = "",
    password: str = "ming's password",
) -> Path:
    """Write menjin.toml, and the business's directory beside it; return its path."""
    (folder / "business_directory.py").write_text(DIRECTORY.format(password=password), "utf-8")
    path = folder / "menjin.toml"
    text = CONFIG.format(
        appid=wxsim.FIRST_APPID,
        secret=secret,
        sign_in=sign_in,
        vault_key=vault_key or new_vault_key().reveal(),
        folder=folder,
        wechat=wechat,
    )
    path.write_text(text, "utf-8")
    return path


def clean_environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment without anybody's menjin settings, with `folder` importable."""
    whole = os.environ  # noqa: TID251 - handed on to a program
    kept = {name: value for name, value in whole.items() if not name.startswith("MENJIN_")}
    return {**kept, "PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8", **more}


@dataclass
class Program:
    """A running `menjin serve`.

    Attributes:
        log: Everything it prints, at DEBUG.
    """

    url: str
    log: Path
    process: subprocess.Popen[bytes]
    seen: list[tuple[str, str]] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    def client(self) -> Client:
        """Return a fresh client; all of them write into `seen`."""
        self.clients.append(Client(self.url, self.seen))
        return self.clients[-1]

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Send a signal to the whole process group and wait for its end; return the exit status."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        return self.process.wait(15)


@contextlib.contextmanager
def run_menjin(config: Path, log: Path, **environment: str) -> Iterator[Program]:
    """Start `menjin serve` on a free port in a process group of its own; kill it at the end."""
    port = free_port()
    command = [*MENJIN, "serve", "--config", str(config), "--port", str(port), "--log-level", "debug"]
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command,
            stdout=sink,
            stderr=sink,
            env=clean_environment(config.parent, **environment),
            start_new_session=True,
        )
    program = Program(f"http://127.0.0.1:{port}", log, process)
    try:
        wait_until_ready(program)
        yield program
    finally:
        for client in program.clients:
            client.http.close()
        program.kill()


def wait_until_ready(program: Program) -> None:
    """Return when /readyz answers 200; fail with the log when it does not."""
    end = time.monotonic() + START_SECONDS  # noqa: TID251 - a real program, real time
    while program.process.poll() is None and time.monotonic() < end:  # noqa: TID251 - the same
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(f"{program.url}/readyz", trust_env=False).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"menjin serve did not start:\n{program.log.read_text('utf-8')}")


def serve_to_the_end(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `menjin serve` with a configuration that must not start; return its exit status and output."""
    command = [*MENJIN, "serve", "--port", str(free_port()), *arguments]
    env = clean_environment(folder, **environment)
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=20, check=False)
