"""What a newcomer meets first: a part that is not installed, a port that is none, a word too many."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import run_command
from support.ports import free_port
from support.program import MENJIN, clean_environment, write_config

ROOT = Path(__file__).parents[2]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may write in; pytest's own are for nobody else."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in an environment where `folder` comes first."""
    env = clean_environment(folder)
    return subprocess.run(
        [sys.executable, "-m", *words], env=env, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("missing", ["typer", "pydantic_settings", "alembic"])
@pytest.mark.parametrize("words", [("--help",), ("keys", "new")])
def test_without_the_service_extra_the_command_says_what_to_install(
    tmp_path: Path, missing: str, words: tuple[str, ...]
) -> None:
    """`pip install menjin` alone has the command but not what it needs: one line in both languages, no trace."""
    (tmp_path / f"{missing}.py").write_text(f"raise ModuleNotFoundError('not here', name={missing!r})\n", "utf-8")
    ended = run(tmp_path, "menjin", *words)
    if missing == "alembic":  # only `migrate` needs it, and it is asked for then
        assert ended.returncode == 0
        return
    assert (ended.returncode, "Traceback" in ended.stderr) == (2, False), ended.stderr
    assert "pip install 'menjin[service]'" in ended.stderr
    assert f"{missing} is missing" in ended.stderr
    assert "需要安装" in ended.stderr


@pytest.mark.parametrize("program", ["menjin", "wxsim"])
def test_the_version_is_told(tmp_path: Path, program: str) -> None:
    """`--version` prints the distribution's."""
    ended = run(tmp_path, program, "--version")
    assert (ended.returncode, ended.stdout) == (0, f"{program} 0.1.0\n")


@pytest.mark.parametrize("port", ["99999", "-1", "65536"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    """Not another one taken in its place, and no trace."""
    write_config(tmp_path, "http://127.0.0.1:1")
    demo = [sys.executable, str(ROOT / "demo" / "run.py"), "--walk", f"--port={port}"]
    shown = subprocess.run(
        demo, env=clean_environment(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    for ended in (
        run_command(tmp_path, "serve", f"--port={port}"),
        run_command(tmp_path, "serve", "--port=0", f"--internal-port={port}"),
        run(tmp_path, "wxsim", "serve", f"--port={port}"),
        shown,
    ):
        assert (ended.returncode, "Traceback" in ended.stderr) == (2, False), ended.stderr
        assert "menjin: http" not in ended.stderr


def test_members_are_for_a_local_directory_only(tmp_path: Path) -> None:
    """Another directory would never ask them; without terminal and password, `--stdin` is named."""
    path = write_config(tmp_path, "http://127.0.0.1:1")
    assert run_command(tmp_path, "migrate").returncode == 0
    for words in (("add", "ming"), ("passwd", "ming"), ("list",)):
        ended = run_command(tmp_path, "directory", *words, given="password\n")
        assert ended.returncode == 2
        assert "directory.local" in ended.stderr
        assert "内置账号目录" in ended.stderr
    text = path.read_text("utf-8").replace('[directory]\ncall = "business_directory:verify"', "[directory.local]")
    path.write_text(text, "utf-8")
    ended = run_command(tmp_path, "directory", "add", "ming")
    assert (ended.returncode, "--stdin" in ended.stderr) == (2, True), ended.stderr


def test_a_redis_url_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    """Of every command, and one finding of the doctor's; a file of bytes is quoted by none."""
    config = write_config(tmp_path, "http://127.0.0.1:1")
    bad = tmp_path / "bytes"
    bad.write_bytes(b"redis://:s3cr3t\xff@host/0")
    text = config.read_text("utf-8")
    for file in (tmp_path / "nowhere", bad):
        config.write_text(f'{text}\n[redis]\nurl_file = "{file}"\n', "utf-8")
        looked, served = run_command(tmp_path, "doctor"), run_command(tmp_path, "serve", "--port=0")
        assert (looked.returncode, served.returncode) == (1, 2)
        for told in (looked.stdout + looked.stderr, served.stderr):
            assert "Traceback" not in told
            assert "redis.url_file" in told
            assert "无法读取" in told
            assert "s3cr3t" not in told


def test_a_misspelt_section_of_the_environment_is_refused(tmp_path: Path) -> None:
    """As in the file: a setting that does nothing would never be noticed."""
    write_config(tmp_path, "http://127.0.0.1:1")
    ended = run_command(tmp_path, "serve", "--port=0", MENJIN_DATABSE__URL="sqlite:///x.db", MENJIN_LIMIT__A__B="1")
    assert ended.returncode == 2
    for name in ("MENJIN_DATABSE__URL", "MENJIN_LIMIT__A__B"):
        assert f"menjin: {name}: no such section 没有这个配置段" in ended.stderr
    assert "2 fault(s)" in ended.stderr


def test_a_directory_that_fails_at_import_is_one_fault_of_several(tmp_path: Path) -> None:
    """Its kind and its last frame, beside what else is wrong; no trace."""
    write_config(tmp_path, "http://127.0.0.1:1")
    (tmp_path / "business_directory.py").write_text("\n\nraise RuntimeError('a password: s3cr3t')\n", "utf-8")
    ended = run_command(tmp_path, "serve", "--port=0", MENJIN_REDIS__URL="http://nowhere")
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert f"RuntimeError at {tmp_path}/business_directory.py:3" in ended.stderr
    assert "s3cr3t" not in ended.stderr
    assert "2 fault(s)" in ended.stderr


@pytest.mark.parametrize("words", [("migrate",), ("serve", "--port=0"), ("doctor",), ("keys", "status")])
def test_a_file_that_is_no_database_is_told_with_its_path(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Nobody is asked whether a file is running."""
    write_config(tmp_path, "http://127.0.0.1:1")
    (tmp_path / "menjin.db").write_text("something else altogether\n", "utf-8")
    ended = run_command(tmp_path, *words)
    told = ended.stdout + ended.stderr
    assert ended.returncode == (1 if words == ("doctor",) else 2)
    assert "Traceback" not in told
    assert f"{tmp_path}/menjin.db: no SQLite file 不是 SQLite 数据库文件" in told
    assert "running" not in told


def test_what_keeps_a_file_from_being_used(open_folder: Path) -> None:
    """A folder in its place, a folder or a file without permission; a new file and an empty one are fine."""
    script = (
        "import os, sys; from menjin.adapters.sqlalchemy.engines import find_fault_of_file as find;"
        "os.getuid() or os.setuid(65534);"  # root may write everywhere
        "print(*(find(f'sqlite:///{sys.argv[1]}/{name}') for name in ('shut/a.db', 'ro.db', 'rw.db', 'new.db', 'dir')),"
        "sep='\\n')"
    )
    (open_folder / "shut").mkdir(mode=0o555)
    (open_folder / "dir").mkdir()
    for name, mode in (("ro.db", 0o444), ("rw.db", 0o666)):
        (open_folder / name).touch()
        (open_folder / name).chmod(mode)
    command = [sys.executable, "-c", script, str(open_folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    shut, read_only, *fine, folder = ended.stdout.splitlines()
    assert "shut/a.db: its folder is not writable 所在目录不可写" in shut
    assert "ro.db: not writable 文件不可读写" in read_only
    assert fine == ["None", "None"]
    assert "dir: is a folder" in folder


def test_the_real_port_is_told(tmp_path: Path) -> None:
    """Port 0 takes a free one, and says which."""
    write_config(tmp_path, "http://127.0.0.1:1")
    command = [*MENJIN, "serve", "--port=0", "--internal-port=0"]
    with subprocess.Popen(
        command,
        env=clean_environment(tmp_path),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        lines = [process.stderr.readline() for _ in range(2)]
        process.kill()
        process.stderr.read()
    public, internal = (int(line.rpartition(":")[2]) for line in lines)
    assert lines[1].startswith("menjin: internal http://127.0.0.1:")
    assert len({public, internal, 0}) == 3


def test_each_command_names_the_store_that_is_away(tmp_path: Path) -> None:
    """Redis is away, the database is there: nobody is sent to look at the database; nothing is said of serving."""
    write_config(tmp_path, "http://127.0.0.1:1")
    assert run_command(tmp_path, "migrate").returncode == 0
    place = f"redis://:s3cr3t@127.0.0.1:{free_port()}/0"
    ended = run_command(tmp_path, "accounts", "disable", "id:m-1", MENJIN_REDIS__URL=place)
    shown = run_command(tmp_path, "tokens", "status", MENJIN_REDIS__URL=place)
    assert shown.returncode == 1
    for told in (ended.stderr, shown.stderr):
        assert "the database cannot" not in told
        assert "503" not in told
        assert "s3cr3t" not in told
    assert "Redis cannot be used; is it running? Redis 不可用" in shown.stderr


def test_a_token_that_never_was_has_not_expired(tmp_path: Path) -> None:
    """`tokens status` says `none`."""
    write_config(tmp_path, "http://127.0.0.1:1")
    assert run_command(tmp_path, "migrate").returncode == 0
    (found,) = json.loads(run_command(tmp_path, "tokens", "status", "--json").stdout)
    assert (found["state"], found["generation"]) == ("none", None)
