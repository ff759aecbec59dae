"""Programs that a test starts, hurts and ends: each in a throw-away folder, unprivileged, gone when the tests are."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from support.ports import free_port

_NOBODY = 65534
_STARTS_WITHIN = 30.0
_STOPS_WITHIN = 5.0
# A child dies with the thread that made it (--pdeathsig): this one lives as long as the tests.
_STARTER = ThreadPoolExecutor(1, "starter")


def find_program(name: str, *folders: str) -> str:
    """Return a program's path, from PATH, /usr/sbin or `folders` (globs, the last match wins).

    Skips the test if there is none; fails it where CI is set: there, scripts/servers must have installed it.
    """
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    others = [str(match) for folder in folders for match in sorted(Path("/").glob(folder.lstrip("/") + "/" + name))]
    if found is None and not others:
        reason = f"{name} is not installed; scripts/servers installs it (as root, by apt-get)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return others[-1] if others else str(found)


def make_folder(name: str) -> Path:
    """Make a folder that the unprivileged user owns; pytest's own are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix=f"menjin-{name}-"))
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
    return folder


def unprivileged(*command: str | Path) -> list[str]:
    """Return the command so that it does not run as root, and dies with the tests."""
    given = [str(part) for part in command]
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return given
    drop = [f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    return [setpriv, *drop, "--pdeathsig", "KILL", *given]


def run_once(folder: Path, *command: str | Path) -> None:
    """Run a preparing command in `folder`, unprivileged; its output shows if it fails."""
    done = subprocess.run(
        unprivileged(*command), cwd=folder, env=_environment(folder), capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout.decode()}{done.stderr.decode()}")


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin", "HOME": str(folder), "LC_ALL": "C"}


class Server:
    """A started program that can be killed, paused and started again on the same port and folder.

    Args:
        name: For its folder.
        command: What to run; made from port and folder.
        is_ready: Whether it answers; asked until it does.
    """

    stop_signal = signal.SIGTERM

    def __init__(
        self,
        name: str,
        command: Callable[[int, Path], Sequence[str | Path]],
        is_ready: Callable[[int], bool],
        *,
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self.port = free_port()
        self.folder = folder or make_folder(name)
        self._command = command
        self._is_ready = is_ready
        self._process: subprocess.Popen[bytes] | None = None
        self._start_somewhere()

    @property
    def pid(self) -> int:
        """The program's process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and return when it answers; nothing if it runs."""
        if self._process is not None:
            return
        command = unprivileged(*self._command(self.port, self.folder))
        self._process = _STARTER.submit(self._spawn, command).result()
        until = time.monotonic() + _STARTS_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"{self.name} does not start:\n{self.log()}")
            time.sleep(0.01)

    def _start_somewhere(self) -> None:
        """Start the first time; somebody may have taken the port since it was found free."""
        for _ in range(2):
            try:
                self.start()
            except RuntimeError:
                self.port = free_port()
            else:
                return
        self.start()

    def log(self) -> str:
        """Return the end of what it printed."""
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """End it as an operator would; nothing if it is not running."""
        if self._process is None:
            return
        self.resume()
        self._process.send_signal(self.stop_signal)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self.kill()

    def kill(self) -> None:
        """End it and its children at once, as a power cut would (what the system's page cache holds survives)."""
        if self._process is None:
            return
        for pid in (self.pid, *_descendants(self.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Kill it and start it again: same port, same data."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Freeze it and its children: connections stay open, nothing answers."""
        self._signal(signal.SIGSTOP)
        until = time.monotonic() + _STOPS_WITHIN
        while not all(map(_is_stopped, (self.pid, *_descendants(self.pid)))):
            if time.monotonic() > until:
                pytest.fail(f"{self.name} does not stop")
            time.sleep(0.005)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal(signal.SIGCONT)

    def resume_or_start(self) -> None:
        """Have it running again, whatever was done to it."""
        if self._process is None:
            self.start()
        else:
            self.resume()

    def remove(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        for pid in (self.pid, *_descendants(self.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=_environment(self.folder),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def _answers(self) -> bool:
        try:
            return self._is_ready(self.port)
        except OSError:
            return False


def ask(port: int, question: bytes, expected: bytes) -> bool:
    """Whether what listens on the port answers `question` with something that has `expected` in it."""
    with socket.create_connection(("127.0.0.1", port), 1) as connection:
        connection.sendall(question)
        return expected in connection.recv(4096)


def _is_stopped(pid: int) -> bool:
    """Whether every thread has come to its stop; one that is running a moment longer may still answer."""
    try:
        states = [
            thread.joinpath("stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
            for thread in Path(f"/proc/{pid}/task").iterdir()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return all(state in "TtZX" for state in states)


def _descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, todo = [], [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found
