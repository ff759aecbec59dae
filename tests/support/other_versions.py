"""Other versions of a dependency, laid over ours for a program of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def lay_over(folder: Path, *requirements: str) -> dict[str, str]:
    """Fetch other versions into `folder`; return the environment in which a Python finds them first.

    Skips the test where they cannot be fetched; in CI it fails.
    """
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        pytest.skip("uv is needed to fetch another version")
    fetch = [uv, "pip", "install", "--quiet", "--target", str(folder), "--no-deps", *requirements]
    fetched = subprocess.run([*fetch, "--python", sys.executable], capture_output=True, text=True, check=False)
    if fetched.returncode:
        if os.environ.get("CI"):
            pytest.fail(fetched.stderr)
        pytest.skip(f"cannot be fetched here: {' '.join(requirements)}")
    return os.environ | {"PYTHONPATH": str(folder)}
