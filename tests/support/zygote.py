"""Starts `menjin serve` in a tenth of the time: a warm process that forks, one child a service.

An order is JSON (config, port, log, build). A child is a service like any other, in a process of its own.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from menjin import cli
from support import broken_builds
from support.fork_server import serve_orders


def _serve(order: dict[str, Any]) -> None:
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
    serve_orders(_serve)


if __name__ == "__main__":
    main()
