"""`menjin directory`, and a service whose members it made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import wxsim
from support.command import run_command
from support.program import run_menjin, write_config


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with the local directory."""
    path = write_config(tmp_path, "http://127.0.0.1:1")
    text = path.read_text("utf-8").replace('[directory]\ncall = "business_directory:verify"', "[directory.local]")
    path.write_text(text, "utf-8")
    assert run_command(tmp_path, "migrate").returncode == 0
    return path


def test_members_come_by_command_and_bind(config: Path, tmp_path: Path) -> None:
    """Added while nothing runs, changed while the service runs: the right password binds, the former one does not."""
    folder = config.parent
    added = run_command(folder, "directory", "add", "ming", "--id", "m-1", "--stdin", given="old password\n")
    assert added.returncode == 0, added.stderr
    assert "已添加" in added.stderr
    with wxsim.serve() as wechat, run_menjin(config, tmp_path / "log", MENJIN_WECHAT__BASE_URL=wechat.url) as program:
        client = program.client()
        client.sign_in(wechat.world.phone("ming").login()["code"])
        assert client.bind("ming", "wrong").json()["code"] == "credentials_invalid"
        assert client.bind("nobody", "wrong").json()["code"] == "credentials_invalid"
        changed = run_command(folder, "directory", "passwd", "ming", given="new password\n")
        assert changed.returncode == 0, changed.stderr
        assert client.bind("ming", "old password").json()["code"] == "credentials_invalid"
        assert client.bind("ming", "new password").json()["account"]["external_id"] == "m-1"
    listed = json.loads(run_command(folder, "directory", "list", "--json").stdout)
    assert run_command(folder, "directory", "list").stdout.startswith("username\texternal_id\tphone\n")
    assert listed == [{"username": "ming", "external_id": "m-1", "has_phone": False}]
    shown = "".join((added.stderr, changed.stderr, (tmp_path / "log").read_text("utf-8")))
    assert not [secret for secret in ("old password", "new password", "argon2id$") if secret in shown]


def test_what_is_wrong_is_said(config: Path) -> None:
    """A name twice, an unknown one, an empty password: exit status 1, a sentence, no trace; no option takes one."""
    folder = config.parent
    assert run_command(folder, "directory", "add", "ming", given="password\n").returncode == 0
    for words, given, said in (
        (("add", "ming"), "password\n", "taken"),
        (("passwd", "nobody"), "password\n", "not_found"),
        (("add", "hong"), "\n", "password"),
        (("add", "hong", "--phone", "138"), "password\n", "phone_number"),
    ):
        ended = run_command(folder, "directory", *words, given=given)
        assert (ended.returncode, "Traceback" in ended.stderr) == (1, False), ended.stderr
        assert said in ended.stderr
    assert run_command(folder, "directory", "add", "hong", "--password", "x").returncode == 2


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("[directory]", "needs one of"),
        ('[directory]\ncall = "a:b"\n[directory.local]', "needs one of"),
        ('[directory.webhook]\nurl = "https://shop.example/"', "needs key"),
        ('[directory.webhook]\nurl = "https://shop.example/"\nkey = "short"', "base64"),
        ('[directory.webhook]\nurl = "http://shop.example/"\nkey = "{key}"', "private_networks"),
        ('[directory.webhook]\nurl = "https://10.0.0.1/"\nkey = "{key}"', "private"),
        ('[directory.webhook]\nurl = "https://a.example/"\nkey = "{key}"\nprivate_networks = ["ten"]', "ten"),
        ('[directory.sql]\nurl = "sqlite:///none.db"\npassword_query = "SELECT 1"', "one SELECT|:username"),
        ('[directory.sql]\nurl = "sqlite:///none.db"\npassword_query = "SELECT 1, :username"', "not there"),
        ('[directory.sql]\npassword_query = "SELECT 1, :username"', "needs url"),
    ],
)
def test_a_wrong_section_is_told_at_the_start(config: Path, section: str, said: str) -> None:
    """By its place and what it needs, with exit status 2, and no key in the text."""
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    text = config.read_text("utf-8").replace("[directory.local]", section.replace("{key}", key))
    config.write_text(text, "utf-8")
    ended = run_command(config.parent, "serve", "--port", "1")
    assert ended.returncode == 2
    assert "directory" in ended.stderr
    assert any(word in ended.stderr for word in said.split("|")), ended.stderr
    assert key not in ended.stderr
