"""Starts `menjin serve` in a tenth of the time: a warm process that forks, one child a service.

Reads one JSON order a line (argv, log, build) and answers with the child's process id. A child is a service like
any other, in a process of its own. When standard input ends, every child is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from typing import Any

from menjin import cli
from support import broken_builds

_DIE_WITH_PARENT = 1  # prctl's PR_SET_PDEATHSIG


def _die_with_parent() -> None:
    """Have the system kill this process when its parent is gone, however that went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _serve(order: dict[str, Any]) -> None:
    _die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDWR)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    argv = ["serve", "--config", order["config"], "--port", str(order["port"]), "--log-level", "error"]
    if order["build"]:
        broken_builds.serve(order["build"], order["config"], order["port"])
    else:
        sys.argv = ["menjin", *argv]
        cli.main()


def main() -> None:
    """Obey until there are no more orders."""
    _die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries the dead
    children: list[int] = []
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                _serve(json.loads(line))
            finally:
                os._exit(1)
        children.append(child)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
