"""What `--help` prints is what was written."""

from __future__ import annotations

from typer.testing import CliRunner

from menjin.cli import _APP


def read_help(*words: str) -> str:
    """Return a command's help as one line."""
    return " ".join(CliRunner().invoke(_APP, [*words, "--help"]).stdout.split())


def test_words_in_square_brackets_stay() -> None:
    """The names of sections are part of the sentence, no markup."""
    assert "for [vault] keys.NAME" in read_help("keys", "new")
    assert "for [[service_clients]]; nothing is kept" in read_help("clients", "new")


def test_both_languages_stand_in_the_list() -> None:
    """Each group of commands says what it is for in English and Chinese."""
    told = read_help()
    for word in ("密钥", "账号管理", "登录态管理", "内置账号目录", "内部服务的凭证", "接口调用凭据"):
        assert word in told
