"""Logins over HTTP, as a mini program makes them; the client holds every reply against the contract."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from support.doors import MEMBERS
from support.serving import Service

DEVICE = {"id": "d" * 22, "label": "小明的手机"}


def test_one_login_from_code_to_sign_out(bound_service: Service) -> None:
    """Sign in unbound, ask who, open the phone number, bind, log in again silently bound, sign out, be refused."""
    client, phone = bound_service.client(), bound_service.world.phone("ming")
    first = client.sign_in(bound_service.code(), device=DEVICE).json()
    assert (first["binding"], first["account"], first["token_type"]) == ("required", None, "Bearer")
    who = client.who().json()
    assert who["device"] == DEVICE
    opened = client.phone(phone.getPhoneNumber(tap=True)).json()
    assert opened == {"phone_number": "+8613800138000", "country_code": "86", "national_number": "13800138000"}
    bound = client.bind("ming", MEMBERS["ming"]).json()
    assert (bound["binding"], bound["account"]["external_id"]) == ("bound", "ming")
    assert bound["session_token"] != first["session_token"]
    assert client.who().json()["account"]["external_id"] == "ming"
    again = client.sign_in(bound_service.code()).json()
    assert (again["binding"], again["account"]["id"]) == ("bound", bound["account"]["id"])
    assert client.call("DELETE", "/v1/session").status_code == 204
    assert client.call("DELETE", "/v1/session").status_code == 204, "once more is no fault"
    refused = client.who()
    assert (refused.status_code, refused.json()["code"], refused.json()["action"]) == (401, "signed_out", "none")


def test_the_rotated_token_and_the_other_sessions_say_why(bound_service: Service) -> None:
    """After a bind the old token answers session_rotated (retry), another phone session_expired (login)."""
    other, client = bound_service.signed_in(), bound_service.signed_in()
    old = client.token
    client.bind("ming", MEMBERS["ming"])
    client.token = old
    for presented, code, action in ((client, "session_rotated", "retry"), (other, "session_expired", "login")):
        refused = presented.who()
        assert (refused.status_code, refused.json()["code"], refused.json()["action"]) == (401, code, action)


def test_user_info_comes_encrypted_signed_or_both(service: Service) -> None:
    """open-data takes the ciphertext, rawData with its signature, or both; WeChat's ids never come out."""
    client, phone = service.signed_in(), service.world.phone("ming")
    event = phone.getUserInfo(tap=True, withCredentials=True)
    encrypted = {"encrypted_data": event["encryptedData"], "iv": event["iv"]}
    signed = {"raw_data": event["rawData"], "signature": event["signature"]}
    for halves in (encrypted, signed, {**encrypted, **signed}):
        reply = client.call("POST", "/v1/open-data", {"kind": "user_info", **halves})
        assert reply.status_code == 200
        assert reply.json()["data"]["nickName"] == event["userInfo"]["nickName"]
        assert reply.json()["data"].keys().isdisjoint({"openId", "unionId", "watermark"})
    wrong = client.call("POST", "/v1/open-data", {"kind": "user_info", **encrypted, **signed, "signature": "0" * 40})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "stale_session_key")


def test_a_second_first_login_is_not_new(service: Service) -> None:
    """In an open app the first login makes the account and says so; the second finds it."""
    client = service.client()
    first, again = client.sign_in(service.code()).json(), client.sign_in(service.code()).json()
    assert (first["account"]["is_new"], again["account"]["is_new"]) == (True, False)
    assert first["account"]["id"] == again["account"]["id"]
    assert first["expires_in"] == 7 * 86400


def test_times_are_utc_and_expiry_counts_whole_seconds(service: Service) -> None:
    """issued_at and authenticated_at are RFC 3339 in UTC; expires_in goes down with the clock."""
    client = service.signed_in()
    service.world.clock.advance(1800)
    who = client.who().json()
    issued = datetime.fromisoformat(who["issued_at"])
    assert who["issued_at"].endswith("Z")
    assert issued.utcoffset() == timedelta(0)
    assert who["authenticated_at"] == who["issued_at"]
    assert 7 * 86400 - 1802 <= who["expires_in"] <= 7 * 86400 - 1800


def test_a_code_is_good_once_and_must_be_known(service: Service) -> None:
    """The same login_code twice is 409 login_code_used, a made-up one 400 login_code_invalid; both say login."""
    client, code = service.client(), service.code()
    assert client.sign_in(code).status_code == 201
    used, made_up = client.sign_in(code), client.sign_in("0" * 32)
    assert (used.status_code, used.json()["code"], used.json()["action"]) == (409, "login_code_used", "login")
    assert (made_up.status_code, made_up.json()["code"]) == (400, "login_code_invalid")
    assert made_up.json()["action"] == "login"
    nobody = client.call("POST", "/v1/sessions", {"appid": "wx0000000000000000", "login_code": service.code()})
    assert (nobody.status_code, nobody.json()["faults"][0]["where"]) == (422, "appid")


def test_a_login_makes_one_call_to_wechat(service: Service) -> None:
    """WeChat's journal shows one jscode2session a login, none for an access_token, none for later requests."""
    client = service.signed_in()
    client.who()
    client.phone(service.world.phone("ming").getPhoneNumber(tap=True))
    client.call("DELETE", "/v1/session")
    assert service.upstream() == ["/sns/jscode2session"]


@pytest.mark.parametrize("path", ["/v1/open-data", "/v1/phone", "/v1/binding"])
def test_every_guarded_door_asks_for_the_token_first(shared: Service, path: str) -> None:
    """Without a token a door answers 401 before it reads the body."""
    reply = shared.client().call("POST", path, content=b"[" * 5000)
    assert (reply.status_code, reply.json()["code"]) == (401, "session_invalid")


def test_a_wrong_password_changes_nothing(bound_service: Service) -> None:
    """An unknown name and a wrong password are the same 400; a member of somebody else is 409."""
    ming, hong = bound_service.signed_in(), bound_service.signed_in("hong")
    wrong, unknown = ming.bind("ming", "no"), ming.bind("nobody", "no")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "credentials_invalid")
    assert {**wrong.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert ming.bind("ming", MEMBERS["ming"]).status_code == 200
    assert hong.bind("ming", MEMBERS["ming"]).status_code == 200, "two phones may speak for one member"
    conflict = hong.bind("hong", MEMBERS["hong"])
    assert (conflict.status_code, conflict.json()["code"]) == (409, "binding_conflict")


def test_a_session_expires_by_the_clock(service: Service) -> None:
    """A week unused, the session has expired; a fresh login goes through."""
    client = service.signed_in()
    service.world.clock.advance(7 * 86400)
    assert client.who().json()["code"] == "session_expired"
    assert client.call("DELETE", "/v1/session").status_code == 204, "signing out an expired one is no fault"
    assert client.sign_in(service.code()).status_code == 201
