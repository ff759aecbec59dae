"""Checks the Spin models of docs/models: builds the verifier of a variant, runs it, reads its verdict."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.processes import find_program

MODELS = Path(__file__).parents[2] / "docs" / "models"
_ERRORS = re.compile(r"errors: (\d+)")
_STATES = re.compile(r"^\s*(\d+) states, stored", re.MULTILINE)
_INCOMPLETE = re.compile(r"max search depth too small|out of memory|Search not completed", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Variant:
    """One model with some of its safeguards taken away.

    Attributes:
        without: The switches, such as NO_FENCE; none: the protocol as it is.
        holds: What is expected.
    """

    model: str
    without: tuple[str, ...] = ()
    holds: bool = False

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.model} {' '.join(self.without) or 'as it is'}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier found.

    Attributes:
        is_whole: Every state that can be reached was looked at, or a fault was found before.
    """

    holds: bool
    states: int
    is_whole: bool
    output: str


_PARTS = ("NO_FENCE", "NO_INTENT", "NO_FRESH")

# Legacy mode needs the three together: every proper subset of them fails.
LEGACY_SUBSETS = tuple(
    Variant("legacy", tuple(part for index, part in enumerate(_PARTS) if missing >> index & 1))
    for missing in range(1, 8)
)
LEGACY_CONTROLS = (
    *LEGACY_SUBSETS,
    Variant("legacy", ("NO_LEASE",)),
    Variant("legacy", ("LATEST_INTENT",)),
    Variant("legacy", ("LONG_COPY",)),
    Variant("legacy", ("COUNT_CALLS", "NO_REREAD")),
    Variant("legacy", ("NEVER_RENEWS",)),
)
STABLE_CONTROLS = (
    Variant("stable", ("NO_FENCE",)),
    Variant("stable", ("NO_FRESH",)),
    Variant("stable", ("NO_FENCE", "NO_FRESH")),
    Variant("stable", ("NO_LEASE",)),
    Variant("stable", ("NO_PROBE",)),
    Variant("stable", ("PROBE_OUTSIDE",)),
    Variant("stable", ("NEVER_RENEWS",)),
)
CONTROLS = LEGACY_CONTROLS + STABLE_CONTROLS
PROMISES = (
    Variant("legacy", (), holds=True),
    Variant("legacy", ("COUNT_CALLS",), holds=True),
    Variant("stable", (), holds=True),
)


@dataclass(frozen=True, slots=True)
class Effort:
    """How large a search is.

    Attributes:
        processes: How many renew.
        depth: Of the search's stack, 56 bytes each.
        seconds: At most.
        optimise: The compiler's -O; without it a small search is over sooner.
    """

    processes: int
    depth: int
    seconds: float
    optimise: int


SMALL = Effort(processes=2, depth=1_000_000, seconds=60, optimise=0)


def check(variant: Variant, effort: Effort, folder: Path) -> Verdict:
    """Look at every state a variant can reach.

    Args:
        variant: Of which model.
        effort: How large the search is.
        folder: For what is built; empty.

    Raises:
        RuntimeError: It could not be built, or not run to its end.
    """
    switches = [f"-D{name}" for name in variant.without]
    spin, size = find_program("spin"), f"-DN={effort.processes}"
    _run([spin, "-a", size, *switches, MODELS / f"{variant.model}.pml"], folder, effort.seconds)
    options = [f"-O{effort.optimise}", "-w", "-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=2048"]
    _run([find_program("gcc"), *options, "-o", "pan", "pan.c"], folder, effort.seconds)
    output = _run([folder / "pan", f"-m{effort.depth}"], folder, effort.seconds)
    errors, states = _ERRORS.search(output), _STATES.search(output)
    if errors is None or states is None:
        raise RuntimeError(f"the verifier of {variant.name} said nothing:\n{output[-2000:]}")
    holds = errors[1] == "0"
    return Verdict(holds, int(states[1]), not holds or not _INCOMPLETE.search(output), output)


def _run(command: list[str | Path], folder: Path, seconds: float) -> str:
    ran = subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
    )
    if ran.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {ran.returncode}:\n{(ran.stdout + ran.stderr)[-2000:]}")
    return ran.stdout + ran.stderr
