"""What is shipped: the wheel of menjin, built without a network."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return next(folder.glob("menjin-*.whl"))


def test_the_wheel_holds_the_library_and_nothing_else(wheel: Path) -> None:
    """Every module, the contract and py.typed are in it; no simulator, test, demo or cache is."""
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src" / "menjin").rglob("*.py")}
    assert sources | {"menjin/py.typed", "menjin/service/openapi.json"} <= names
    strays = [name for name in names if not name.startswith(("menjin/", "menjin-"))]
    assert not strays
    assert not [name for name in names if "wxsim" in name or "__pycache__" in name or name.endswith(".pyc")]


def test_the_wheel_does_not_depend_on_the_simulator(wheel: Path) -> None:
    """Wxsim is asked for by the extra `demo` alone."""
    packed = zipfile.ZipFile(wheel)
    metadata = packed.read(next(name for name in packed.namelist() if name.endswith("METADATA"))).decode()
    asked = [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "wxsim" in line]
    assert all("extra == 'demo'" in line for line in asked)
    assert "httpx" not in metadata


def test_the_simulators_wheel_holds_the_browser_phone(tmp_path: Path) -> None:
    """A demo installed from wheels needs no Node: the page's three files are in wxsim's."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT / "simulator", capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    names = set(zipfile.ZipFile(next(tmp_path.glob("wxsim-*.whl"))).namelist())
    assert {f"wxsim/browser/{name}" for name in ("index.html", "phone.js", "phone.css")} <= names
