"""redis-server for tests: on a free port, in a throw-away folder, killed, frozen and started again at will."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

from support.ports import free_port

_STARTS_WITHIN = 20.0


class RedisServer:
    """A redis-server, keeping nothing on disk unless `options` say so.

    Args:
        options: Further words of its command line, such as `--appendonly yes`.
        sentinel_config: Makes it a sentinel; the file begins with `port`.
    """

    def __init__(self, *options: str, sentinel_config: str | None = None) -> None:
        program = shutil.which("redis-server")
        if program is None:
            reason = "redis-server is not installed; scripts/servers installs it (as root, by apt-get)"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="menjin-redis-"))
        quiet = ("--save", "", "--appendonly", "no", "--loglevel", "warning", "--dir", str(self.folder))
        self._command = (program, "--port", str(self.port), "--bind", "127.0.0.1", *quiet, *options)
        if sentinel_config is not None:
            self.port = int(sentinel_config.split()[1])
            file = self.folder / "sentinel.conf"
            file.write_text(f"bind 127.0.0.1\n{sentinel_config}")
            self._command = (program, str(file), "--sentinel")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """Of database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start and return when it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=self.folder, stdout=log, stderr=log)
        until = time.monotonic() + _STARTS_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Freeze it: connections stay open, nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        """Empty every database."""
        assert ask(self.port, b"FLUSHALL\r\n", b"+OK")

    def remove(self) -> None:
        """Kill it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        with suppress(OSError):
            return ask(self.port, b"PING\r\n", b"+PONG")
        return False


def ask(port: int, question: bytes, expected: bytes) -> bool:
    """Whether what listens on the port answers `question` with something that has `expected` in it."""
    with socket.create_connection(("127.0.0.1", port), 2) as connection:
        connection.sendall(question)
        return expected in connection.recv(65536)
