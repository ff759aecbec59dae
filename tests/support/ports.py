"""Free ports that two test workers never give out twice, and no outgoing connection takes meanwhile."""

from __future__ import annotations

import itertools
import os
import socket

_FIRST, _A_WORKER = 20_000, 1_500  # below the ports that outgoing connections take
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw") or 0) % 8  # noqa: TID251 - only pytest tells
_next = itertools.cycle(range(_A_WORKER))
_start = os.getpid() * 7 % _A_WORKER  # another run at the same time begins elsewhere


def free_port() -> int:
    """Return a TCP port of the loopback that nobody listens on, and that this worker did not give out lately."""
    for _ in range(_A_WORKER):
        port = _FIRST + _worker * _A_WORKER + (_start + next(_next)) % _A_WORKER
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")
