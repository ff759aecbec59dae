"""`[directory] call`: the business's function, beside menjin.toml."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from menjin import new_vault_key
from menjin.errors import ConfigurationError
from menjin.service.settings import load_settings, to_parts

CONFIG = """
[[apps]]
appid = "wx0123456789abcdef"
app_secret = "canary0123456789canary0123456789"
[vault]
active = "k1"
keys.k1 = "{key}"
[directory]
call = "{call}"
"""


def write(folder: Path, call: str) -> Path:
    """Write menjin.toml; return its path."""
    path = folder / "menjin.toml"
    path.write_text(CONFIG.format(key=new_vault_key().reveal(), call=call), "utf-8")
    return path


def test_a_module_beside_the_configuration_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`corner_shop/members.py` beside menjin.toml, wherever the command is run; what is installed comes before it."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "corner_shop").mkdir()
    (tmp_path / "corner_shop" / "members.py").write_text("def verify(name, password):\n    return name\n", "utf-8")
    write(tmp_path, "corner_shop.members:verify")
    assert to_parts(load_settings(Path("../menjin.toml"))).directory is not None
    assert sys.path[-1] == str(tmp_path)


@pytest.mark.parametrize("call", ["nowhere_at_all.members:verify", "json.nowhere:verify"])
def test_a_module_that_is_nowhere_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """By its name, and where it was looked for."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        to_parts(load_settings(write(tmp_path, call)))
    (fault,) = caught.value.faults
    assert fault.where == "directory.call"
    assert "not found beside the configuration file, nor installed" in fault.problem
