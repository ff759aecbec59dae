"""A configuration that cannot work: every fault at once, exit 2, no secret shown; and the ways a secret may come."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from menjin import TokenFigures, new_vault_key
from menjin.cli import _APP
from menjin.errors import ConfigurationError
from menjin.service.settings import load_settings, to_parts
from support.program import serve_to_the_end

APPID = "wx0123456789abcdef"
SECRET = "canary0123456789canary0123456789"
KEY = new_vault_key().reveal()
GOOD_APP = f'[[apps]]\nappid = "{APPID}"\napp_secret = "{SECRET}"\n'
GOOD_VAULT = f'[vault]\nactive = "k1"\nkeys.k1 = "{KEY}"\n'
SAMPLE = "01" * 16
_CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def refuse(text: str | bytes | None, folder: Path) -> str:
    """Return what `menjin serve` says to a configuration; fail unless it exits 2 without showing a secret."""
    path = folder / "menjin.toml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError):  # the command would serve for ever
        to_parts(load_settings(path))
    result = CliRunner().invoke(_APP, ["serve", "--config", str(path), "--port", "1"])
    assert result.exit_code == 2, (result.output, result.exception)
    assert "fault(s)" in result.stderr.splitlines()[-1]
    assert not [line for line in result.stderr.splitlines() if not _CHINESE.search(line)], "a line is in one language"
    assert result.stdout == ""
    assert SECRET not in result.output
    assert KEY not in result.output
    return result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, ["menjin.toml", "no such file"]),
        (GOOD_APP, ["vault", "menjin keys new"]),
        ("", ["vault"]),
        ("[[apps", ["menjin.toml", "cannot be read"]),
        (b"\xff\xfe", ["menjin.toml", "cannot be read"]),
        (GOOD_VAULT, ["apps", "at least one"]),
        (GOOD_APP, ["vault"]),
        (GOOD_VAULT + GOOD_APP + GOOD_APP, [APPID, "twice"]),
        (GOOD_VAULT + '[[apps]]\nappid = "wx1"\napp_secret = "x"', ["apps.0.appid"]),
        (GOOD_VAULT + f'[[apps]]\nappid = "{APPID}"', ["has no app_secret", f"MENJIN_APP_{APPID.upper()}_SECRET"]),
        (GOOD_VAULT + f'[[apps]]\nappid = "{APPID}"\napp_secret = ""', ["has no app_secret"]),
        (GOOD_VAULT + f'[[apps]]\nappid = "{APPID}"\napp_secret_file = "none"', ["apps.0", "none"]),
        (GOOD_APP + '[vault]\nactive = "k1"', ["vault.active"]),
        (GOOD_APP + '[vault]\nactive = "k2"\nkeys.k1 = "' + KEY + '"', ["vault.active"]),
        (GOOD_APP + '[vault]\nactive = "k1"\nkeys.k1 = "c2hvcnQ="', ["vault.keys.k1", "32 bytes"]),
        (GOOD_APP + '[vault]\nactive = "k1"\nkeys.k1 = "é"', ["vault"]),
        (GOOD_APP + '[vault]\nactive = "k1"\nkeys_file.k1 = "none"', ["vault", "none"]),
        (GOOD_APP + "vault = 3", ["apps.0.vault", "vault"]),
        ("vault = 3\n" + GOOD_APP, ["vault"]),
        (GOOD_APP + GOOD_VAULT + "[nowhere]\na = 1", ["nowhere", "no such section"]),
        (GOOD_APP + GOOD_VAULT + "[wechat]\ntimeout = 1", ["wechat.timeout"]),
        (GOOD_APP + GOOD_VAULT + '[wechat]\nbase_url = "http://api.weixin.qq.com"', ["wechat.base_url", "https"]),
        (GOOD_APP + GOOD_VAULT + '[wechat]\nbase_url = "https://127.0.0.1:8701"', ["wechat.base_url"]),
        (GOOD_APP + GOOD_VAULT + '[wechat]\nbase_url = "ftp://x"', ["wechat.base_url"]),
        (GOOD_APP + GOOD_VAULT + "[wechat]\ndeadline = 0", ["wechat.deadline"]),
        (GOOD_APP.replace(SECRET, SAMPLE) + GOOD_VAULT, [APPID, "sample app_secret"]),
        (GOOD_APP + 'sign_in = "closed"\n' + GOOD_VAULT, ["apps.0.sign_in"]),
        (GOOD_APP + "idle_timeout = 5\n" + GOOD_VAULT, ["apps.0.idle_timeout"]),
        (GOOD_APP + "idle_timeout = 100\nabsolute_lifetime = 60\n" + GOOD_VAULT, ["apps.0", "longer"]),
        (GOOD_APP + GOOD_VAULT + '[directory]\ncall = "nocolon"', ["directory.call"]),
        (GOOD_APP + GOOD_VAULT + '[directory]\ncall = "no_such_module:verify"', ["directory.call", "no_such_module"]),
        (GOOD_APP + GOOD_VAULT + '[directory]\ncall = "os.path:no_such"', ["directory.call", "no_such"]),
        (GOOD_APP + GOOD_VAULT + '[directory]\ncall = ".relative:verify"', ["directory.call"]),
        (GOOD_APP + GOOD_VAULT + '[directory]\ncall = "os:sep"', ["directory.call"]),
        (GOOD_APP + GOOD_VAULT + '[database]\nurl = "postgresql://x"', ["database.url"]),
        (GOOD_APP + GOOD_VAULT + '[database]\nurl = "sqlite:///:memory:"', ["database"]),
        (GOOD_APP + GOOD_VAULT + '[database]\nurl = "sqlite:///menjin.toml/menjin.db"', ["database"]),
    ],
    ids=lambda value: value[-1][:20] if isinstance(value, list) else "",
)
def test_a_wrong_configuration_is_told_and_exits_2(tmp_path: Path, text: str | bytes | None, said: list[str]) -> None:
    """Each fault names its place; nothing starts, nothing secret is printed."""
    stderr = refuse(text, tmp_path)
    assert all(part in stderr for part in said), stderr


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    """Faults of form come together, and so do faults of substance."""
    form = refuse('x = 1\n[wechat]\nbase_url = "?"\ndeadline = 1\n[[apps]]\nappid = "a"\nsign_in = "b"', tmp_path)
    for part in ("x:", "wechat.base_url", "wechat.deadline", "apps.0.appid", "apps.0.sign_in", "vault"):
        assert part in form
    assert "6 fault(s)" in form
    substance = refuse(
        f'[vault]\nactive = "k9"\nkeys.k1 = "short"\n[[apps]]\nappid = "{APPID}"\n[[apps]]\n'
        f'appid = "wx0000000000000001"\napp_secret = "{SAMPLE}"\n[wechat]\nbase_url = "http://localhost:1"\n'
        '[directory]\ncall = "no_such_module:x"\n',
        tmp_path,
    )
    for part in ("vault.active", "vault.keys.k1", "no app_secret", "sample app_secret", "base_url", "directory.call"):
        assert part in substance


@pytest.mark.parametrize(
    ("name", "value"),
    [("MENJIN_VAULT", "{not json"), ("MENJIN_APPS", "nonsense"), ("MENJIN_WECHAT__DEADLINE", "soon")],
)
def test_a_wrong_environment_is_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A variable that cannot be read is a fault like any other, not a trace."""
    monkeypatch.setenv(name, value)
    assert refuse(GOOD_APP + GOOD_VAULT, tmp_path)


def test_the_program_says_so_on_stderr(tmp_path: Path) -> None:
    """The real program: exit 2, one line a fault and a last one, no trace, no secret."""
    (tmp_path / "menjin.toml").write_text(GOOD_APP + GOOD_VAULT + "[wechat]\nbase_url = 'http://x'\n[nope]\n", "utf-8")
    ended = serve_to_the_end(tmp_path)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.splitlines()[0] == "menjin: nope: no such section 没有这个配置段"
    assert len(ended.stderr.splitlines()) == 2
    missing = serve_to_the_end(tmp_path, "--config", "none.toml", MENJIN_APP_SECRET=SECRET)
    assert missing.returncode == 2
    assert missing.stderr.splitlines()[0] == "menjin: none.toml: no such file 找不到配置文件"
    assert "Traceback" not in missing.stderr + ended.stderr
    assert SECRET not in missing.stderr + ended.stderr


def read_secret(text: str, folder: Path) -> str:
    """Return the app_secret that a configuration comes to."""
    (folder / "menjin.toml").write_text(text, "utf-8")
    return to_parts(load_settings(folder / "menjin.toml")).apps.get(APPID).app_secret.reveal()


def test_secrets_come_by_file_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """app_secret_file, MENJIN_APP_<APPID>_SECRET(_FILE), keys_file; the environment wins over the file."""
    plain = f'[[apps]]\nappid = "{APPID}"\n'
    (tmp_path / "secret").write_text("from-file\n", "utf-8")
    (tmp_path / "key").write_text(KEY + "\n", "utf-8")
    by_file = f'[[apps]]\nappid = "{APPID}"\napp_secret_file = "secret"\n[vault]\nactive = "k"\nkeys_file.k = "key"\n'
    assert read_secret(by_file, tmp_path) == "from-file"
    assert read_secret(GOOD_APP + GOOD_VAULT, tmp_path) == SECRET
    monkeypatch.setenv(f"MENJIN_APP_{APPID.upper()}_SECRET_FILE", "secret")
    assert read_secret(GOOD_VAULT + plain, tmp_path) == "from-file"
    monkeypatch.setenv(f"MENJIN_APP_{APPID.upper()}_SECRET", "from-environment")
    assert read_secret(GOOD_APP + GOOD_VAULT, tmp_path) == "from-environment"


def test_the_environment_overrides_any_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MENJIN_<SECTION>__<KEY> wins over the file, beside which the section's other keys stay."""
    monkeypatch.setenv("MENJIN_WECHAT__DEADLINE", "1500")
    monkeypatch.setenv("MENJIN_DATABASE__URL", "sqlite:///elsewhere/other.db")
    (tmp_path / "menjin.toml").write_text(
        GOOD_APP + GOOD_VAULT + '[wechat]\nbase_url = "https://sh.api.weixin.qq.com"\n', "utf-8"
    )
    parts = to_parts(load_settings(tmp_path / "menjin.toml"))
    assert parts.wechat_deadline.total_seconds() == 1.5
    assert parts.base_url == "https://sh.api.weixin.qq.com"
    assert (tmp_path / "elsewhere").is_dir()


def test_without_a_file_the_environment_may_say_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """No menjin.toml is needed where the environment names vault and apps."""
    monkeypatch.setenv("MENJIN_VAULT__ACTIVE", "k1")
    monkeypatch.setenv("MENJIN_VAULT__KEYS", f'{{"k1": "{KEY}"}}')
    monkeypatch.setenv("MENJIN_APPS", f'[{{"appid": "{APPID}"}}]')
    monkeypatch.setenv(f"MENJIN_APP_{APPID.upper()}_SECRET", SECRET)
    assert to_parts(load_settings(Path("menjin.toml"))).apps.get(APPID).app_secret.reveal() == SECRET
    with pytest.raises(ConfigurationError, match=r"none\.toml"):
        load_settings(Path("none.toml"))


def test_settings_show_no_secret() -> None:
    """The repr of what was read hides app_secret and vault keys."""
    path = Path("menjin.toml")
    path.write_text(GOOD_APP + GOOD_VAULT, "utf-8")
    settings = load_settings(path)
    for text in (repr(settings), str(settings), repr(to_parts(settings)), settings.model_dump_json()):
        assert SECRET not in text
        assert KEY not in text


def test_faults_of_form_and_of_substance_are_told_together(tmp_path: Path) -> None:
    """A malformed appid does not keep the bad key, the missing module, the odd URL and plain http to itself."""
    said = refuse(
        '[[apps]]\nappid = "wx123"\n[vault]\nactive = "k1"\nkeys = {k1 = "short"}\n[directory]\ncall = "nope.x:y"\n'
        '[database]\nurl = "sqlite://"\n[wechat]\nbase_url = "http://x"\n[nonsense]\na = 1\n',
        tmp_path,
    )
    for word in ("apps.0.appid", "vault.keys.k1", "directory.call", "database.url", "wechat.base_url", "nonsense"):
        assert word in said, said
    assert "6 fault(s)" in said


@pytest.mark.parametrize("words", [["serve"], ["serve", "--config", "nope.toml"], ["migrate", "--config", "nope.toml"]])
def test_a_missing_file_is_told(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """Neither the default file nor a named one is passed over; a secret alone is no configuration."""
    monkeypatch.setenv(f"MENJIN_APP_{APPID.upper()}_SECRET", SECRET)
    result = CliRunner().invoke(_APP, words)
    assert result.exit_code == 2
    name = words[-1] if len(words) > 1 else "menjin.toml"
    assert result.stderr.splitlines()[0] == f"menjin: {name}: no such file 找不到配置文件"
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["clients", "list"],
        ["clients", "add", "orders", "--app", "*", "--scope", "access_token:read"],
        ["keys", "status"],
        ["keys", "rotate"],
        ["tokens", "status"],
        ["accounts", "show", f"{APPID}/oNobody_0123456789abcdef"],
        ["directory", "list"],
        ["doctor"],
    ],
)
def test_a_command_makes_no_database(words: list[str]) -> None:
    """Only `serve` and `migrate` make a SQLite file or its folder; the others say that there is none."""
    Path("menjin.toml").write_text(GOOD_APP + GOOD_VAULT + '[database]\nurl = "sqlite:///deep/menjin.db"\n', "utf-8")
    result = CliRunner().invoke(_APP, words)
    assert result.exit_code == (0 if words == ["doctor"] else 2), (result.output, result.exception)
    assert "deep/menjin.db: no such file" in result.output
    assert [path.name for path in Path().iterdir()] == ["menjin.toml"]
    assert CliRunner().invoke(_APP, ["migrate"]).exit_code == 0
    assert "no such file" not in CliRunner().invoke(_APP, words).output


def test_the_centre_is_configured_by_app_and_section(tmp_path: Path) -> None:
    """`token_mode` is the app's; times are seconds, and what is left out keeps its default."""
    path = tmp_path / "menjin.toml"
    text = GOOD_VAULT + GOOD_APP + 'token_mode = "legacy"\n[access_tokens]\nlease = 8.5\nforced_per_day = 3\n'
    path.write_text(text)
    parts = to_parts(load_settings(path))
    assert parts.apps.get(APPID).token_mode == "legacy"
    assert parts.tokens == TokenFigures(lease=timedelta(seconds=8.5), forced_per_day=3)
    path.write_text(GOOD_VAULT + GOOD_APP)
    assert to_parts(load_settings(path)).tokens == TokenFigures()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[access_tokens]\nlease = 239", ["access_tokens.lease", "margin"]),
        ("[access_tokens]\nmargin = 300", ["access_tokens.margin", "overlap"]),
        ("[access_tokens]\ndeadline = 6", ["access_tokens.deadline"]),
        ("[access_tokens]\nmargin = 301", ["access_tokens.margin"]),
        ("[access_tokens]\nhurry = 1", ["access_tokens.hurry"]),
        ('[access_tokens]\nlease = "long"', ["access_tokens.lease"]),
        ("[access_tokens]\nlease = nan", ["access_tokens.lease"]),
    ],
)
def test_figures_under_which_a_dead_token_is_served_are_refused(tmp_path: Path, text: str, said: list[str]) -> None:
    """Lease < margin < overlap: told at the start, with the key's name."""
    answer = refuse(GOOD_VAULT + GOOD_APP + text, tmp_path)
    assert all(word in answer for word in said)
