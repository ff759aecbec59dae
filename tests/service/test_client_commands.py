"""`menjin clients`, and what the configuration says of the internal listener and its clients."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from menjin import new_vault_key
from menjin.cli import _APP
from menjin.clients.model import SCOPES
from menjin.errors import ConfigurationError
from menjin.service.settings import load_settings, to_parts

APPID = "wx0123456789abcdef"
CREDENTIAL = "mjc_" + "A" * 43
HASH = hashlib.sha256(CREDENTIAL.encode()).hexdigest()
BASE = f"""
[[apps]]
appid = "{APPID}"
app_secret = "canary0123456789canary0123456789"
[vault]
active = "k1"
keys.k1 = "{new_vault_key().reveal()}"
"""
CLIENT = '[[service_clients]]\nname = "a"\napps = ["*"]\nscopes = ["access_token:read"]\n'


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in a folder of its own, with a configuration that works."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "menjin.toml").write_text(BASE, "utf-8")
    assert CliRunner().invoke(_APP, ["migrate"]).exit_code == 0


def run(*words: str, status: int = 0) -> str:
    """Run a command; return what it printed."""
    result = CliRunner().invoke(_APP, list(words))
    assert result.exit_code == status, (result.output, result.exception)
    return result.stdout if not status else result.stderr


def test_a_client_is_added_listed_and_revoked() -> None:
    """Its credential is shown once, to whoever added it; the list has all else, and whether it was revoked."""
    words = ("clients", "add", "orders", "--app", APPID, "--scope", SCOPES[0], "--scope", SCOPES[2])
    client_id, credential = run(*words).split()
    assert credential.startswith("mjc_")
    assert len(credential) == 47
    text = run("clients", "list")
    assert credential not in text
    assert client_id in text
    (found,) = json.loads(run("clients", "list", "--json"))
    assert {name: found[name] for name in ("client_id", "name", "apps", "scopes", "revoked_at")} == {
        "client_id": client_id,
        "name": "orders",
        "apps": [APPID],
        "scopes": sorted([SCOPES[0], SCOPES[2]]),
        "revoked_at": None,
    }
    assert json.loads(run("clients", "revoke", client_id, "--json")) == {"client_id": client_id, "revoked": True}
    assert json.loads(run("clients", "list", "--json"))[0]["revoked_at"]
    assert run("clients", "revoke", client_id)
    assert b"mjc_" not in Path("menjin.db").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "x", "--app", "wx1", "--scope", SCOPES[0]), "--app"),
        (("add", "x", "--app", "*", "--app", APPID, "--scope", SCOPES[0]), "--app"),
        (("add", "x", "--app", "*", "--scope", "everything"), "--scope"),
        (("add", "a b", "--app", "*", "--scope", SCOPES[0]), "NAME"),
        (("add", "x", "--scope", SCOPES[0]), "--app"),
        (("add", "x", "--app", "*"), "--scope"),
        (("revoke", "cli_nobody"), "no such client"),
        (("revoke", "cfg_a"), "configuration"),
    ],
)
def test_a_wrong_word_is_told(words: tuple[str, ...], said: str) -> None:
    """Status 2, and which word it was; nothing was added."""
    assert said in run("clients", *words, status=2)
    assert json.loads(run("clients", "list", "--json")) == []


def test_a_client_may_stand_in_the_configuration(tmp_path: Path) -> None:
    """By hash or by a file with the credential; `clients new` makes both; it is listed first."""
    made = json.loads(run("clients", "new", "--json"))
    assert hashlib.sha256(made["credential"].encode()).hexdigest() == made["credential_hash"]
    (tmp_path / "secret").write_text(f"{made['credential']}\n", "utf-8")
    by_file = CLIENT.replace('"a"', '"b"') + 'credential_file = "secret"\n'
    (tmp_path / "menjin.toml").write_text(f'{BASE}{CLIENT}credential_hash = "{HASH}"\n{by_file}', "utf-8")
    clients = to_parts(load_settings(Path("menjin.toml"))).service_clients
    assert [(one.client_id, one.credential_hash) for one in clients] == [
        ("cfg_a", HASH),
        ("cfg_b", made["credential_hash"]),
    ]
    assert [one["client_id"] for one in json.loads(run("clients", "list", "--json"))] == ["cfg_a", "cfg_b"]


@pytest.mark.parametrize(
    "text",
    [
        CLIENT,
        CLIENT + f'credential_hash = "{CREDENTIAL}"',
        CLIENT + f'credential_hash = "{HASH}"\ncredential_file = "x"',
        CLIENT + 'credential_file = "none"',
        CLIENT + 'credential_file = "menjin.toml"',
        CLIENT.replace("*", "wx1") + f'credential_hash = "{HASH}"',
        CLIENT.replace("access_token:read", "all") + f'credential_hash = "{HASH}"',
        CLIENT.replace('["*"]', "[]") + f'credential_hash = "{HASH}"',
        f'{CLIENT}credential_hash = "{HASH}"\n{CLIENT}credential_hash = "{"0" * 64}"',
        f'{CLIENT}credential_hash = "{HASH}"\n{CLIENT.replace(chr(34) + "a", chr(34) + "b")}credential_hash = "{HASH}"',
        "[internal]\nport = 8702\nhost = '0.0.0.0'",
        "[internal]\nport = 8702\nhost = '::'",
        "[internal]\nport = 8702\nhost = '8.8.8.8'",
        "[internal]\nport = 8702\nhost = 'menjin.example.com'",
        "[internal]\nport = 0",
        "[internal]\nunknown = 1",
    ],
)
def test_a_configuration_that_cannot_work_is_refused(tmp_path: Path, text: str) -> None:
    """Neither start nor credential: the fault names the section, and shows no credential."""
    (tmp_path / "menjin.toml").write_text(BASE + text, "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        to_parts(load_settings(Path("menjin.toml")))
    assert any(fault.where.startswith(("service_clients", "internal")) for fault in caught.value.faults)
    assert CREDENTIAL not in str(caught.value)
    assert HASH not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "[internal]\nport = 8702",
        "[internal]\nport = 8702\nhost = '::1'",
        "[internal]\nport = 8702\nhost = '10.0.0.5'",
        "[internal]\nport = 8702\nhost = '0.0.0.0'\ntls_proxy = true",
        "[internal]\nport = 8702\nhost = '0.0.0.0'\n[dev]\nenabled = true",
        "[internal]\nhost = '0.0.0.0'",
    ],
)
def test_an_internal_listener_that_is_not_open_to_everybody_is_fine(tmp_path: Path, text: str) -> None:
    """Loopback, a private network, behind TLS, in development, or none at all."""
    (tmp_path / "menjin.toml").write_text(BASE + text, "utf-8")
    assert to_parts(load_settings(Path("menjin.toml"))).service_clients == ()


def test_both_listeners_on_one_port_are_refused() -> None:
    """Nothing would tell them apart."""
    assert "internal.port" in run("serve", "--port", "8702", "--internal-port", "8702", status=2)
