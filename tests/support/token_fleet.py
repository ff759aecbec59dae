"""Many processes on one access_token centre beside a scaled WeChat, and the judge of what they read."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO

import wxsim
from menjin import Database, open_engine
from menjin.bridge import drive
from support.fleet import is_alive, make_world
from support.load import Verdict
from support.token_centre import Plan
from support.token_readers import digest

LIFETIME, OVERLAP = 6.0, 2.0
TOKEN_PATHS = ("/cgi-bin/token", "/cgi-bin/stable_token")
_TESTS = Path(__file__).parents[1]
_COLD_SECONDS = 10.0  # so long a start may take in which readers wait in vain


@dataclass
class Reader:
    """One process.

    Attributes:
        out: Where it writes what it reads.
        reports: It is a reporter, and reports so often.
    """

    plan: Plan
    out: Path
    reports: int = 0
    pid: int = 0


@dataclass
class Fleet:
    """The processes, their WeChat, and the warm one they are forked from."""

    world: wxsim.World
    url: str
    folder: Path
    zygote: subprocess.Popen[str]
    rate: float
    readers: list[Reader] = field(default_factory=list)
    begun: float = field(default_factory=time.time)

    @property
    def go(self) -> Path:
        """The file reporters wait for."""
        return self.folder / "go"

    def add(self, plan: Plan, count: int, reports: int = 0) -> None:
        """Start so many processes more, half of each colour."""
        for number in range(len(self.readers), len(self.readers) + count):
            mine = replace(plan, colour="async" if number % 2 else "sync", wechat=self.url)
            self.readers.append(Reader(mine, self.folder / f"reader-{number}", reports))
            self.start(self.readers[-1])

    def start(self, reader: Reader) -> None:
        """Start a process, or one in the place of a dead one."""
        order = {"out": str(reader.out), "rate": self.rate, "plan": asdict(reader.plan)}
        order |= {"reports": reader.reports, "go": str(self.go)}
        _pipe(self.zygote.stdin).write(json.dumps(order) + "\n")
        _pipe(self.zygote.stdin).flush()
        reader.pid = int(_pipe(self.zygote.stdout).readline())

    def kill_all(self) -> None:
        """End every process."""
        for reader in self.readers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(reader.pid, signal.SIGKILL)
        for reader in self.readers:
            while is_alive(reader.pid):
                time.sleep(0.01)

    def now(self) -> float:
        """Return the moment, as readers write it."""
        return time.time()

    def calls(self) -> list[float]:
        """Return when WeChat was asked for a token, oldest first."""
        return [entry.at for entry in self.world.journal.entries if entry.path in TOKEN_PATHS]


def _pipe(found: IO[str] | None) -> IO[str]:
    assert found is not None
    return found


def scaled_world(**settings: object) -> wxsim.World:
    """Return a WeChat whose tokens last 6 s, 2 s of them beside the next."""
    scaled: dict[str, object] = {
        "access_token_ttl": LIFETIME,
        "legacy_token_overlap": OVERLAP,
        "stable_renew_before": OVERLAP,
        "legacy_token_per_day": 0,
        "force_per_day": 0,
        "force_spacing": 0.0,
    }
    return make_world(None, **{**scaled, **settings})


@contextlib.contextmanager
def run_readers(plan: Plan, count: int, *, rate: float = 55.0, world: wxsim.World | None = None) -> Iterator[Fleet]:
    """Run `count` processes, half of each colour; they end with the context.

    Args:
        plan: For all of them; its WeChat is filled in, and its colour.
        count: How many.
        rate: Reads a second of each.
        world: The WeChat; a scaled one by default.
    """
    if not plan.store.startswith("redis"):
        database = Database(open_engine(plan.store, pool_size=1))
        drive(database.create_schema())
        drive(database.close())
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MENJIN_")}
    with (
        tempfile.TemporaryDirectory(prefix="menjin-tokens-", ignore_cleanup_errors=True) as name,
        wxsim.serve(world or scaled_world()) as wechat,
    ):
        zygote = subprocess.Popen(
            [sys.executable, "-m", "support.token_readers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**kept, "PYTHONPATH": os.pathsep.join([str(_TESTS), os.environ.get("PYTHONPATH", "")])},
            text=True,
        )
        fleet = Fleet(wechat.world, wechat.url, Path(name), zygote, rate)
        try:
            fleet.add(plan, count)
            yield fleet
        finally:
            fleet.kill_all()
            _pipe(zygote.stdin).close()
            zygote.wait(10)
            _pipe(zygote.stdout).close()


@dataclass
class Read:
    """Reads of one token in a row, by one process."""

    reader: str
    name: str
    first: float
    last: float
    count: int


def collect(fleet: Fleet) -> list[Read]:
    """Return what all processes read."""
    found = []
    for reader in fleet.readers:
        if reader.out.exists():
            lines = reader.out.read_text("utf-8").splitlines()
            found += [Read(reader.out.name, *json.loads(line)) for line in lines if line.endswith("]")]
    return found


def judge_reads(fleet: Fleet, verdict: Verdict) -> None:
    """Count reads, those of a token that was dead when its reader asked, and those that gave no token."""
    deaths = {
        digest(text): min(token.expires_at, token.dies_at)
        for text, (token, _) in fleet.world.tokens.known._values.items()
    }
    latest = 0.0
    for read in collect(fleet):
        if read.name.startswith("~"):
            verdict.seen[f"renewals: {read.name[1:]}"] += 1
            continue
        verdict.seen["reads"] += read.count
        if read.name.startswith("!"):
            when = "at the start" if read.last < fleet.begun + _COLD_SECONDS else "later"
            verdict.seen[f"without a token {when}: {read.name[1:]}"] += read.count
        elif read.last >= deaths.get(read.name, 0.0):
            verdict.seen["bad reads"] += read.count
            latest = max(latest, read.last - deaths.get(read.name, 0.0))
    if latest:
        verdict.figures["bad for s at most"] = round(latest, 2)


def judge_calls(fleet: Fleet, verdict: Verdict, *, shortest_cycle: float) -> None:
    """Count calls for a token, and those that came before the cycle of the one before was over."""
    calls = fleet.calls()
    gaps = [later - earlier for earlier, later in itertools.pairwise(calls)]
    verdict.seen["calls"] += len(calls)
    verdict.seen["calls too many"] += sum(gap < shortest_cycle for gap in gaps)
    if gaps:
        verdict.figures["cycle s"] = (round(min(gaps), 2), round(max(gaps), 2))
