"""The floors hold: an import that goes upwards, or out of a pure room, is caught."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run lint-imports over a tree."""
    env = {**os.environ}  # noqa: TID251 - handed on to a program
    env |= {"COLUMNS": "200", "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree / 'simulator/src'}"}
    command = [str(LINT_IMPORTS), "--no-cache", "--config", str(tree / "pyproject.toml")]
    return subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the sources and of the contracts over them."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=leave)
    shutil.copytree(ROOT / "simulator" / "src", tmp_path / "simulator" / "src", ignore=leave)
    return tmp_path


@pytest.mark.parametrize(
    ("room", "planted", "broken"),
    [
        ("src/menjin/wechat/wire.py", "import menjin.service.app", "floors"),
        ("src/menjin/sessions/rules.py", "import time", "pure"),
        ("src/menjin/accounts/rules.py", "import menjin.sessions.model", "floors"),
        ("src/menjin/login/bind.py", "import sqlalchemy", "pure"),
        ("src/menjin/adapters/memory.py", "import menjin.aio", "floors"),
        ("src/menjin/clock.py", "import wxsim", "does not know the simulator"),
        ("simulator/src/wxsim/rules.py", "import menjin", "does not know the library"),
    ],
)
def test_a_planted_import_is_caught(tree: Path, room: str, planted: str, broken: str) -> None:
    """One wrong import in any room breaks the contract that guards it."""
    path = tree / room
    path.write_text(path.read_text("utf-8") + f"\n{planted}\n", "utf-8")
    ended = lint(tree)
    assert ended.returncode != 0
    assert any(broken in line and "BROKEN" in line for line in ended.stdout.splitlines()), ended.stdout


def test_control_without_a_plant_every_contract_is_kept(tree: Path) -> None:
    """Control: the same run over the untouched copy is clean, and it is the copy that it read."""
    ended = lint(tree)
    assert ended.returncode == 0, ended.stdout
    assert " 0 broken" in ended.stdout
