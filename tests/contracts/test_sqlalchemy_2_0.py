"""SQLAlchemy 2.0, which many still have, carries the stores as 2.1 does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


def test_the_contracts_hold_on_sqlalchemy_2_0(tmp_path: Path) -> None:
    """The contract suite is green on SQLite, both colours, with the oldest supported series laid over ours."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        pytest.skip("uv is needed to fetch SQLAlchemy 2.0")
    fetch = [uv, "pip", "install", "--quiet", "--target", str(tmp_path), "--no-deps", "sqlalchemy>=2.0.36,<2.1"]
    fetched = subprocess.run([*fetch, "--python", sys.executable], capture_output=True, text=True, check=False)
    if fetched.returncode:
        if os.environ.get("CI"):
            pytest.fail(fetched.stderr)
        pytest.skip("SQLAlchemy 2.0 cannot be fetched here")
    version = "import sqlalchemy; assert sqlalchemy.__version__.startswith('2.0.'), sqlalchemy.__version__"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", version], env=environment, check=True)
    folder = str(Path(__file__).parent)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-k",
        "sqlite and not (2_0 or schema or waited_for or control)",
        folder,
    ]
    done = subprocess.run(command, env=environment, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout
