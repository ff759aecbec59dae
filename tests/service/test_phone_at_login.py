"""POST /v1/sessions with a phone_code: the contract, refusals, and a phone number in no log."""

from __future__ import annotations

import logging

import httpx2
import pytest

from support.scanner import find
from support.serving import APPID, Service
from wxsim import Fault

NUMBER = "13800138000"
KEY = {"Idempotency-Key": "k" * 22}
NUMBERS = "/wxa/business/getuserphonenumber"


def tap(service: Service, person: str = "ming", appid: str = APPID) -> str:
    """Return the phone_code of a person's tap."""
    code: str = service.world.phone(person, appid).getPhoneNumber(tap=True)["code"]
    return code


def log_in(service: Service, phone_code: object, person: str = "ming") -> httpx2.Response:
    """Log in with a phone_code; the reply is held against the contract."""
    return service.client().sign_in(service.code(person), phone_code=phone_code)


def test_one_call_logs_in_and_binds(service: Service) -> None:
    """201 with the masked number, no phone_error, and a token that is good; a plain login has no phone_error either."""
    client = service.client()
    reply = client.sign_in(service.code(), phone_code=tap(service))
    assert reply.status_code == 201
    assert "phone_error" not in reply.json()
    assert reply.json()["account"]["phone_masked"] == "+86 138****8000"
    assert client.who().json()["account"]["phone_masked"] == "+86 138****8000"
    assert "phone_error" not in service.client().sign_in(service.code("hong")).json()


def test_only_the_phone_failed(service: Service) -> None:
    """A made-up code, a login_code in its place, and a WeChat that fails: 201 with phone_error, and a good token."""
    bad = {"f" * 64: "phone_code_invalid", service.code("hong"): "login_code_as_phone_code"}
    for phone_code, error in bad.items():
        client = service.client()
        reply = client.sign_in(service.code(), phone_code=phone_code)
        assert (reply.status_code, reply.json()["phone_error"]) == (201, error)
        assert client.who().status_code == 200
    faults = {
        "wechat_unavailable": Fault(name="errcode", path=NUMBERS, errcode=-1, times=3),
        "wechat_bad_answer": Fault(name="html", path=NUMBERS),
        "too_many_attempts": Fault(name="errcode", path=NUMBERS, errcode=45009),
    }
    for error, fault in faults.items():
        service.world.fault(fault)
        reply = log_in(service, tap(service))
        assert (reply.status_code, reply.json().get("phone_error")) == (201, error)
        assert reply.json()["account"]["phone_masked"] is None


def test_a_bad_login_code_spends_no_phone_code(service: Service) -> None:
    """The login's own failure is a problem as ever, and the phone_code is good for the next."""
    phone_code = tap(service)
    assert service.client().sign_in("f" * 32, phone_code=phone_code).json()["code"] == "login_code_invalid"
    assert NUMBERS not in service.upstream()
    assert "phone_error" not in log_in(service, phone_code).json()


@pytest.mark.parametrize("value", ["", "f" * 129, 1, None, ["x"]])
def test_a_phone_code_of_another_shape_is_refused(service: Service, value: object) -> None:
    """422 before anything is spent."""
    reply = service.client().call("POST", "/v1/sessions", {"appid": APPID, "login_code": "x", "phone_code": value})
    assert (reply.status_code, reply.json()["code"]) == (422, "request_invalid")
    assert service.upstream() == []


def test_a_replay_answers_alike(service: Service) -> None:
    """The same bytes but for the seconds left; WeChat was asked for one number."""
    body = {"appid": APPID, "login_code": service.code(), "phone_code": tap(service)}
    replies = [service.client().call("POST", "/v1/sessions", body, headers=KEY) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [201, 201]
    first, again = ({**reply.json(), "expires_in": 0} for reply in replies)
    assert first == again
    assert service.upstream().count(NUMBERS) == 1


def test_a_sold_number_goes_on_by_the_binding_door(service: Service) -> None:
    """binding_conflict has no ticket in a 201: POST /v1/binding without a code answers it."""
    log_in(service, tap(service))
    service.world.change_person("hong", phone=NUMBER)
    hong = service.client()
    reply = hong.sign_in(service.code("hong"), phone_code=tap(service, "hong"))
    assert (reply.status_code, reply.json()["phone_error"]) == (201, "binding_conflict")
    assert "bind_ticket" not in reply.text
    problem = hong.call("POST", "/v1/binding", {"method": "phone"}).json()
    assert (problem["code"], problem["choices"]) == ("binding_conflict", ["sign_in_as_other", "ask_operator"])
    assert service.upstream().count(NUMBERS) == 2


def test_no_log_has_the_number(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the number nor a phone_code is in a log line or an answer. CONTROL: one that is logged is found."""
    caplog.set_level(logging.DEBUG)
    codes = {"first": tap(service), "second": "f" * 64, "login": service.code("hong")}
    replies = [log_in(service, code) for code in codes.values()]
    service.world.change_person("hong", phone=NUMBER)
    codes["sold"] = tap(service, "hong")
    replies.append(log_in(service, codes["sold"], "hong"))
    assert [reply.json().get("phone_error") for reply in replies] == [
        None,
        "phone_code_invalid",
        "login_code_as_phone_code",
        "binding_conflict",
    ]
    canaries = {**codes, "number": NUMBER, "e164": f"+86{NUMBER}"}
    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith(("menjin", "aio", "sql"))
    )
    assert "menjin.service" in {record.name for record in caplog.records}
    places = [("log", ours.encode()), *(("answer", reply.content) for reply in replies)]
    assert find(canaries, places) == []
    logging.getLogger("menjin.service").info("bound %s", NUMBER)
    assert find(canaries, [("log", caplog.text.encode())])
