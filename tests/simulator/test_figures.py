"""The bench and the soak, scaled down: that they run, and that memory stays flat."""

from __future__ import annotations

import sys
import tracemalloc

import pytest

from wxsim import bench
from wxsim import soak as soaking


def test_the_bench_measures() -> None:
    """Rates come out of all three measurements."""
    assert bench.in_process(200) > 0
    assert bench.over_http(40, 4) > 0
    assert bench.bare(40, 4) > 0


def test_memory_is_flat() -> None:
    """After the world is warm, more codes take no more memory."""
    held: list[int] = []

    def look(line: str) -> None:
        assert "remembered" in line
        held.append(tracemalloc.get_traced_memory()[0])

    tracemalloc.start()
    try:
        soaking.soak(30_000, look)
    finally:
        tracemalloc.stop()
    assert len(held) == 10
    assert max(held[5:]) < held[4] * 1.03, held


def test_the_soak_speaks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The soak prints its progress and ends with a verdict."""
    monkeypatch.setattr(sys, "argv", ["soak", "500"])
    with pytest.raises(SystemExit):
        soaking.main()
    assert "500 codes" in capsys.readouterr().out
