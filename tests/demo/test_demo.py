"""scripts/demo as its reader runs it: the walk, the server, the lines to paste, the clock, the taken port."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from support.ports import free_port

ROOT = Path(__file__).parents[2]
DEMO = str(ROOT / "scripts" / "demo")
HOPS = [
    "wx.login",
    "POST /v1/sessions",
    "GET /sns/jscode2session",
    "201",
    "我是谁",
    "wx.getPhoneNumber",
    "POST /v1/phone",
    "POST /v1/binding",
    "verify_password",
    "第二次登录",
    "wx.login",
    "bound",
    "退出",
    "signed_out",
    "走完了",
]
SECRETS_SHOWN = re.compile(r"mjs_[A-Za-z0-9_-]{43}|01010101010101010101010101010101|door-keeper")


@pytest.mark.parametrize("mode", ["bound", "open"])
def test_the_walk_prints_every_hop_in_order(mode: str) -> None:
    """--walk exits 0 with the hops in their order, and shows no secret whole."""
    ended = subprocess.run(
        [DEMO, "--walk", "--app-mode", mode], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert ended.returncode == 0, ended.stderr
    at = 0
    for hop in HOPS:
        found = ended.stdout.find(hop, at)
        assert found >= 0, f"{hop} is missing, or out of order"
        at = found + 1
    assert not SECRETS_SHOWN.search(ended.stdout)
    # Signing in, binding and signing in again each hand out another token, and one sees it.
    shown = re.findall(r"session_token: (.+)", ended.stdout)
    assert len(set(shown)) == len(shown) == 3
    assert ("binding: required" in ended.stdout) == (mode == "bound")


class Demo:
    """A running scripts/demo.

    Args:
        process: In a process group of its own.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.began = time.monotonic()  # noqa: TID251 - a real program, real time
        self.text = ""
        self.greeted = threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.text += line
            if line.startswith("# 7"):
                self.greeted.set()

    @property
    def curl(self) -> str:
        """The lines to paste."""
        return self.text[self.text.index("# 1") :]


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[Demo]:
    """Run the demo's server until it has greeted; kill it at the end."""
    command = [DEMO, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, start_new_session=True
    ) as process:
        demo = Demo(process)
        try:
            assert demo.greeted.wait(20), demo.text
            yield demo
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)
            demo.reader.join(5)


def test_the_server_starts_in_time_on_the_ports_it_is_told(tmp_path: Path) -> None:
    """A second start prints its URL within 3 s; `/` answers; the printed lines can be pasted; it stops cleanly."""
    port, wechat_port = free_port(), free_port()
    with running("--port", str(port), "--wechat-port", str(wechat_port)) as demo:
        took = time.monotonic() - demo.began  # noqa: TID251 - a real program, real time
        # Beside other work on the same cores, what counts is the work it did itself.
        assert min(took, worked(demo.process.pid)) < 3
        url = f"http://127.0.0.1:{port}"
        assert f"{url}/" in demo.text
        assert f"http://127.0.0.1:{wechat_port}/" in demo.text
        page = httpx2.get(f"{url}/", trust_env=False)
        assert (page.status_code, "menjin" in page.text) == (200, True)
        check_pasted(demo.curl, tmp_path)
    assert demo.process.returncode == 0


def worked(pid: int) -> float:
    """Return the seconds of CPU that a process and those it has waited for have used; infinite where nobody knows."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return float("inf")
    ticks = stat.read_text().rpartition(")")[2].split()[11:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def check_pasted(lines: str, folder: Path) -> None:
    """Paste the printed lines into bash; they must end with a bound login and then 401 signed_out."""
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    time.sleep(0.2)  # the last printed line may still be on its way through the pipe
    env = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}  # noqa: TID251 - handed on to a program
    ended = subprocess.run(
        ["bash"], input=lines, capture_output=True, text=True, timeout=30, check=False, cwd=folder, env=env
    )
    assert ended.returncode == 0, ended.stderr
    told = ended.stdout + ended.stderr
    assert '"phone_number":"+8613800138000"' in told
    silent, refused = ended.stdout.rindex('"binding":"bound"'), ended.stdout.rindex('"code":"signed_out"')
    assert silent < refused
    assert '"status":401' in ended.stdout[silent:]


def test_one_clock_for_both(tmp_path: Path) -> None:
    """Putting WeChat's clock forward by eight days puts menjin's forward too: the session has expired."""
    assert tmp_path.is_dir()
    with running("--port", "0", "--wechat-port", "0", "--app-mode", "open") as demo:
        _page, menjin, wechat = re.findall(r"http://127\.0\.0\.1:\d+", demo.text)[:3]
        with httpx2.Client(trust_env=False) as http:
            code = http.post(f"{wechat}/_wx/wxde30000000000001/ming/login").json()["code"]
            body = {"appid": "wxde30000000000001", "login_code": code}
            token = http.post(f"{menjin}/v1/sessions", json=body).json()["session_token"]
            headers = {"Authorization": f"Bearer {token}"}
            assert http.get(f"{menjin}/v1/session", headers=headers).status_code == 200
            http.post(f"{wechat}/_sim/clock", json={"advance": 700000})
            assert http.get(f"{menjin}/v1/session", headers=headers).json()["code"] == "session_expired"


@pytest.mark.parametrize("option", ["--port", "--wechat-port"])
def test_a_taken_port_is_told_in_one_line(option: str) -> None:
    """A port somebody else has: one clear line that names it in both languages, exit 1, no trace."""
    other = "--wechat-port" if option == "--port" else "--port"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [DEMO, option, port, other, "0"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=ROOT)
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert f"端口 {port}" in ended.stderr
    assert f"port {port}" in ended.stderr
    assert "--port 0" in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
