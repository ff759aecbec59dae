"""`menjin migrate`: what it says and does, in both languages."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from menjin.adapters.sqlalchemy.migrations import list_revisions
from support.command import run_command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration that names a database."""
    (tmp_path / "menjin.toml").write_text('[database]\nurl = "sqlite:///menjin.db"\n', "utf-8")
    return tmp_path


def tables(folder: Path) -> set[str]:
    """Return the names of the tables."""
    with sqlite3.connect(folder / "menjin.db") as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    return names


def test_up_again_and_back(folder: Path) -> None:
    """Steps are named as they run, a second run has nothing to do, and going back asks first."""
    head = list_revisions()[-1]
    first = run_command(folder, "migrate")
    assert (first.returncode, first.stdout) == (0, "")
    assert f"up to {head}" in first.stderr
    assert f"升级到 {head}" in first.stderr
    assert "accounts" in tables(folder)
    again = run_command(folder, "migrate")
    assert "nothing to do" in again.stderr
    assert "无需变更" in again.stderr
    unsure = run_command(folder, "migrate", "--to", "base", given="n\n")
    assert unsure.returncode == 1
    assert "accounts" in tables(folder)
    assert run_command(folder, "migrate", "--to", "base", "--yes").returncode == 0
    assert tables(folder) - {"sqlite_sequence"} == {"menjin_schema"}


def test_the_sql_is_printed_and_nothing_done(folder: Path) -> None:
    """It goes to standard output, for a file."""
    printed = run_command(folder, "migrate", "--sql")
    assert printed.returncode == 0
    assert "CREATE TABLE accounts" in printed.stdout
    assert tables(folder) == set()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "nowhere"), "no such revision"),
        (("--config", "missing/menjin.toml"), "missing/menjin.toml: no such file 找不到配置文件"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, words: tuple[str, ...], said: str) -> None:
    """An unknown revision is refused, and a configuration file that is not there."""
    assert said in run_command(folder, "migrate", *words).stderr


def test_a_bad_url_is_no_trace(folder: Path) -> None:
    """It is told as a fault of the configuration, without the URL's text."""
    ended = run_command(folder, "migrate", MENJIN_DATABASE__URL="oracle://scott:tiger@host/db")
    assert ended.returncode == 2
    assert "database.url" in ended.stderr
    assert "tiger" not in ended.stderr
    assert "Traceback" not in ended.stderr
