"""The command line and the world it keeps in a file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from wxsim import FIRST_APPID, Fault, World, serve
from wxsim.cli import HELP
from wxsim.saved import load, save


def test_a_world_in_a_file(tmp_path: Path) -> None:
    """A saved world goes on where it was: codes, keys, tokens, consent, clock."""
    world, path = World(seed=5), tmp_path / "world.json"
    world.clock.advance(10**6)
    phone = world.phone("ming")
    used, fresh = phone.login()["code"], phone.login()["code"]
    key = world.exchange(used)["session_key"]
    token = world.access_token()
    world.pay("ming")
    phone.getPhoneNumber(tap=True)
    phone.setStorage(key="k", data=1)
    phone.getLatestUserKey()
    world.fault(Fault(name="html", path="/never"))
    save(world, path)
    again = load(path)
    assert abs(again.clock.now() - world.clock.now()) < 5
    assert again.exchange(used)["errcode"] == 40163
    assert again.exchange(fresh)["session_key"] == key
    assert again.access_token() == token
    assert again.phone("ming").getStorage(key="k")["data"] == 1
    assert again.phone("ming").login() == world.phone("ming").login()
    assert [fault.name for fault in again.faults.active] == ["html"]
    assert len(again.phone_ledger.lines) == 1
    again.set_phone(again.person("hong"), again.person("ming").phone)
    assert again.person("ming").phone is None


@pytest.mark.parametrize("text", ["", "{}", "no world", '{"version": 2}'])
def test_a_file_that_is_no_world(tmp_path: Path, text: str) -> None:
    """A broken file is refused with a reason."""
    path = tmp_path / "world.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"world"):
        load(path)


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the command line."""
    command = [sys.executable, "-m", "wxsim", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_line(tmp_path: Path) -> None:
    """``wxsim serve`` says where it is, answers, and keeps its world in a file."""
    path = str(tmp_path / "world.json")
    codes = []
    for _ in range(2):
        with start("serve", "--port", "0", "--state", path, "--seed", "9") as server:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert "模拟器" in line
            assert "simulator" in line
            url = line.split()[1]
            request = urllib.request.Request(f"{url}_wx/{FIRST_APPID}/ming/login", method="POST")  # noqa: S310 - ours
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own loopback server
                codes.append(json.loads(answer.read())["code"])
            server.send_signal(signal.SIGTERM)
            assert server.stderr is not None
            assert "Traceback" not in server.stderr.read()
    assert codes[0] != codes[1]
    assert load(Path(path)).exchange(codes[0])["openid"]


def read_first_code(*arguments: str) -> tuple[str, str]:
    """Start the command line, and return its seed and the first code it hands out."""
    with start("serve", "--port", "0", *arguments) as server:
        assert server.stdout is not None
        url, said = server.stdout.readline().split()[1], server.stdout.readline()
        request = urllib.request.Request(f"{url}_wx/{FIRST_APPID}/ming/login", method="POST")  # noqa: S310 - ours
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own loopback server
            code = json.loads(answer.read())["code"]
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=20)
    return said.split()[-1], code


def test_a_fresh_seed_each_time() -> None:
    """A restart hands out other codes, so that none was used before; the seed it prints repeats them."""
    seed, code = read_first_code()
    other_seed, other_code = read_first_code()
    assert (other_seed, other_code) != (seed, code)
    assert other_code != code
    assert read_first_code("--seed", seed) == (seed, code)


def test_the_command_line_refuses(tmp_path: Path) -> None:
    """A broken file and a taken port end with a reason, not with a traceback."""
    path = tmp_path / "world.json"
    path.write_text("x")
    with serve() as served:
        port = served.url.rsplit(":", 1)[1]
        for arguments, status in ((("--state", str(path)), 2), (("--port", port), 1)):
            with start("serve", *arguments) as server:
                _, complaint = server.communicate(timeout=20)
            assert server.returncode == status
            assert "·" in complaint
            assert "Traceback" not in complaint


def test_help_tells_a_newcomer_all() -> None:
    """The help names the doors, the app and the people, in Chinese and English."""
    for word in ("wxsim serve", "/_wx/", "/sns/jscode2session", "/_sim/clock", FIRST_APPID, "ming", "hong", "模拟器"):
        assert word in HELP
    shown = subprocess.run([sys.executable, "-m", "wxsim", "--help"], capture_output=True, text=True, check=True)
    assert "/_wx/" in shown.stdout
    assert "serve" in shown.stdout
