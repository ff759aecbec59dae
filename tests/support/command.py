"""The `menjin` command, run to its end."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.program import MENJIN, clean_environment


def run_command(folder: Path, *words: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `menjin` with these words in a folder whose menjin.toml it reads.

    Args:
        folder: Where.
        words: The command.
        given: Its standard input.
        environment: More of it.
    """
    env = clean_environment(folder, **environment)
    return subprocess.run(
        [*MENJIN, *words], cwd=folder, env=env, input=given, capture_output=True, text=True, timeout=60, check=False
    )
