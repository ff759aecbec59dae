"""`menjin serve` as a program: it survives kill -9, and its secrets never come out."""

from __future__ import annotations

import signal
from pathlib import Path

import wxsim
from support.program import Program, run_menjin, write_config
from support.scanner import files, find
from support.serving import APPID
from wxsim import Fault

PHONE = "13912345678"
PASSWORD = "canary-pass-8d1f"
APP_SECRET = "c0ffee0123456789c0ffee0123456789"
WRONG_PASSWORD = "canary-wrong-77aa"


def test_everything_survives_kill_9(tmp_path: Path) -> None:
    """Killed between two requests, it comes back with session, binding, account and session_key."""
    with wxsim.serve() as wechat:
        phone = wechat.world.phone("ming")
        config, log = write_config(tmp_path, wechat.url), tmp_path / "menjin.log"
        with run_menjin(config, log) as program:
            client = program.client()
            client.sign_in(phone.login()["code"])
            bound = client.bind("ming", "ming's password").json()
            tapped = phone.getPhoneNumber(tap=True)
            signed_out = program.client()
            signed_out.sign_in(phone.login()["code"])
            assert signed_out.call("DELETE", "/v1/session").status_code == 204
            assert program.kill() == -signal.SIGKILL
        with run_menjin(config, log) as again:
            back, gone = again.client(), again.client()
            back.token, gone.token = client.token, signed_out.token
            assert back.who().json()["account"]["id"] == bound["account"]["id"]
            assert back.who().json()["session_id"] == bound["session_id"]
            assert back.phone(tapped).json()["national_number"] == "13800138000"
            assert gone.who().json()["code"] == "signed_out"
            silent = back.sign_in(phone.login()["code"]).json()
            assert (silent["binding"], silent["account"]["id"]) == ("bound", bound["account"]["id"])
            assert again.kill(signal.SIGTERM) in {0, -signal.SIGTERM}


def drive_every_door(program: Program, world: wxsim.World, secrets: dict[str, str]) -> None:
    """Log in, open, bind, fail in every way there is; note every secret that passes."""
    phone, client = world.phone("ming"), program.client()
    key = world.session_keys.keys

    def note(name: str, secret: str) -> str:
        secrets[f"{name} {len(secrets)}"] = secret
        return secret

    def login() -> str:
        code = note("login_code", phone.login()["code"])
        note("session_key", key[f"{APPID}/ming"].value)
        client.sign_in(code)
        note("session_token", client.token)
        return code

    login()
    client.phone(phone.getPhoneNumber(tap=True))
    event = phone.getUserInfo(tap=True)
    encrypted = {"encrypted_data": event["encryptedData"], "iv": event["iv"]}
    signed = {"raw_data": event["rawData"], "signature": event["signature"]}
    for halves in (encrypted, signed, {**encrypted, "iv": "AAAA"}, {**signed, "signature": "0" * 40}):
        client.call("POST", "/v1/open-data", {"kind": "user_info", **halves})
    client.bind("ming", WRONG_PASSWORD)
    client.bind("ming", PASSWORD)
    note("session_token", client.token)
    used = login()
    client.sign_in(used)
    world.clock.advance(400)
    world.session_keys.rotate(APPID, "ming", world.clock.now())
    client.phone(phone.getPhoneNumber(tap=True))
    note("session_key", key[f"{APPID}/ming"].value)
    for path in ("/v1/sessions", "/v1/phone", "/v1/open-data", "/v1/binding"):
        for body in (b"{", b'{"%s": 1}' % client.token.encode(), b'{"appid": "\\ud800"}', b"[" * 70_000):
            client.http.post(path, content=body, headers={"Authorization": f"Bearer {client.token}"})
    for fault in (
        Fault(name="errcode", errcode=-1, times=3),
        Fault(name="errcode", errcode=40125),
        Fault(name="errcode", errcode=88888),
        Fault(name="html"),
        Fault(name="wrong_types"),
        Fault(name="broken_json"),
        Fault(name="cut", after=30),
        Fault(name="reset"),
        Fault(name="lost", seconds=0),
        Fault(name="hang"),
    ):
        fault.path = "/sns/*"
        world.fault(fault)
        login()
    client.call("GET", f"/v1/session/{client.token}")
    client.call("GET", "/v1/session", params={"token": client.token})
    client.call("DELETE", "/v1/session")
    client.who()


def places(program: Program, folder: Path) -> list[tuple[str, bytes]]:
    """Return every reply, the log, and the database with its journal."""
    replies = [(f"reply to {what}", text.encode()) for what, text in program.seen if not issues(what, text)]
    return [*replies, *files(folder, "*.log"), *files(folder, "menjin.db*")]


def issues(what: str, text: str) -> bool:
    """Whether a reply is one that may hold a token or the phone number."""
    return (what == "POST /v1/sessions" and text.startswith("201")) or (
        what in {"POST /v1/phone", "POST /v1/binding"} and text.startswith("200")
    )


def test_no_secret_comes_out_of_the_program(tmp_path: Path) -> None:
    """At DEBUG, with failures at every door, no secret stands in a reply, a log line or the database in clear.

    Controls: a planted secret is found in the log and in the database; tokens do stand where they are issued.
    """
    secrets = {"app_secret": APP_SECRET, "password": PASSWORD, "wrong password": WRONG_PASSWORD, "phone": PHONE}
    with wxsim.serve() as wechat:
        wechat.world.apps[APPID].secret = APP_SECRET
        wechat.world.change_person("ming", phone={"number": PHONE})
        config = write_config(tmp_path, wechat.url, secret=APP_SECRET, password=PASSWORD)
        with run_menjin(config, tmp_path / "menjin.log", MENJIN_WECHAT__DEADLINE="900") as program:
            drive_every_door(program, wechat.world, secrets)
            assert find(secrets, places(program, tmp_path)) == []
            check_the_scanner(program, tmp_path, secrets)


def check_the_scanner(program: Program, folder: Path, secrets: dict[str, str]) -> None:
    """Control: the scan was not blind."""
    assert sum(name.startswith("session_token") for name in secrets) > 5
    assert len({secret for name, secret in secrets.items() if name.startswith("session_key")}) > 1
    log = program.log.read_text("utf-8")
    assert "POST /v1/sessions 201" in log
    issued = [("issued", text.encode()) for what, text in program.seen if issues(what, text)]
    assert find(secrets, issued)
    (folder / "planted.log").write_text(f"oops {APP_SECRET} oops", "utf-8")
    assert find(secrets, files(folder, "*.log")) == ["app_secret in planted.log"]
