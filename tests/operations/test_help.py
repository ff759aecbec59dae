"""What `--help` prints is what was written."""

from __future__ import annotations

from typer.testing import CliRunner

from menjin.cli import _APP


def test_words_in_square_brackets_stay() -> None:
    """The names of sections are part of the sentence, no markup."""
    assert "for `[vault] keys.NAME`" in CliRunner().invoke(_APP, ["keys", "new", "--help"]).stdout
    assert "for [[service_clients]]; nothing is kept" in CliRunner().invoke(_APP, ["clients", "new", "--help"]).stdout


def test_both_languages_stand_in_the_list() -> None:
    """Each group of commands says what it is for in English and Chinese."""
    told = CliRunner().invoke(_APP, ["--help"]).stdout
    for word in ("密钥", "账号管理", "登录态管理", "内置账号目录", "内部服务的凭证", "接口调用凭据"):
        assert word in told
