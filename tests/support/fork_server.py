"""A warm process that forks children on request: a tenth of the time that a start from nothing takes.

It reads one JSON order a line and answers each with the child's process id. When its input ends it kills them all.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

_DIE_WITH_PARENT = 1  # prctl's PR_SET_PDEATHSIG


def serve_orders(be_child: Callable[[dict[str, Any]], None]) -> None:
    """Obey until there are no more orders.

    Args:
        be_child: What a child does with its order; the child ends with it.
    """
    _die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries the dead
    children: list[int] = []
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                _die_with_parent()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                be_child(json.loads(line))
            finally:
                os._exit(1)
        children.append(child)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _die_with_parent() -> None:
    """Have the system kill this process when its parent is gone, however that went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
