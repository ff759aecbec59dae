"""The README's login is what it says it is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_login_runs_as_it_stands() -> None:
    """The 20 lines of the README print an account and ming's phone number."""
    found = re.search(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert found
    ran = subprocess.run([sys.executable, "-c", found[1]], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert "BoundAccount(id='acc_" in ran.stdout
    assert "+8613800138000" in ran.stdout
