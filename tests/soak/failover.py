"""1,000 acknowledged sign-outs, the replica cut off, the master killed, the replica promoted: how many are alive?"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from support.failover import lose_the_last_writes

_WHOLE, _CONTROL = 1000, 50


def main() -> int:
    """Run it and its control; return 0 if none is alive and the control shows the attack."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = lose_the_last_writes(Path(folder), _WHOLE)
    with tempfile.TemporaryDirectory() as folder:
        control = lose_the_last_writes(Path(folder), _CONTROL, log=False)
    print(f"failover: {_WHOLE} acknowledged sign-outs, master killed, cut-off replica promoted")
    print(f"  alive in three processes: {outcome.alive}; unended in the promoted Redis: {outcome.kept}")
    print(f"  all {3 * _WHOLE} answers, 503s waited out, within {outcome.seconds:.1f} s of the promotion")
    print(f"  control without the log ({_CONTROL}): alive {control.alive}; unended {control.kept}")
    good = not any(outcome.alive) and not outcome.kept and min(control.alive) > 0
    print(f"failover: {'ok' if good else 'FAILED'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
