"""The file for wxsim in docs/operations/settings.md and in README.zh-CN.md is one that can be started with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import wxsim
from menjin.service.settings import load_settings, to_parts

_ROOT = Path(__file__).parents[2]
_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize("page", ["docs/operations/settings.md", "README.zh-CN.md"])
def test_the_file_for_wxsim(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page gives names wxsim's own app and address, and is accepted as it stands."""
    found = re.search(r"```toml\n(# menjin\.toml\n.*?)```", (_ROOT / page).read_text("utf-8"), re.DOTALL)
    assert found is not None
    config = tmp_path / "menjin.toml"
    config.write_text(found[1], "utf-8")
    (tmp_path / "vault_k1").write_text(_KEY, "utf-8")
    monkeypatch.chdir(tmp_path)
    parts = to_parts(load_settings(config))
    app = parts.apps.get(wxsim.FIRST_APPID)
    assert app.app_secret.reveal() == wxsim.FIRST_SECRET
    assert parts.base_url == "http://127.0.0.1:8701"
