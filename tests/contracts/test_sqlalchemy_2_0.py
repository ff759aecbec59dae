"""SQLAlchemy 2.0, which many still have, carries the stores as 2.1 does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.other_versions import lay_over

_ROOT = Path(__file__).parents[2]


def test_the_contracts_hold_on_sqlalchemy_2_0(tmp_path: Path) -> None:
    """The contract suite is green on SQLite, both colours, with the oldest supported series laid over ours."""
    environment = lay_over(tmp_path, "sqlalchemy>=2.0.36,<2.1")
    version = "import sqlalchemy; assert sqlalchemy.__version__.startswith('2.0.'), sqlalchemy.__version__"
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
