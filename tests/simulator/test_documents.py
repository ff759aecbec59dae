"""The documents: FIDELITY.md knows every knob, the README's examples work as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wxsim import World, serve
from wxsim.phone.hand import APIS
from wxsim.server.call import ENDPOINTS

HOME = Path(__file__).parents[2] / "simulator"


READMES = {name: (HOME / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")}


def test_every_endpoint_is_in_the_readme() -> None:
    """The README lists the server API and the calls of wx a login touches."""
    text = re.sub(r"(/\S*?)\{([^}]*)\}", _spread, READMES["README.md"]).replace(
        "clear_quota[/v2]", "clear_quota clear_quota/v2"
    )
    missing = [path for path in ENDPOINTS if path.split("/", 2)[2] not in text and "callbackip" not in path]
    assert missing == []
    for name in ("login", "checkSession", "getPhoneNumber", "getUserProfile"):
        assert name in APIS
        assert name in text


def _spread(match: re.Match[str]) -> str:
    return " ".join(match[1] + part for part in match[2].split(","))


def blocks(name: str, language: str) -> list[str]:
    """Return the code blocks of a language in a README."""
    return re.findall(rf"```{language}\n(.*?)```", READMES[name], re.DOTALL)


def run(command: list[str], world: World, text: str | None = None) -> str:
    """Run a program against a served world and return what it prints."""
    with serve(world) as served:
        environment = {**os.environ, "WXSIM": served.url}  # noqa: TID251 - a child needs the PATH it would have
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, env=environment, timeout=240, check=False
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


def need(program: str) -> str:
    """Return the path of a program, or skip."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"no {program} on this machine")
    return found


def logged_in(world: World, printed: str) -> None:
    """Check that somebody was logged in and that the example showed it."""
    assert world.identities.openid("wxde30000000000001", "ming") in printed
    assert world.journal.find(door="server")[0].status == 200


@pytest.mark.parametrize("name", READMES)
def test_curl(name: str) -> None:
    """The login in curl works as it stands."""
    need("curl")
    world = World()
    logged_in(world, run([need("sh")], world, blocks(name, "sh")[1]))


@pytest.mark.parametrize("name", READMES)
def test_control_in_curl(name: str) -> None:
    """The control calls in curl work as they stand."""
    need("curl")
    world = World()
    run([need("sh")], world, blocks(name, "sh")[2])
    assert world.person("lan").answers == {"getPhoneNumber": "refuse"}
    assert world.app("wxde30000000000001").open_platform == "op1"
    assert world.faults.active[0].times == 2
    assert [entry.status for entry in world.journal.find(door="control")] == [200] * 4


@pytest.mark.parametrize("name", READMES)
def test_node(name: str) -> None:
    """The login in Node works as it stands."""
    world = World()
    logged_in(world, run([need("node"), "--input-type=module", "-"], world, blocks(name, "js")[0]))


@pytest.mark.parametrize("name", READMES)
def test_python(name: str) -> None:
    """The login in Python works as it stands."""
    printed = run([sys.executable, "-"], World(), blocks(name, "python")[0])
    assert "session_key" in printed
    assert "encryptedData" in printed


def test_go(tmp_path: Path) -> None:
    """The login in Go works as it stands."""
    program = tmp_path / "login.go"
    program.write_text(blocks("README.md", "go")[0])
    world = World()
    logged_in(world, run([need("go"), "run", str(program)], world))


def test_java(tmp_path: Path) -> None:
    """The login in Java works as it stands."""
    program = tmp_path / "Login.java"
    program.write_text(blocks("README.md", "java")[0])
    world = World()
    logged_in(world, run([need("java"), str(program)], world))


def test_pytest_example(pytester_folder: Path) -> None:
    """The README's pytest example is collected, and its first test passes."""
    (pytester_folder / "test_example.py").write_text(blocks("README.md", "python")[1])
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        str(pytester_folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=pytester_folder, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.fixture
def pytester_folder(tmp_path: Path) -> Path:
    """A folder that is its own pytest root."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path
