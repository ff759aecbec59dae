"""The Spin models of the access_token centre, four processes, every state; each weaker variant must fail."""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.spin import CONTROLS, PROMISES, SMALL, Effort, Variant, Verdict, check

_DEPTHS = {2: 1_000_000, 3: 5_000_000, 4: 40_000_000}


def main() -> int:
    """Check; return 0 if the protocol holds and every weaker one fails."""
    parser = argparse.ArgumentParser(prog="scripts/model", description=__doc__)
    parser.add_argument("--processes", type=int, default=4, choices=(2, 3, 4), help="that renew (4)")
    parser.add_argument("--at-once", type=int, default=1, help="verifiers; each takes up to 6 GB with 4 processes (1)")
    given = parser.parse_args()
    whole = Effort(given.processes, _DEPTHS[given.processes], seconds=3600, optimise=2)
    jobs = [(one, SMALL) for one in CONTROLS] + [(one, whole) for one in PROMISES]  # two are enough to show a fault
    with ThreadPoolExecutor(given.at_once) as pool:
        good = all([*pool.map(lambda job: _judge(*job), jobs)])
    print(f"model: {'ok' if good else 'FAILED'}")
    return 0 if good else 1


def _judge(variant: Variant, effort: Effort) -> bool:
    with tempfile.TemporaryDirectory(prefix="menjin-model-") as folder:
        verdict = check(variant, effort, Path(folder))
    good = verdict.holds == variant.holds and verdict.is_whole
    print(f"  {'ok  ' if good else 'BAD '} {variant.name}, {effort.processes} processes: {_tell(verdict)}", flush=True)
    return good


def _tell(verdict: Verdict) -> str:
    if not verdict.holds:
        return f"fails, after {verdict.states:,} states"
    return f"holds in all {verdict.states:,} states" if verdict.is_whole else "not looked at whole"


if __name__ == "__main__":
    sys.exit(main())
