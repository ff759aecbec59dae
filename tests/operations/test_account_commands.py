"""`menjin accounts` and `menjin sessions`, beside a running service that obeys within a second."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import wxsim
from support.command import run_command
from support.program import Program, run_menjin, write_config
from support.servers import RedisServer
from support.serving import APPID, Client

OBEYED_SECONDS = 1.0


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a database with nothing in it yet."""
    folder = tmp_path_factory.mktemp("migrated")
    write_config(folder, "http://127.0.0.1:1")
    assert run_command(folder, "migrate").returncode == 0
    return folder / "menjin.db"


@dataclass
class Place:
    """A running service, its WeChat and its folder."""

    program: Program
    world: wxsim.World
    folder: Path
    environment: dict[str, str]

    def sign_in(self, person: str = "ming") -> Client:
        """Sign somebody in with a client of their own."""
        client = self.program.client()
        assert client.sign_in(self.world.phone(person).login()["code"]).status_code == 201
        return client

    def command(self, *words: str) -> Any:  # noqa: ANN401 - JSON
        """Run a command that succeeds; return what it prints for programs."""
        ended = run_command(self.folder, *words, "--json", **self.environment)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def fail(self, *words: str) -> str:
        """Run a command that is refused; return what it says."""
        ended = run_command(self.folder, *words, **self.environment)
        assert ended.returncode in {1, 2}
        assert "Traceback" not in ended.stderr
        return ended.stderr


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.servers)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A service whose sessions are in SQLite, or in Redis with the log in SQLite."""
    environment = {}
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        server.flush()
        environment["MENJIN_REDIS__URL"] = server.url
    with wxsim.serve() as wechat:
        config = write_config(tmp_path, wechat.url, sign_in="open")
        with run_menjin(config, tmp_path / "menjin.log", **environment) as program:
            yield Place(program, wechat.world, tmp_path, environment)


def obeyed(client: Client, code: str) -> bool:
    """Whether every request that is sent a second from now or later is refused with `code`."""
    began = time.monotonic()  # noqa: TID251 - a promised deadline
    while True:
        late = time.monotonic() - began >= OBEYED_SECONDS  # noqa: TID251 - the same
        refused = bool(client.who().json().get("code") == code)
        if refused or late:
            return refused


def ref_of(client: Client) -> str:
    """Return the account's id, as the client knows it."""
    return str(client.who().json()["account"]["id"])


def test_a_disabled_account_is_refused_until_enabled(place: Place) -> None:
    """Every session of it is 403 within a second, and so is a login; nobody else notices; then it goes on silently."""
    ming, also_ming, hong = place.sign_in(), place.sign_in(), place.sign_in("hong")
    ref = ref_of(ming)
    foreseen = place.command("accounts", "disable", ref, "--dry-run")
    assert (foreseen["dry_run"], foreseen["sessions_ended"]) == (True, 2)
    assert ming.who().status_code == 200
    done = place.command("accounts", "disable", ref)
    assert (done["dry_run"], done["sessions_ended"]) == (False, 2)
    assert (done["account"]["disabled"], done["sessions"]) == (True, [])  # as it is now
    for client in (ming, also_ming):
        assert obeyed(client, "account_disabled")
        assert client.who().status_code == 403
    refused = place.program.client().sign_in(place.world.phone("ming").login()["code"])
    assert (refused.status_code, refused.json()["code"]) == (403, "account_disabled")
    assert hong.who().status_code == 200
    assert place.command("accounts", "show", ref)["account"]["disabled"] is True
    assert place.command("accounts", "disable", ref)["sessions_ended"] == 0
    assert place.command("accounts", "enable", ref)["account"]["disabled"] is False
    assert ming.who().json()["code"] == "session_expired"
    assert ref_of(place.sign_in()) == ref


def test_sessions_are_listed_and_revoked(place: Place) -> None:
    """One, then all; a dry run ends none; a running service obeys within a second, with `kicked_out`."""
    first, second, third = place.sign_in(), place.sign_in(), place.sign_in()
    ref = ref_of(first)
    listed = place.command("sessions", "list", ref)
    assert len(listed) == 3
    table = run_command(place.folder, "sessions", "list", ref, **place.environment).stdout.splitlines()
    assert [row.split("\t") for row in table[:2]] == [list(listed[0]), [word or "-" for word in listed[0].values()]]
    one = str(second.who().json()["session_id"])
    plan = place.command("sessions", "revoke", ref, "--session", one, "--dry-run")
    assert plan["dry_run"] is True
    assert [found["session_id"] for found in plan["sessions"]] == [one]
    assert second.who().status_code == 200
    place.command("sessions", "revoke", ref, "--session", one)
    assert obeyed(second, "kicked_out")
    assert [client.who().status_code for client in (first, third)] == [200, 200]
    assert "没有找到" in place.fail("sessions", "revoke", ref, "--session", one)
    assert len(place.command("sessions", "revoke", ref, "--all")["sessions"]) == 2
    for client in (first, third):
        assert obeyed(client, "kicked_out")
    assert place.command("sessions", "list", ref) == []


def test_an_operator_binds_moves_and_unbinds(place: Place) -> None:
    """By an identity and a member's id; a conflict is refused unless told to move; the last way in stays."""
    ming, hong = place.sign_in(), place.sign_in("hong")
    openid = place.command("accounts", "show", ref_of(ming))["identities"][0]["openid"]
    identity = f"{APPID}/{openid}"
    assert "last_way_in" in place.fail("accounts", "unbind", identity)
    foreseen = place.command("accounts", "bind", identity, "m-1", "--dry-run")
    assert foreseen["account"]["external_id"] == "m-1"
    assert place.command("accounts", "show", identity)["account"]["external_id"] is None
    bound = place.command("accounts", "bind", identity, "m-1")
    assert bound["account"]["external_id"] == "m-1"
    assert obeyed(ming, "session_expired")
    assert place.sign_in().who().json()["account"]["external_id"] == "m-1"
    assert place.command("accounts", "show", "id:m-1")["account"]["id"] == bound["account"]["id"]
    assert "binding_conflict" in place.fail("accounts", "bind", identity, "m-2")
    assert place.command("accounts", "bind", identity, "m-2", "--move")["account"]["external_id"] == "m-2"
    assert place.command("accounts", "unbind", identity, "--dry-run")["deed"] == "unbound"
    assert place.command("accounts", "unbind", identity)["deed"] == "unbound"
    assert place.command("accounts", "show", identity)["account"] is None
    assert hong.who().status_code == 200


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("accounts", "show", "acc_short"), "REF"),
        (("accounts", "show", "ming"), "REF"),
        (("accounts", "show", "acc_" + "0" * 26), "not_found"),
        (("accounts", "show", f"{APPID}/short"), "not an openid"),
        (("accounts", "show", f"{APPID}/oNobody_0123456789abcdef"), "not_found"),
        (("accounts", "show", "wx0000000000000000/oNobody_0123456789abcdef"), "request_invalid"),
        (("accounts", "show", "id: m-1"), "external_id"),
        (("accounts", "bind", "id:m-1", "m-2"), "APP/OPENID"),
        (("accounts", "bind", f"{APPID}/oNobody_0123456789abcdef", "m 1 "), "EXTERNAL_ID"),
        (("accounts", "unbind", f"{APPID}/oNobody_0123456789abcdef"), "not_found"),
        (("sessions", "revoke", "id:m-1"), "--all"),
        (("sessions", "revoke", "id:m-1", "--all", "--session", "ses_" + "0" * 26), "--all"),
        (("sessions", "revoke", "id:m-1", "--session", "all"), "ses_"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, database: Path, words: tuple[str, ...], said: str) -> None:
    """By its code or its place; an id of a wrong shape never reaches a query."""
    write_config(tmp_path, "http://127.0.0.1:1")
    shutil.copy(database, tmp_path)
    ended = run_command(tmp_path, *words)
    assert ended.returncode in {1, 2}
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_for_people(tmp_path: Path) -> None:
    """Without --json there are lines of words, parted by tabs; the help is in both languages."""
    helped = run_command(tmp_path, "accounts", "--help").stdout
    assert "停用账号" in helped
    assert "Shut an account" in helped
