"""FIDELITY.md knows every setting, every fault and its effect."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from wxsim import FAULT_NAMES, Fault, Settings

HOME = Path(__file__).parents[2] / "simulator"


FIDELITY = (HOME / "FIDELITY.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [field.name for field in msgspec.structs.fields(Settings)])
def test_every_setting_is_explained(name: str) -> None:
    """Each setting has its line in FIDELITY.md."""
    assert f"`{name}`" in FIDELITY


@pytest.mark.parametrize("name", FAULT_NAMES)
def test_every_fault_is_explained(name: str) -> None:
    """Each fault has a row of its own in FIDELITY.md."""
    assert f"| `{name}` |" in FIDELITY


@pytest.mark.parametrize("name", FAULT_NAMES)
@pytest.mark.parametrize("busy", [True, False])
def test_the_column_on_effects_is_right(name: str, *, busy: bool) -> None:
    """Whether WeChat acts under a fault is what the table says."""
    row = next(line for line in FIDELITY.splitlines() if line.startswith(f"| `{name}` |"))
    says = row.split("|")[-2].strip()
    acts = msgspec.convert({"name": name}, Fault).acts(busy_consumes=busy)
    assert acts is (busy if "busy_consumes_code" in says else says == "yes")


def test_every_setting_named_there_exists() -> None:
    """The tables name no setting that is gone."""
    known = set(Settings.__struct_fields__)
    named = set(re.findall(r"`([a-z]+_[a-z_]+)` \(", FIDELITY))
    assert named
    assert named <= known | {"effect"}
